"""What counts as a word, and which words count as the same.

Case, diacritics and compatibility forms are folded away. Scripts that are written without spaces have no words that
could be cut out without a dictionary: every two neighbours in them are indexed as one token, and the last one alone,
so that any part of a run is found as a phrase.
"""

import re
import unicodedata
from collections.abc import Callable
from operator import add

SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2600-\u27bf\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff"
    "\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff"
)  # Thai, Lao, Burmese, Khmer, Hangul, kana, ideographs; and pictures, which stand for a word each
ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]"
)  # of Latin, Greek, Cyrillic, Hebrew and Arabic; in other scripts marks are as good as letters
REMEMBERED = 30_000  # characters

_RUN = re.compile(f"[{SPACELESS}]+")
_PIECE = re.compile(f"[{SPACELESS}]+|[^ {SPACELESS}]+")


class CharacterMap(dict[int, str]):
    """For `str.translate`: what `of` says of each character, remembered up to a number of them."""

    def __init__(self, of: Callable[[str], str]) -> None:
        super().__init__()
        self._of = of

    def __missing__(self, code: int) -> str:
        mapped = self._of(chr(code))
        if len(self) < REMEMBERED:
            self[code] = mapped
        return mapped


def _folded(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf" or ACCENTS.match(character):
        return ""
    if category == "So" and _RUN.match(character):
        return character
    if category[0] not in "LNM":
        return " "
    bare = ACCENTS.sub("", unicodedata.normalize("NFKD", character.casefold()).casefold())
    whole = unicodedata.normalize("NFC", bare)  # kana keep their voice marks, and Hangul its syllables
    return "".join(part if unicodedata.category(part)[0] in "LNM" else " " for part in whole)


_FOLDING = CharacterMap(_folded)


def fold(text: str) -> str:
    """Words in one spelling with spaces for all that is between them. Each character is folded by itself."""
    return text.translate(_FOLDING)


def folded_lengths(text: str) -> list[int]:
    """Of what each character is folded to."""
    return [len(_FOLDING[ord(character)]) for character in text]


def indexed(text: str) -> str:
    """The tokens of a text, with spaces between them."""
    folded = fold(text)
    return folded if folded.isascii() else _RUN.sub(lambda run: f" {' '.join(pairs(run[0]))} ", folded)


def pieces(text: str) -> list[str]:
    """Words, and runs of scripts without spaces, in their order."""
    return _PIECE.findall(fold(text))


def is_spaceless(piece: str) -> bool:
    return _RUN.match(piece) is not None


def characters(text: str) -> set[str]:
    """Those of a text's runs without spaces."""
    folded = fold(text)
    return set() if folded.isascii() else set("".join(_RUN.findall(folded)))


def pairs(run: str) -> list[str]:
    """Every character with the one that follows, and the last one alone."""
    return [*map(add, run, run[1:]), run[-1]]
