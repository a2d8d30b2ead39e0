"""Patterns of many records at once, and what runs them: RE2 (the extra `speed`) where it is installed, else `re`.

RE2 goes over the text once, as an automaton: the time for a byte is the same whatever the pattern. It knows no
look-around, and neither backtracks nor has to be told not to.
"""

import re
import time
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Protocol, TypeVar

PROGRAM = 150_000  # instructions of an automaton
MEMORY = 32 << 20  # for it, in bytes
# An automaton of more states than that holds is left by RE2 for an engine that is slower than `re`, without a word.
SLOW = 20  # nanoseconds for a byte; usual are two
GRACE = 50_000_000  # nanoseconds in which the first states are made, a few microseconds for each
A_CALL = 20_000
MOST_IDLE = 8  # calls to pass over, when the last ones found nothing: each takes as long as a record by itself

_PARTS = re.compile(
    r"(\\.|\[(?:\\.|[^\]\\])*\])"  # stays
    r"|\(\?=\[(?:\\.|[^\]\\])*\]\)"  # a look-ahead at one character
    r"|([*+?}])\+"  # possessive
    r"|(\(\?)>",  # atomic
    re.DOTALL,
)

End = Callable[[bytes, int, int], int]


Text_contra = TypeVar("Text_contra", str, bytes, contravariant=True)


class Runs(Protocol[Text_contra]):
    """Records one behind the other."""

    def end(self, text: Text_contra, start: int, stop: int) -> int:
        """Of the last of the records from `start` on, within [start, stop); `start` if none is found."""
        ...


class TextRuns:
    """In characters. A pattern matches any number of records, none too."""

    def __init__(self, pattern: str, regular: str | None = None) -> None:
        self._match = re.compile(pattern).match

    def end(self, text: str, start: int, stop: int) -> int:
        return self._match(text, start, stop).end()  # type: ignore[union-attr]  # it matches no records, too


class Utf8Runs:
    """In UTF-8. `regular` matches the same records without look-around; None if that can't be said."""

    def __init__(self, pattern: str, regular: str | None = None) -> None:
        self._pattern = pattern.encode()
        self._automaton = _automaton(regular.encode()) if regular is not None and is_installed() else None
        self._room = GRACE  # nanoseconds
        self._misses = self._idle = 0
        self._match = None if self._automaton else re.compile(self._pattern).match

    def end(self, text: bytes, start: int, stop: int) -> int:
        if self._match:
            return self._match(text, start, stop).end()  # type: ignore[union-attr]  # it matches no records, too
        if self._idle:
            self._idle -= 1
            return start
        assert self._automaton
        began = time.thread_time_ns()
        end = self._automaton(text, start, stop)
        self._room += SLOW * (end - start) + A_CALL - (time.thread_time_ns() - began)
        if self._room < 0:
            self._match = re.compile(self._pattern).match
        self._misses = self._misses + 1 if end == start else 0
        self._idle = max(0, min(self._misses - 1, MOST_IDLE))  # the end of a block is one miss
        return end


@cache
def is_installed() -> bool:
    return find_spec("re2") is not None


def warm() -> None:
    if is_installed():
        import re2  # noqa: F401


def regular(pattern: str) -> str:
    """Without what only an engine needs that backtracks: possessive, atomic, and look-aheads that tell alternatives
    apart, where what follows tells them apart as well.
    """
    return _PARTS.sub(lambda part: part[1] or part[2] or (f"{part[3]}:" if part[3] else ""), pattern)


def _automaton(pattern: bytes) -> End | None:
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # bytes as they are
    options.longest_match = options.never_capture = True
    options.log_errors = False
    options.max_mem = MEMORY
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:  # too large
        return None
    if compiled.programsize > PROGRAM:
        return None
    return lambda text, start, stop: compiled.match(text, start, stop).end()
