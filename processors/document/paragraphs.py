"""Paragraphs, headings, lists and tables as plain lines: what the readers of the office formats put together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain, islice, repeat

from processors.document.findings import Findings

COLUMNS = 16_384
HEADERS = "Headers and footers"  # the title of what stands in the margins of the pages
NESTED = 8  # as deep as tables are kept apart; deeper ones join the cell that they are in


@dataclass(slots=True)
class _Cell:
    """`times` is how often it stands in its row."""

    lines: list[str] = field(default_factory=list)
    times: int = 1

    def text(self) -> str:
        return " ".join(" ".join(self.lines).split())


class Titled:
    """Lines of a section at the end of a text, whose title is written with its first line, or not at all."""

    def __init__(self, write: Callable[[str], None], title: str) -> None:
        self._write = write
        self._title = title

    def write(self, line: str) -> None:
        if self._title:
            if not line.strip():
                return
            self._write(f"\n# {self._title}")
            self._title = ""
        self._write(line)


class Paragraphs:
    """Text comes in pieces between `begin` and `end`; a paragraph may hold another one, in a box or a note.

    `write` gets a line. Within a table, lines become cells, and a row is one line with tabs between them.
    """

    def __init__(self, write: Callable[[str], None], findings: Findings) -> None:
        self._write = write
        self._findings = findings
        self._open: list[list[str]] = []
        self._tables: list[list[_Cell]] = []  # each the cells of its row
        self._buried = 0

    def begin(self) -> None:
        self._open.append([])

    def add(self, text: str) -> None:
        if self._open:
            self._open[-1].append(text)

    def end(self, *, level: int = 0, bullet: str = "", page: int | None = None) -> str:
        """`level` above 0 makes it a heading. Returns the text."""
        text = "".join(self._open.pop()) if self._open else ""
        if level and text.strip():
            self._findings.heading(level, text, page)
        mark = "#" * min(level, 6) + " " if level and text.strip() else bullet if text else ""
        self.line(mark + text)
        return text

    def drop(self) -> None:
        """What was said since `begin` is not part of the text."""
        if self._open:
            self._open.pop()

    def line(self, text: str) -> None:
        if self._tables:
            if self._tables[-1]:
                self._tables[-1][-1].lines.append(text)
        else:
            self._write(text)

    def begin_table(self) -> None:
        if len(self._tables) >= NESTED:
            self._buried += 1
        else:
            self._tables.append([])

    def end_table(self) -> None:
        if self._buried:
            self._buried -= 1
        elif self._tables:
            self._tables.pop()

    def begin_cell(self, times: int = 1) -> None:
        if self._tables and not self._buried:
            self._tables[-1].append(_Cell(times=times))

    def end_row(self) -> None:
        """Empty cells at its end are not written."""
        if self._buried or not self._tables:
            return
        cells = [(cell.text(), cell.times) for cell in self._tables.pop()]
        while cells and not cells[-1][0]:
            cells.pop()
        self.line("\t".join(islice(chain.from_iterable(repeat(*cell) for cell in cells), COLUMNS)))
        self._tables.append([])
