"""How likely it is that somebody wrote a text: what tells the right decoding of some bytes from the wrong ones.

The measure is a logarithm of a probability, summed over the characters beyond ASCII. A character costs what it costs in
the language that fits best (`letters`, `ideographs`); and a mistake costs more that no writer makes and that nearly
every wrong decoding does: a capital behind a small letter, two scripts or a symbol within a word, a control character.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from processors.text.binary import CONTROLS
from processors.text.ideographs import HAN
from processors.text.letters import ALPHABETS, LATIN

MISTAKE = 5.0
CAPITAL = 0.7
UNREADABLE = 12.0
WORD_BONUS, BONUS_LIMIT = 1.5, 6.0
READERS = 0.1  # for each place further down in the list of languages
TYPOGRAPHY = frozenset("“”‘’–—…«»„\u00a0°©®™€£§·•´、。「」・（）！？，：；《》『』～\u3000【】")
MARKS_WITHIN_WORDS = frozenset("’‘·–—\u00a0")

# Of two or three neighbours, each as its class: see `_class`. Searched for at every place.
_MISTAKES = re.compile("(?=aU|lU|lA|UUl|kK|[aAlU][kKo]|[kKo][aAlU]|[kK]o|o[kK]|[aAlUkKo][sq][alUkKo]|ss)")


@dataclass(frozen=True, slots=True)
class Language:
    tag: str
    costs: Mapping[str, float]
    words: frozenset[str]
    handicap: float


@cache
def languages() -> tuple[Language, ...]:
    latin = (
        Language(tag, _costs(letters, 0.9, 2), frozenset(words.split()), READERS * place)
        for place, (tag, (letters, words)) in enumerate(LATIN.items())
    )
    alphabets = (Language(tag, _costs(letters, 0.95, 8), frozenset(), 0.0) for tag, letters in ALPHABETS.items())
    han = (Language(tag, _costs(characters, 0.6, 30), frozenset(), 0.0) for tag, characters in HAN.items())
    return (*latin, *alphabets, *han)


def warm() -> None:
    """Make the tables once, for every cell; the standards by which ideographs are judged are codecs to load."""
    languages()
    _cost("\u4e00")
    _cost("\uac00")


def _costs(letters: str, share: float, flatness: int) -> Mapping[str, float]:
    """Zipf's law over the ranks: the letters make up `share` of what is written beyond ASCII."""
    weights = [1 / (rank + flatness) for rank in range(len(letters))]
    total = sum(weights)
    return {letter: -math.log(share * weight / total) for letter, weight in zip(letters, weights, strict=True)}


def letters_score(text: str, ascii_words: Collection[str]) -> float:
    """At most 0, but for common words. An upper bound of `score`, and most of it."""
    counted = Counter(character for character in text if not character.isascii())
    small = small_letters(counted)
    capitals = sum(count for character, count in counted.items() if character.isupper())
    best = max(
        min(BONUS_LIMIT, WORD_BONUS * len(language.words.intersection(ascii_words)))
        - language.handicap
        - letters_cost(small, language)
        for language in languages()
    )
    return best - CAPITAL * capitals


def small_letters(counted: Mapping[str, int]) -> Sequence[tuple[str, int, float]]:
    """Each letter, how often, and what it costs where it isn't usual."""
    small: Counter[str] = Counter()
    for character, count in counted.items():
        lower = character.lower()
        small[lower if len(lower) == 1 else character] += count
    return [(character, count, _cost(character)) for character, count in small.items()]


def letters_cost(letters: Sequence[tuple[str, int, float]], language: Language) -> float:
    usual = language.costs.get
    return sum(count * usual(character, unusual) for character, count, unusual in letters)


def mistakes_score(text: str) -> float:
    """What the mistakes cost, below 0."""
    controls = sum(text.count(chr(byte)) for byte in (0, *CONTROLS))
    classes = text.translate({ord(character): _class(character) for character in set(text)})
    return -MISTAKE * sum(1 for _ in _MISTAKES.finditer(classes)) - UNREADABLE * controls


@cache
def _cost(character: str) -> float:
    """Of a character that isn't among a language's usual ones."""
    code = ord(character)
    if character == "\ufffd" or 0x80 <= code < 0xA0 or 0xE000 <= code < 0xF900:
        return UNREADABLE
    if character in TYPOGRAPHY:
        return 4.5
    if code < 0x2E80:
        return 8.0 if unicodedata.category(character)[0] in "LM" else 9.0
    if 0xAC00 <= code < 0xD7A4:
        return 8.0 if _lead(character, "euc_kr") else 11.0
    if 0xFF00 <= code < 0xFFF0:
        return 9.5 if 0xFF61 <= code < 0xFFA0 else 8.0
    if 0x3400 <= code < 0x4E00 or code >= 0x20000:
        return 13.0
    return min(_ideograph_costs(character), default=UNREADABLE)


def _ideograph_costs(character: str) -> Iterator[float]:
    """The national standards sort their characters into common and rare ones."""
    for name, first_rare, common, rare in (
        ("gb2312", 0xD8, 9.0, 10.5),
        ("big5", 0xC9, 9.0, 11.0),
        ("euc_jp", 0xD0, 9.0, 10.5),
    ):
        if lead := _lead(character, name):
            yield common if lead < first_rare else rare


def _lead(character: str, name: str) -> int:
    """The first byte of the character in a two-byte encoding; 0 where it isn't in there."""
    try:
        encoded = character.encode(name)
    except UnicodeEncodeError:
        return 0
    return encoded[0] if len(encoded) == 2 else 0


@cache
def _class(character: str) -> str:
    """a, A: ASCII letters. l, U: other Latin ones. k, K: Greek and Cyrillic. o: other alphabets. s, q: symbols."""
    code = ord(character)
    category = unicodedata.category(character)
    if code < 0x80:
        return {"Ll": "a", "Lu": "A"}.get(category, " ")
    if category[0] not in "LM":
        if character in TYPOGRAPHY:
            return " " if character in MARKS_WITHIN_WORDS or code >= 0x2E80 else "q"
        return " " if code >= 0x2E80 else "s"
    if category[0] == "M":
        return " " if code < 0x370 else "o"
    if 0x370 <= code < 0x530:
        return "K" if category == "Lu" else "k"
    if code < 0x250 or 0x1E00 <= code < 0x1F00:
        return {"Ll": "l", "Lu": "U"}.get(category, "s")
    return "o" if code < 0x2E80 else " "
