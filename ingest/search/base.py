"""The contract of an index of text: what the jobs that succeeded say, found by its words.

Rules that must stay true:
1. An index is derived: it may be lost at any moment, and is made again from the job table and the stored files.
2. Its watermark moves in the transaction that writes what lies below it, so no death leaves a gap.
3. Nothing is shown of a job that the job table doesn't vouch for at that moment.
4. What somebody looks for is words, phrases and filters, never the engine's own language.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ingest.search.query import Query

Order = Literal["rank", "newest"]
Field = Literal["name", "metadata", "text"]

RANKED = 500  # at most so many matches are put in order: the newest, and the newest by name or metadata


class IndexUnavailable(Exception):
    """The index can't be read or written now. Says why."""


class IndexDamaged(IndexUnavailable):
    """It is not an index that this program wrote, or not any more: `discard` it, and write it again."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is known of one job. `text` is given in blocks, and read once; `is_cut` says that there was more of it."""

    job_id: str
    kind: str
    created_at: float
    name: str
    media_type: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)
    text: Iterable[str] = ()
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the job table, and the document that it calls for, if any."""

    seq: int
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """`since` and `until` bound the job's `created_at` to the millisecond, in Unix seconds, from inclusive to
    exclusive. Every pair of `metadata` must be among the job's."""

    kind: str | None = None
    since: float | None = None
    until: float | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: so many matches are behind, `last` was the last of them, and none is above `newest`."""

    behind: int
    last: int
    newest: int


@dataclass(frozen=True, slots=True)
class Snippet:
    """`text` is safe to show: one line, without controls and invisible characters. `matches` are pairs of start and
    end in it, in characters. `key` is that of the metadata."""

    field: Field
    text: str
    matches: tuple[tuple[int, int], ...] = ()
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """`score` is higher for the better match; None where the order is another one."""

    job_id: str
    kind: str
    created_at: float
    name: str
    media_type: str
    size: int
    metadata: Mapping[str, str]
    is_cut: bool
    score: float | None
    snippets: tuple[Snippet, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """`is_partial` says that there are more matches than were ranked."""

    hits: tuple[Hit, ...] = ()
    next: Place | None = None
    is_partial: bool = False


Vouch = Callable[[Sequence[str]], frozenset[str]]


class SearchIndex(Protocol):
    """May be used from any thread. Every method but `close` raises `IndexUnavailable`."""

    # -- what is written, by one process at a time
    def alone(self, *, wait: bool = False) -> AbstractContextManager[bool]:
        """Keeps all other writers out meanwhile; False if another one is at work, and shall not be waited for."""
        ...

    def prepare(self) -> None:
        """Make an empty index where there is none. Raises `IndexDamaged`."""
        ...

    def discard(self) -> None:
        """Remove it, whatever it is, and whoever reads it."""
        ...

    def watermark(self) -> int:
        """The `seq` up to which everything is written; 0 at first."""
        ...

    def write(self, steps: Iterable[Step], *, afresh: bool = False) -> int:
        """All of `steps`, in their order, in one transaction; `afresh` empties the index in it first.

        Replaces the document of a job that is there already. The last step's `seq` becomes the watermark. How many
        documents.
        """
        ...

    def remove(self, job_ids: Sequence[str]) -> int:
        """How many of them were there."""
        ...

    # -- what is read
    def job_ids(self, after: str, limit: int) -> list[str]:
        """The jobs that are there, in the order of their ids."""
        ...

    def search(
        self, query: Query, where: SearchFilter, order: Order, limit: int, vouch: Vouch, after: Place | None = None
    ) -> Page:
        """Up to `limit` hits. `vouch` says which of some jobs may be shown."""
        ...

    def close(self) -> None: ...
