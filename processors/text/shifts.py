"""Escape sequences of ISO 2022, made fit for Python's decoders.

Those look for the end of a bad sequence up to sixteen bytes ahead, swallow all up to it, and raise `UnicodeError` where
a block ends within. Here the escape of a bad one is undecodable by itself, and what follows is text.
"""

import re

_BAD = re.compile(rb"\x1b(?=[()$.&])(?!\$?[().]?[@-Z]|&@\x1b\$B)")
_UNFINISHED = re.compile(rb"\x1b(?:\$?[().]?|&@?|&@\x1b\$?)\Z")
_LONGEST = 5  # bytes of an unfinished one
_UNDECODABLE = b"\xff"


def has_shifts(encoding: str) -> bool:
    return encoding.startswith("iso-2022")


class Shifts:
    """Takes bytes in blocks cut anywhere, and gives as many, none of them cut within an escape sequence."""

    def __init__(self) -> None:
        self.pending = b""

    def fit(self, data: bytes, final: bool = False) -> bytes:
        data = self.pending + data
        found = None if final else _UNFINISHED.search(data, max(0, len(data) - _LONGEST))
        cut = found.start() if found else len(data)
        self.pending = data[cut:]
        return _BAD.sub(_UNDECODABLE, data[:cut]) if b"\x1b" in data else data[:cut]
