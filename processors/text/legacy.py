"""Which legacy encoding some bytes are in: every one that can read them does, and the most plausible text wins."""

import re
from collections.abc import Mapping

from processors.text.charsets import GUESSES, Charset, codec
from processors.text.plausibility import letters_score, mistakes_score

SAMPLE_BYTES = 6000
LINE_BYTES = 2000
INVALID_SHARE = 0.02  # of the bytes beyond ASCII; a file may have a few bad ones
MARKUP_BONUS = 10.0  # for what a document says of itself: some copy their first line from somewhere else
POOR = 10.0  # a worse cost than that for the average character, and the best guess is none

_LINE_END = re.compile(rb"[\r\n]+")
_ASCII_WORD = re.compile("(?<![^ ])[a-z]+(?![^ .,])")


_ASCII, _BEYOND_ASCII = bytes(range(0x80)), bytes(range(0x80, 0x100))


class Evidence:
    """The first lines of a file that are not ASCII, wherever they stand: the rest says nothing of the encoding."""

    def __init__(self) -> None:
        self.sample = b""

    def add(self, block: bytes, is_first: bool) -> None:
        """A block may begin and end anywhere. No character of more than one byte is cut."""
        if len(self.sample) >= SAMPLE_BYTES or block.isascii():
            return
        if not is_first:  # it may begin within a character
            block = block[_safe_place(block, range(len(block))) :]
        for line in _LINE_END.split(block):
            if not line.isascii():
                self.sample += _around_letters(line) + b"\n"
            if len(self.sample) >= SAMPLE_BYTES:
                return


def _around_letters(line: bytes) -> bytes:
    """At most `LINE_BYTES` of it, from a little before its first byte beyond ASCII."""
    first = len(line) - len(line.lstrip(_ASCII))
    start = max(0, first - LINE_BYTES // 4)
    if start:
        start = _safe_place(line, range(start, first))
    end = start + LINE_BYTES
    return line[start : _safe_place(line, range(end - 1, start, -1)) if end < len(line) else end]


def _safe_place(data: bytes, places: range) -> int:
    """The first of the places where no character is cut: no encoding has a second byte below 0x30. Else the first."""
    return next((at for at in places if data[at] < 0x30), places.start)


def guess(sample: bytes, markup: Charset | None = None) -> Charset | None:
    """The encoding in which the sample is most plausible; None where it is in none. `markup` is what the file says."""
    readings = _readings(sample, markup)
    words = frozenset(_ASCII_WORD.findall(sample.decode("ascii", "replace")))
    bounds = [(letters_score(text, words) - handicap, text) for text, (_, handicap) in readings.items()]
    best_score, best = -float("inf"), ""
    for bound, text in sorted(bounds, key=lambda one: one[0], reverse=True):
        if bound <= best_score:  # mistakes only cost
            break
        score = bound + mistakes_score(text)
        if score > best_score:
            best_score, best = score, text
    letters = sum(not character.isascii() for character in best)
    return readings[best][0] if letters and best_score >= -POOR * letters - POOR else None


def _readings(sample: bytes, markup: Charset | None) -> Mapping[str, tuple[Charset, float]]:
    """The texts that the sample may be, each with the first encoding that gives it, and the burden of proof."""
    guesses = {**({markup: 0.0} if markup else {}), **GUESSES}
    if markup:
        guesses[markup] -= MARKUP_BONUS
    beyond_ascii = len(sample) - len(sample.translate(None, _BEYOND_ASCII))
    tolerated = int(INVALID_SHARE * beyond_ascii) + (beyond_ascii > 20)
    readings: dict[str, tuple[Charset, float]] = {}
    for name, handicap in guesses.items():
        text = sample.decode(codec(name), "replace")
        if text.count("\ufffd") <= tolerated:
            readings.setdefault(text, (name, handicap))
    return readings
