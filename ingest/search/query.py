"""What somebody typed -> what is looked for: words, "quoted phrases", the beginnings of words*, and -what must not be.

All words must be there. A word with punctuation in it is a phrase of its parts. Nothing else has a meaning, so
nothing that is typed is a mistake of grammar.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.search.words import is_spaceless, pairs, pieces

MAX_CHARACTERS = 1000
MAX_CLAUSES = 32
MAX_TOKENS = 128
SHORTEST_PREFIX = 2

_QUOTES = str.maketrans("“”„‟«»＂", '"' * 7)
_PART = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+?))(?P<star>\*?)(?=[\s"]|$)')


class InvalidQuery(Exception):
    """It can't be looked for. Says why, and, where there is one, the `limit`."""

    def __init__(self, detail: str, limit: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Clause:
    """One word or phrase. `pieces` are folded: words, and runs of scripts without spaces."""

    pieces: tuple[str, ...]
    is_prefix: bool = False

    @property
    def tokens(self) -> tuple[str, ...]:
        """As they stand in the index, one after the other. Of a last run, what follows it is anything."""
        last = self.pieces[-1]
        found = [token for piece in self.pieces for token in (pairs(piece) if is_spaceless(piece) else (piece,))]
        return tuple(found[:-1] if is_spaceless(last) and len(last) > 1 else found)

    @property
    def character(self) -> str | None:
        """The one character of a script without spaces that is looked for, if it is no more than that."""
        (first, *others) = self.pieces
        return first if not others and len(first) == 1 and is_spaceless(first) else None

    @property
    def is_open(self) -> bool:
        """Whether the last token may go on."""
        last = self.pieces[-1]
        return len(last) == 1 if is_spaceless(last) else self.is_prefix


@dataclass(frozen=True, slots=True)
class Query:
    """Every clause of `wanted`, of which there is one at least, and none of `unwanted`."""

    wanted: tuple[Clause, ...]
    unwanted: tuple[Clause, ...] = ()


def parse(text: str) -> Query:
    """Raises `InvalidQuery`."""
    if len(text) > MAX_CHARACTERS:
        raise InvalidQuery(f"A query has up to {MAX_CHARACTERS} characters", MAX_CHARACTERS)
    wanted: dict[Clause, None] = {}
    unwanted: dict[Clause, None] = {}
    for clause, is_wanted in _clauses(text):
        (wanted if is_wanted else unwanted)[clause] = None
    if not wanted:
        raise InvalidQuery("There is no word to look for")
    if len(wanted) + len(unwanted) > MAX_CLAUSES:
        raise InvalidQuery(f"A query has up to {MAX_CLAUSES} words and phrases", MAX_CLAUSES)
    if sum(len(clause.tokens) for clause in (*wanted, *unwanted)) > MAX_TOKENS:
        raise InvalidQuery(f"The phrases of a query have up to {MAX_TOKENS} words together", MAX_TOKENS)
    return Query(tuple(wanted), tuple(unwanted))


def _clauses(text: str) -> Iterator[tuple[Clause, bool]]:
    normal = unicodedata.normalize("NFC", text.translate(_QUOTES))
    for part in _PART.finditer(normal):
        found = tuple(pieces(part["phrase"] or part["word"] or ""))
        if not found:
            continue
        clause = Clause(found, part["star"] == "*")
        if clause.is_prefix and not is_spaceless(found[-1]) and len(found[-1]) < SHORTEST_PREFIX:
            raise InvalidQuery(f"Before a * come {SHORTEST_PREFIX} letters at least", SHORTEST_PREFIX)
        yield clause, not part["minus"]
