"""What deceives whoever reads a text, or the program that it is given to: counted, and never shown as it is.

Bidirectional controls show code in another order than a compiler reads it (CVE-2021-42574); characters that nobody sees
hide words from filters, or orders within a text; escapes control a terminal; NULs end strings early; half a surrogate
pair can't be stored; and a Cyrillic letter in a Latin word makes another word of it that looks the same.
"""

import re
from collections.abc import Iterator
from typing import Final

from pydantic import BaseModel, Field

LOOKED_AT = 1 << 20  # characters of the file, for scripts that meet: no other count takes as long

# By their first byte in UTF-8: the search for one byte costs nothing in a language that hasn't got it.
_UNSEEN: Final = (
    (b"\xd8", re.compile(rb"\xd8\x9c")),
    (b"\xe1", re.compile(rb"\xe1\xa0\x8e")),
    (b"\xe2", re.compile(rb"\xe2(?:\x80[\x8b\x8e\x8f\xaa-\xae]|\x81[\xa0-\xaf])")),
    (b"\xef", re.compile(rb"\xef\xbb\xbf")),
    (b"\xf3", re.compile(rb"\xf3\xa0[\x80\x81][\x80-\xbf]")),
)
_BIDI: Final = frozenset(character.encode() for character in "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # fmt: skip  # noqa: E501
_GREEK_OR_CYRILLIC: Final = (b"\xce", b"\xcf", b"\xd0", b"\xd1", b"\xd2", b"\xd3")

# Those that look like Latin letters, so that kΩ and Δt are no hazard (Unicode's confusables.txt, the usual fonts).
_LOOKALIKES: Final = "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅαινορυκτχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_MEETING: Final = re.compile(f"[A-Za-z](?=[{_LOOKALIKES}])|[{_LOOKALIKES}](?=[A-Za-z])")


class Hazards(BaseModel):
    bidi_controls: int = Field(description="Marks, embeddings, overrides and isolates that change the order of text.")
    invisible: int = Field(description="Zero-width spaces, word joiners, invisible operators, inner byte order marks, tags. Joiners of words and emoji don't count.")  # fmt: skip  # noqa: E501
    nuls: int = Field(description="U+0000.")
    escapes: int = Field(description="U+001B, with which a terminal is controlled.")
    surrogates: int = Field(description="Halves of surrogate pairs, in UTF-16 or written as UTF-8. Each is a replacement, too.")  # fmt: skip  # noqa: E501
    script_changes: int = Field(description="Places within words where a Latin letter meets a Greek or Cyrillic one that looks like another Latin letter, in the first 1,048,576 characters.")  # fmt: skip  # noqa: E501

    def warnings(self) -> Iterator[str]:
        if self.bidi_controls:
            yield f"{self.bidi_controls:,} bidirectional controls can show the text in another order than it has."
        if self.invisible:
            yield f"{self.invisible:,} characters are invisible."
        if self.escapes:
            yield f"{self.escapes:,} escape characters can control a terminal."
        if self.nuls:
            yield f"{self.nuls:,} characters are NUL."
        if self.surrogates:
            yield f"{self.surrogates:,} halves of surrogate pairs stand alone."
        if self.script_changes:
            yield f"In {self.script_changes:,} places within words, letters of scripts that look alike meet."


class Watch:
    """Feed it text and its UTF-8. No count depends on how the stream was cut."""

    def __init__(self) -> None:
        self._bidi = self._unseen = self._escapes = self._changes = 0
        self._room = LOOKED_AT
        self._last = ""

    def feed(self, text: str, utf8: bytes) -> None:
        if not text:
            return
        if b"\x1b" in utf8:
            self._escapes += utf8.count(b"\x1b")
        if self._room > 0:
            self._look_for_changes(text[: self._room], utf8)
        if not text.isascii():
            self._count_unseen(utf8)

    def _count_unseen(self, utf8: bytes) -> None:
        for lead, pattern in _UNSEEN:
            if lead in utf8 and (found := pattern.findall(utf8)):
                bidi = sum(character in _BIDI for character in found)
                self._bidi += bidi
                self._unseen += len(found) - bidi

    def _look_for_changes(self, text: str, utf8: bytes) -> None:
        self._room -= len(text)
        if any(lead in utf8 for lead in _GREEK_OR_CYRILLIC) or not self._last.isascii():
            self._changes += len(_MEETING.findall(self._last + text))
        self._last = text[-1:]

    def found(self, nuls: int, surrogates: int) -> Hazards:
        return Hazards(
            bidi_controls=self._bidi,
            invisible=self._unseen,
            nuls=nuls,
            escapes=self._escapes,
            surrogates=surrogates,
            script_changes=self._changes,
        )
