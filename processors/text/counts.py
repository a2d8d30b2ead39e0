"""Exact counts over text that arrives in blocks, however it was cut.

A line ends with LF, CRLF or a lone CR. NEL (U+0085), U+2028, U+2029, VT and FF end no line here, as in `wc`, editors
and CSV; they are white space. Words are what `str.split` would give: runs of anything but Unicode white space.

Each count is done by functions written in C over a whole block; no loop here runs once a word or once a line. They are
those that take the fewest cycles a byte, so that characters become single bytes first, whatever they were.
"""

import re
from binascii import unhexlify
from io import BytesIO

from processors.text.binary import CONTROLS

# Every byte as what it is to us, in hexadecimal digits whose bits tell words from white space: a begin of a word is
# bit 0 behind bit 1.
_WORD, _SPACE, _SEPARATOR, _NUL, _CONTROL = b"1", b"2", b"4", b"5", b"6"
_SEPARATORS = bytes(range(0x1C, 0x20))  # white space to `str.isspace`, but not to `bytes.isspace`
_SPACES = b"\t\n\v\f\r "


def _class_of(byte: int) -> bytes:
    if byte in _SPACES:
        return _SPACE
    if byte in _SEPARATORS:
        return _SEPARATOR
    return _NUL if byte == 0 else _CONTROL if byte in CONTROLS else _WORD


_CLASSES = b"".join(map(_class_of, range(256)))
_SEPARATORS_AS_SPACES = bytes.maketrans(_SEPARATORS, b" " * len(_SEPARATORS))
_CONTINUATIONS = bytes(range(0x80, 0xC0))  # of UTF-8: every character has one byte that is none

# The white space beyond ASCII by the byte that it begins with. A search for one byte runs at the speed of memory, so
# that each pattern costs nothing in a language that hasn't the byte.
_WIDE_SPACES = tuple(
    (lead, re.compile(pattern))
    for lead, pattern in (
        (b"\xc2", rb"\xc2[\x85\xa0]"),
        (b"\xe1", rb"\xe1\x9a\x80"),
        (b"\xe2", rb"\xe2(?:\x80[\x80-\x8a\xa8\xa9\xaf]|\x81\x9f)"),
        (b"\xe3", rb"\xe3\x80\x80"),
    )
)


class Counts:
    """Feed it text and its UTF-8. Constant memory: a block at a time, and a few numbers."""

    def __init__(self) -> None:
        self.characters = 0
        self.words = 0
        self.controls = 0  # without the NULs
        self.nuls = 0
        self.lf = 0
        self.crlf = 0
        self.cr = 0
        self.longest_line = 0
        self.blank_lines = 0
        self._last = _SPACE  # class of the last character
        self._after_cr = False
        self._line = 0  # length so far of the line that the last block left open
        self._is_blank = True  # and whether there was nothing but white space in it

    @property
    def lines(self) -> int:
        return self.lf + self.crlf + self.cr + (self._line > 0)

    def feed(self, text: str, utf8: bytes) -> None:
        if not text:
            return
        self.characters += len(text)
        letters = utf8 if text.isascii() else _one_byte_each(utf8)
        classes = letters.translate(_CLASSES)
        if _SEPARATOR in classes:
            letters = letters.translate(_SEPARATORS_AS_SPACES)
            classes = classes.replace(_SEPARATOR, _SPACE)
        for control in (_NUL, _CONTROL):
            if control in classes:
                classes = self._count_controls(classes, control)
        self._count_words(classes)
        self._count_lines(letters)

    def finish(self) -> None:
        self.blank_lines += self._line > 0 and self._is_blank

    def _count_controls(self, classes: bytes, control: bytes) -> bytes:
        """They belong to words, as to `str.split`."""
        count = classes.count(control)
        if control == _NUL:
            self.nuls += count
        else:
            self.controls += count
        return classes.replace(control, _WORD)

    def _count_words(self, classes: bytes) -> None:
        self.words += self._last == _SPACE and classes.startswith(_WORD)
        self._last = classes[-1:]
        if len(classes) % 2:  # digits come in pairs
            classes += _SPACE
        bits = int.from_bytes(unhexlify(classes), "big")  # five higher than bit 0 is bit 1 of the digit before
        self.words += (bits & bits >> 5).bit_count()

    def _count_lines(self, letters: bytes) -> None:
        if self._after_cr and letters.startswith(b"\n"):  # the other half of a CRLF
            self.cr -= 1
            self.crlf += 1
            letters = letters[1:]
        self._after_cr = letters.endswith(b"\r")
        if b"\r" in letters:
            pairs, returns = letters.count(b"\r\n"), letters.count(b"\r")
            letters = letters.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            self.lf -= returns
            self.crlf += pairs
            self.cr += returns - pairs
        self._measure_lines(BytesIO(letters).readlines())  # which takes half the time of `split`

    def _measure_lines(self, lines: list[bytes]) -> None:
        """The first goes on where the last block ended, and the last is left open if it has no line end."""
        left_open = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        if lines:
            self.lf += len(lines)
            self.longest_line = max(self.longest_line, self._line + len(lines[0]) - 1, max(map(len, lines)) - 1)
            self.blank_lines += sum(map(bytes.isspace, lines)) - (not self._is_blank and lines[0].isspace())
            self._line, self._is_blank = 0, True
        if left_open:
            self._line += len(left_open)
            self._is_blank = self._is_blank and left_open.isspace()
            self.longest_line = max(self.longest_line, self._line)


def _one_byte_each(utf8: bytes) -> bytes:
    """Each character as one byte: its own if it is ASCII, a space if it is white space, else any beyond ASCII."""
    for lead, spaces in _WIDE_SPACES:
        if lead in utf8:
            utf8 = spaces.sub(b" ", utf8)
    return utf8.translate(None, _CONTINUATIONS)
