"""Counts that need the rules of Unicode: what a reader calls a character (UAX #29) or a word, and the frequent words.

Each is fed the text in blocks that are cut anywhere, and holds back what the next block may belong to.
"""

from collections import Counter

import regex

from processors.text.clusters import clusters
from processors.text.facts import WordCount

HELD_CHARACTERS = 64  # no rule of UAX #29 for words looks farther ahead, but past marks
LONGEST_CLUSTER = 4096  # of which only the ends are kept: the rules look at no more
LONGEST_WORD = 40
KEPT_WORDS = 10_000

_BEGIN = regex.compile(r"(?w)\b(?=\w)")
_BOUNDARY = regex.compile(r"(?w)\b")
_WORD = regex.compile(r"\w+(?:['’]\w+)*")
_APART = regex.compile(r"(?r)[^\w'’]|['’](?=['’])")  # the last place before which every word has ended


class Graphemes:
    def __init__(self) -> None:
        self.count = 0
        self._held = ""

    def feed(self, text: str) -> None:
        if not text:
            return
        *whole, last = clusters(self._held + text)
        self.count += len(whole)
        self._held = last if len(last) <= LONGEST_CLUSTER else last[:8] + last[-1000:]

    def finish(self) -> None:
        self.count += self._held != ""
        self._held = ""


class UnicodeWords:
    """By the default rules: without a dictionary, each ideograph and each Thai letter is a word."""

    def __init__(self) -> None:
        self.count = 0
        self._held = ""
        self._is_within_word = False  # that `_held` begins

    def feed(self, text: str) -> None:
        text = self._held + text
        cut = _cut(text)
        self._take(text, cut)
        self._is_within_word = cut < len(text) and cut > 0 and not _BOUNDARY.match(text, cut)
        self._held = text[cut:]

    def finish(self) -> None:
        self._take(self._held, len(self._held))
        self._held = ""

    def _take(self, text: str, cut: int) -> None:
        """Count the words that begin before the cut."""
        if cut:
            self.count += len(_BEGIN.findall(text)) - len(_BEGIN.findall(text, cut))
            self.count -= self._is_within_word and _BEGIN.match(text) is not None


def _cut(text: str) -> int:
    """Where nothing that follows changes what is before: at white space, else at a letter well before the end."""
    end = len(text)
    space = max(text.rfind(" ", end - 4 * HELD_CHARACTERS), text.rfind("\n", end - 4 * HELD_CHARACTERS))
    if space > 0:
        return space
    places = range(end - HELD_CHARACTERS, 0, -1)
    return next((place for place in places if text[place].isalnum()), max(0, end - LONGEST_CLUSTER))


class TopWords:
    """The most frequent words, in bounded memory: when too many different ones were seen, the rarest are forgotten.

    A word is a run of letters and digits, apostrophes within it included, whatever its case. Writing without spaces is
    not taken apart: runs of more than `LONGEST_WORD` characters are left out.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._missed: dict[str, int] = {}  # how often a word may have been forgotten before it came again
        self._forgotten = 0
        self._held = ""

    def feed(self, text: str) -> None:
        text = self._held + text
        found = _APART.search(text)
        cut = found.start() if found else 0
        self._count(text[:cut])
        self._held = text[cut:]
        if len(self._held) > LONGEST_CLUSTER:  # one word, which is too long however it ends
            self._held = self._held[-2 * LONGEST_WORD :]

    def finish(self) -> None:
        self._count(self._held)
        self._held = ""

    def _count(self, text: str) -> None:
        counted = Counter(_WORD.findall(text.casefold()))
        for word, count in counted.items():
            if len(word) <= LONGEST_WORD:
                if self._forgotten and word not in self._counts:
                    self._missed[word] = self._forgotten
                self._counts[word] += count
        if len(self._counts) > 2 * KEPT_WORDS:
            self._forget()

    def _forget(self) -> None:
        ranked = self._counts.most_common()
        self._counts = Counter(dict(ranked[:KEPT_WORDS]))
        self._forgotten = max(count + self._missed.pop(word, 0) for word, count in ranked[KEPT_WORDS:])

    def most_common(self, number: int) -> list[WordCount]:
        """The most frequent first; of equally frequent ones, by the alphabet."""
        ranked = sorted(self._counts.items(), key=lambda one: (-one[1], one[0]))
        return [WordCount(word=word, count=count, missed=self._missed.get(word, 0)) for word, count in ranked[:number]]
