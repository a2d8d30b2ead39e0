"""Where a character stands in the file, in bytes: exact for every encoding, with all that was replaced."""

import codecs
from typing import BinaryIO

from processors.text.charsets import codec
from processors.text.chunks.cutting import Measure
from processors.text.shifts import Shifts, has_shifts

STEP_BYTES = 64
STATEFUL = frozenset({"iso-2022-jp", "iso-2022-kr"})
MULTI_BYTE = STATEFUL | {
    *("big5", "big5-hkscs", "cp949", "euc-jp", "euc-kr", "gb18030", "gb2312", "gbk", "johab", "shift_jis")
}


def measure_of(encoding: str, is_utf8: bool) -> Measure | None:
    """How many bytes of the file a piece of its text is, where that is told by the piece alone."""
    if is_utf8:
        return _utf8_bytes
    if encoding == "utf-8" or encoding in MULTI_BYTE:
        return None
    if encoding.startswith("utf-32"):
        return lambda text: 4 * len(text)
    if encoding.startswith("utf-16"):  # a lone surrogate was replaced by what has two bytes as well
        return lambda text: len(text.encode("utf-16-le"))
    return len


def _utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


class Offsets:
    """Decodes the file again in small steps, behind who asks. Ask for places in order."""

    def __init__(self, file: BinaryIO, encoding: str, mark_bytes: int) -> None:
        self._file = file
        self._file.seek(mark_bytes)
        self._decoder = codecs.getincrementaldecoder(codec(encoding))("replace")
        self._shifts = Shifts() if has_shifts(encoding) else None
        self._fed = mark_bytes  # bytes that the decoder has
        self._characters = 0  # that came out of them
        self._rest = b""  # read, and not fed
        self._answer = mark_bytes

    def byte(self, character: int) -> int:
        """Where the `character`th begins, and the one before it has ended: an escape sequence is of what follows."""
        while self._characters < character:
            state = self._decoder.getstate()
            step = self._rest or self._read()
            self._rest = b""
            came = self._feed(step, not step)
            if not step or self._characters + came >= character:
                self._decoder.setstate(state)
                self._find(step, character)
            else:
                self._fed += len(step)
                self._characters += came
        return self._answer

    def _read(self) -> bytes:
        """The next step; nothing at the end of the file only."""
        while True:
            data = self._file.read(STEP_BYTES)
            step = self._shifts.fit(data, not data) if self._shifts else data
            if step or not data:
                return step

    def _feed(self, data: bytes, final: bool = False) -> int:
        """How many characters come out of it."""
        return len(self._decoder.decode(data, final))

    def _find(self, step: bytes, character: int) -> None:
        """Byte by byte, to where the one before `character` came out, and perhaps more with it."""
        for used in range(1, len(step) + 1):
            pending, mode = self._decoder.getstate()
            came = self._feed(step[used - 1 : used])
            self._fed += 1
            if self._characters + came >= character:
                self._part(pending + step[used - 1 : used], mode, came, character)
                self._rest += step[used:]
                return
            self._characters += came
        pending, mode = self._decoder.getstate()  # the end of the file, within a sequence
        self._part(pending, mode, self._feed(b"", final=True), character)

    def _part(self, window: bytes, mode: int, came: int, character: int) -> None:
        """`came` characters came out of `window`, whose last byte has shown that the others are bad."""
        wanted = character - self._characters
        place = self._place(window, mode, came, wanted) if came > wanted else 0
        if place:
            self._fed -= len(window) - place
            self._rest = window[place:]
            self._answer = self._fed
            self._characters = character
        else:
            self._answer = self._fed - len(self._decoder.getstate()[0])
            self._characters = max(character, self._characters + came)

    def _place(self, window: bytes, mode: int, came: int, wanted: int) -> int:
        """Behind `wanted` characters of the window, where the decoder then stands. 0: shift sequences are bad, and
        no part of them decodes to what the whole did; the decoder stays where it was."""
        after = self._decoder.getstate()
        place = 0
        for left in range(came, came - wanted, -1):  # the first one alone is one, and what is left are the others
            rest = window[place:]
            length = next((n for n in range(1, len(rest)) if self._parts(rest, mode, n) == (1, left - 1)), 0)
            if not length:
                self._decoder.setstate(after)
                return 0
            place += length
        self._decoder.setstate((b"", mode))
        return place

    def _parts(self, window: bytes, mode: int, place: int) -> tuple[int, int]:
        self._decoder.setstate((b"", mode))
        return len(self._decoder.decode(window[:place], True)), len(self._decoder.decode(window[place:]))
