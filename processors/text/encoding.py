"""How bytes become characters.

In this order: what the caller says; a byte order mark; zero bytes in the columns where UTF-16 and UTF-32 have them, or
ideographs where they must be; escape sequences of ISO 2022; strict UTF-8 over the *whole* file; and if the file isn't
that, the encoding in which the lines that are not ASCII are most plausible (`legacy`), what markup says of itself
counting for much. UTF-7 is never guessed: it would be a way past every filter.
"""

import codecs
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from processors.text.binary import count_controls
from processors.text.charsets import GUESSES, Charset, by_label, codec
from processors.text.ideographs import HAN
from processors.text.shifts import Shifts, has_shifts

Source = Literal["declared", "bom", "structural", "validated", "markup", "statistical", "fallback"]

FALLBACK = "windows-1252"
SAMPLE_BYTES = 64 << 10
LABEL_BYTES = 1024  # in which browsers look for a label
FEW_ZEROS = 8
FEW_CHARACTERS = 8
BAD_SHARE = 0.02  # of the characters of ISO 2022; a file may have a few bad sequences
FREQUENT_SHARE = 0.4  # of characters that are frequent or ASCII; in legacy bytes read as UTF-16 it is a tenth
ISO_2022_JP, ISO_2022_KR = b"\x1b$", b"\x1b$)C"

# The longer marks first: UTF-32's begins with UTF-16's.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# HTML's <meta>, XML's declaration, a style sheet's @charset, and what editors and Python read in a comment.
_LABEL = re.compile(
    rb"""<meta\s[^<>]{0,200}?charset\s*=\s*["']?\s*([-\w.:]{2,40})|^\s*<\?xml\s[^<>]{0,80}?encoding\s*=\s*["']([-\w.:]{2,40})"""
    rb"""|^@charset\s"([-\w.:]{2,40})"|^(?:[^\n]{0,200}\n)?[ \t]*\#[^\n]{0,80}?coding[:=][ \t]*([-\w.]{2,40})""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """`mark_bytes` is the length of the byte order mark, which is skipped."""

    name: str
    source: Source
    mark_bytes: int = 0


def recognise(head: bytes, declared: str = "auto") -> Encoding:
    """The encoding that the first `SAMPLE_BYTES` call for. UTF-8 as "validated" remains to be validated."""
    mark, marked = next(((mark, name) for mark, name in MARKS if head.startswith(mark)), (b"", ""))
    if declared != "auto":
        if marked.startswith(declared):  # utf-16 takes the mark of either byte order
            return Encoding(marked, "declared", len(mark))
        if declared in ("utf-16", "utf-32"):
            found = by_columns(head) or by_ideographs(head)
            declared = found if found and found.startswith(declared) else f"{declared}-le"
        return Encoding(declared, "declared")
    if marked:
        return Encoding(marked, "bom", len(mark))
    if found := by_columns(head) or by_escapes(head) or by_ideographs(head):
        return Encoding(found, "structural")
    return Encoding("utf-8", "validated")


def markup_label(head: bytes) -> Charset | None:
    """The legacy encoding that a document says it is in. Whether it is Unicode is seen, not said."""
    match = _LABEL.search(head[:LABEL_BYTES])
    label = by_label(match[match.lastindex or 0].decode("ascii", "replace")) if match else None
    return label if label in GUESSES or label in ("gbk", "gb2312", "cp949", "iso-8859-1", "tis-620") else None


def decoded_head(sample: bytes, encoding: Encoding) -> str:
    """The first characters, without the mark. No character is cut: what is left of one at the end is not there."""
    return Decoder(encoding.name).decode(sample[encoding.mark_bytes :])


def by_columns(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, if the sample has the zeros for it, and decodes, and then looks like text."""
    zeros = [head[column::4].count(0) for column in range(4)]
    quarter = len(head) / 4
    if zeros[3] > 0.9 * quarter and zeros[2] > 0.5 * quarter:
        name = "utf-32-le"
    elif zeros[0] > 0.9 * quarter and zeros[1] > 0.5 * quarter:
        name = "utf-32-be"
    else:
        even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
        name = "utf-16-le" if odd > even else "utf-16-be"
        most, least = max(even, odd), min(even, odd)
        # Latin text has a zero in nearly every character, Cyrillic one in six; a few may stand in any text.
        is_wide = most > quarter or (most >= FEW_ZEROS and most > 0.2 * quarter)
        if not is_wide or least > 0.1 * most:
            return None
    return name if _reads_as_text(head, name) and not _is_utf8_beyond_ascii(head) else None


def by_ideographs(head: bytes) -> str | None:
    """UTF-16 without a mark and without zeros: in one byte order it is Chinese, Japanese or Korean."""
    if len(head) < 2 * FEW_CHARACTERS or _decoded(head, "utf-8") is not None:
        return None
    shares = [(_frequent_share(_decoded(head, name) or ""), name) for name in ("utf-16-le", "utf-16-be")]
    share, name = max(shares)
    return name if share > FREQUENT_SHARE and _reads_as_text(head, name) else None


def by_escapes(sample: bytes) -> str | None:
    """ISO 2022 writes other alphabets in ASCII bytes, between escape sequences."""
    if ISO_2022_JP not in sample or not sample.isascii():
        return None
    name = "iso-2022-kr" if ISO_2022_KR in sample else "iso-2022-jp"
    decoder = Decoder(name)
    text = decoder.decode(sample)
    beyond_ascii = sum(not character.isascii() for character in text) - decoder.replaced
    return name if decoder.replaced <= BAD_SHARE * beyond_ascii and beyond_ascii else None


def _is_utf8_beyond_ascii(head: bytes) -> bool:
    """Sequences of UTF-8 don't come about by chance; ASCII alone may be any encoding's."""
    return not head.isascii() and _decoded(head, "utf-8") is not None


def _reads_as_text(head: bytes, name: str) -> bool:
    text = codecs.getincrementaldecoder(name)("replace").decode(head)
    controls = count_controls(text.encode()) + text.count("\0")
    return text != "" and controls <= len(text) / 100 and text.count("\ufffd") <= len(text) / 20


def _decoded(head: bytes, name: str) -> str | None:
    """Strictly; a character that is cut at the end is left out."""
    try:
        return codecs.getincrementaldecoder(codec(name))().decode(head)
    except UnicodeDecodeError:
        return None


def _frequent_share(text: str) -> float:
    frequent = _frequent()
    return sum(character in frequent for character in text) / max(1, len(text))


@cache
def _frequent() -> frozenset[str]:
    return frozenset("".join(HAN.values())) | frozenset(map(chr, range(0x20, 0x7F))) | frozenset("\r\n、。，　")


class Decoder:
    """Bytes -> characters, in blocks cut anywhere. Undecodable sequences become U+FFFD and are counted.

    A sequence is the longest that could have begun a character, as Unicode recommends and browsers do it.
    """

    def __init__(self, name: str) -> None:
        self._decoder = codecs.getincrementaldecoder(codec(name))(_NOTED)
        self._is_utf8 = name == "utf-8"
        self._shifts = Shifts() if has_shifts(name) else None
        self._pending = b""
        self._taken = 0  # bytes
        self._utf8: bytes | None = None
        self.replaced = 0
        self.first_bad: int | None = None  # byte
        self.surrogates = 0  # halves of pairs
        self.surplus = 0  # bytes beyond one a character: what UTF-8's longer sequences leave

    def decode(self, data: bytes, final: bool = False) -> str:
        _noted.clear()
        if self._is_utf8:
            text = self._decode_utf8(data, final)
        else:
            text = self._decoder.decode(self._shifts.fit(data, final) if self._shifts else data, final)
            self._utf8 = None
        self._taken += len(data)
        if _noted:
            self.replaced += len(_noted)
            self.surrogates += sum(is_surrogate for _, is_surrogate in _noted)
            if self.first_bad is None:
                self.first_bad = self._taken - len(self._shifts.pending if self._shifts else b"") - _noted[0][0]
        return text

    def utf8(self, text: str) -> bytes:
        """The UTF-8 of what `decode` has just returned, without any work where the file is UTF-8."""
        return text.encode() if self._utf8 is None else self._utf8

    def _decode_utf8(self, data: bytes, final: bool) -> str:
        if self._pending:
            data = self._pending + data
        text, used = codecs.utf_8_decode(data, _NOTED, final)
        self._pending = data[used:]
        self._utf8 = None if _noted else data[:used]
        if len(text) != used:
            self.surplus += used - len(text)
        return text

    def is_plausible(self) -> bool:
        """Whether what was decoded so far as UTF-8 is UTF-8, perhaps with a few bad bytes, and not another encoding.

        The share of good sequences decides: at most 0.65 of a byte's surplus for each bad sequence is what came out
        of 400 files in legacy encodings.
        """
        return self.surplus >= 2 * self.replaced


_NOTED = "processors.text.noted"
# Of each bad sequence in the decoding under way: how far before the end of the bytes it began, and whether it is half
# of a surrogate pair.
_noted: list[tuple[int, bool]] = []


def _note(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    data, start = error.object, error.start
    if error.encoding == "utf-8":  # ED and then A0 to BF: the first of what are three mistakes
        is_surrogate = data[start] == 0xED and data[start + 1 : start + 2] >= b"\xa0"
    else:
        is_surrogate = error.encoding.startswith("utf-16") and "illegal" in error.reason
    _noted.append((len(data) - start, is_surrogate))
    return "\ufffd", error.end


codecs.register_error(_NOTED, _note)
