"""Exact counts over text that arrives in blocks, however it was cut.

A line ends with LF, CRLF or a lone CR. NEL (U+0085), U+2028, U+2029, VT and FF end no line here, as in `wc`, editors
and CSV; they are white space. Words are what `str.split` would give: runs of anything but Unicode white space.

Each count is done by functions written in C over a whole block; no loop here runs once a word or once a line.
"""

import re

from processors.text.binary import CONTROLS

_SPACES = bytes(byte for byte in range(128) if chr(byte).isspace())
# Every byte as what it is to us: white space, part of a word, NUL, or another control character.
_CLASSES = bytes(
    ord("0" if byte in _SPACES else "2" if byte == 0 else "3" if byte in CONTROLS else "1") for byte in range(256)
)

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
        self._in_word = False
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
        self._count_words(utf8)
        self._count_lines(text)

    def finish(self) -> None:
        self.blank_lines += self._line > 0 and self._is_blank

    def _count_words(self, utf8: bytes) -> None:
        if not utf8.isascii():
            utf8 = _with_narrow_spaces(utf8)
        classes = utf8.translate(_CLASSES)
        if b"2" in classes or b"3" in classes:  # they belong to words, as to `str.split`
            self.nuls += classes.count(b"2")
            self.controls += classes.count(b"3")
            classes = classes.replace(b"2", b"1").replace(b"3", b"1")
        bits = int(classes, 2)  # one for each byte, the first at the top
        begins = bits & ~(bits >> 1)
        self.words += begins.bit_count() - (self._in_word and classes[0] == ord("1"))
        self._in_word = classes[-1] == ord("1")

    def _count_lines(self, text: str) -> None:
        if self._after_cr and text[0] == "\n":  # the other half of a CRLF
            self.cr -= 1
            self.crlf += 1
            text = text[1:]
        self._after_cr = text.endswith("\r")
        pairs = returns = 0
        if "\r" in text:
            pairs, returns = text.count("\r\n"), text.count("\r")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        lines = text.split("\n")
        self.lf += len(lines) - 1 - returns
        self.crlf += pairs
        self.cr += returns - pairs
        self._measure_lines(lines)

    def _measure_lines(self, lines: list[str]) -> None:
        """The first line goes on where the last block ended, and the last is left open."""
        self._continue_line(lines.pop(0))
        if lines:
            self.blank_lines += self._is_blank
            self._line, self._is_blank = 0, True
            self._continue_line(lines.pop())
        if lines:
            self.longest_line = max(self.longest_line, max(map(len, lines)))
            self.blank_lines += lines.count("") + sum(map(str.isspace, lines))

    def _continue_line(self, piece: str) -> None:
        self._line += len(piece)
        self._is_blank = self._is_blank and (not piece or piece.isspace())
        self.longest_line = max(self.longest_line, self._line)


def _with_narrow_spaces(utf8: bytes) -> bytes:
    """White space beyond ASCII becomes ASCII white space."""
    for lead, spaces in _WIDE_SPACES:
        if lead in utf8:
            utf8 = spaces.sub(b" ", utf8)
    return utf8
