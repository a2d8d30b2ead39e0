"""Exact counts over text that arrives in blocks, however it was cut.

A line ends with LF, CRLF or a lone CR. NEL (U+0085), U+2028, U+2029, VT and FF end no line here, as in `wc`, editors
and CSV; they are white space. Words are what `str.split` would give: runs of anything but Unicode white space.
"""

import re

from processors.text.binary import CONTROLS

_SPACES = bytes(byte for byte in range(128) if chr(byte).isspace())
# Every byte as what it is to us: white space, NUL, another control character, or anything else.
_CLASSES = bytes(
    0x20 if byte in _SPACES else 0 if byte == 0 else 1 if byte in CONTROLS else 0x78 for byte in range(256)
)


class Counts:
    """Feed it text, then `finish`. Constant memory: a block at a time, and a few numbers."""

    def __init__(self) -> None:
        self.characters = 0
        self.words = 0
        self.controls = 0  # without the NULs
        self.nuls = 0
        self.lf = 0
        self.crlf = 0
        self.cr = 0
        self.longest_line = 0
        self._held = ""  # a CR at the end of a block, which may be half of a CRLF
        self._in_word = False
        self._line = 0  # length so far of the line that the last block left open

    @property
    def lines(self) -> int:
        return self.lf + self.crlf + self.cr + (self._line > 0)

    def feed(self, text: str) -> None:
        text = self._held + text
        self._held = "\r" if text.endswith("\r") else ""
        self._count(text[:-1] if self._held else text)

    def finish(self) -> None:
        self._count(self._held)
        self._held = ""

    def _count(self, text: str) -> None:
        if not text:
            return
        self.characters += len(text)
        if text.isascii():
            self._count_ascii_words(text)
        else:
            self._count_words(text)
        self._count_lines(text)
        self._measure_lines(text.replace("\r", "\n"))  # an empty line within each CRLF changes no longest

    def _count_ascii_words(self, text: str) -> None:
        """Twice as fast as `split`, which builds every word."""
        classes = self._count_controls(text)
        starts_word = classes[0] != 0x20
        self.words += classes.count(b" x") + (starts_word and not self._in_word)
        self._in_word = classes[-1] != 0x20

    def _count_words(self, text: str) -> None:
        self._count_controls(text)
        continues_word = self._in_word and not text[0].isspace()
        self.words += len(text.split()) - continues_word
        self._in_word = not text[-1].isspace()

    def _count_controls(self, text: str) -> bytes:
        """Returns the classes of the text's bytes, controls counting as letters."""
        classes = text.encode().translate(_CLASSES)
        controls, nuls = classes.count(1), classes.count(0)
        self.controls += controls
        self.nuls += nuls
        return classes.replace(b"\0", b"x").replace(b"\1", b"x") if controls or nuls else classes

    def _count_lines(self, text: str) -> None:
        feeds, returns = text.count("\n"), text.count("\r")
        pairs = text.count("\r\n") if returns else 0
        self.lf += feeds - pairs
        self.cr += returns - pairs
        self.crlf += pairs

    def _measure_lines(self, text: str) -> None:
        """Look only for lines that are longer than the longest so far: one search over the block finds them."""
        first = text.find("\n")
        if first < 0:
            self._line += len(text)
            self.longest_line = max(self.longest_line, self._line)
            return
        self.longest_line = max(self.longest_line, self._line + first)
        if self.longest_line < len(text):
            longer = re.compile(f"\n[^\n]{{{self.longest_line + 1},}}")
            for match in longer.finditer(text, first):
                self.longest_line = max(self.longest_line, match.end() - match.start() - 1)
        self._line = len(text) - text.rfind("\n") - 1
