"""Indexes of text by URL."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ingest.search.base import SearchIndex
from ingest.search.sqlite import SqliteIndex

__all__ = ["open_search"]


def _sqlite(rest: str) -> SearchIndex:
    if not rest:
        raise ValueError("DROPOFF_SEARCH=sqlite: needs a file, as in sqlite:data/search.db")
    return SqliteIndex(Path(rest))


OPENERS: Mapping[str, Callable[[str], SearchIndex]] = {"sqlite": _sqlite}


def open_search(url: str) -> SearchIndex:
    """The index that `url` (`scheme:rest`) names. Opening touches nothing. Raises ValueError for an unknown scheme."""
    scheme, _, rest = url.partition(":")
    if scheme not in OPENERS:
        # Only the scheme is repeated: what follows may hold a password.
        raise ValueError(f"DROPOFF_SEARCH={scheme!r}...: the scheme must be one of {', '.join(OPENERS)}")
    return OPENERS[scheme](rest)
