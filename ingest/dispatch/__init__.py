"""Dispatchers by URL."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ingest.dispatch.base import Dispatch
from ingest.dispatch.local import LocalDispatch

__all__ = ["open_dispatch"]

OPENERS: Mapping[str, Callable[[str], Dispatch]] = {
    "local": lambda rest: LocalDispatch(Path(rest)),
}


def open_dispatch(url: str) -> Dispatch:
    """The dispatcher that `url` (`scheme:rest`) names. Raises ValueError for an unknown scheme."""
    scheme, _, rest = url.partition(":")
    if scheme not in OPENERS:
        raise ValueError(f"DROPOFF_DISPATCH={url!r}: the scheme must be one of {', '.join(OPENERS)}")
    return OPENERS[scheme](rest)
