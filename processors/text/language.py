"""Which language a text is in, by its letters beyond ASCII and its most common words: forty of them, and no model."""

import re
from collections import Counter

from processors.text.plausibility import Language, languages, letters_cost, small_letters

LOOKED_AT = 20_000  # characters
KNOWN_WORD = 3.0
CLEAR = 3.0  # how much better than the next best: as much as one word

_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> str | None:
    """The BCP 47 tag, from the first `LOOKED_AT` characters; None where no language fits clearly better."""
    text = text[:LOOKED_AT]
    words = Counter(_WORD.findall(text.lower()))
    letters = small_letters(Counter(character for character in text if character.isalpha() and not character.isascii()))

    def score(language: Language) -> float:
        known = sum(words[word] for word in language.words)
        return KNOWN_WORD * known - language.handicap - letters_cost(letters, language)

    ranked = sorted(((score(language), language.tag) for language in languages()), reverse=True)
    (best, tag), (second, _), *_ = ranked
    return tag if best - second >= CLEAR else None
