"""The main text of HTML as an output, and as sections for chunks with their places in the file."""

from bisect import bisect_right
from collections.abc import Iterator

from processors.text.content import Text
from processors.text.markup.main_text import Run, main_text
from processors.text.markup.models import MainTextMade
from processors.text.markup.parts import Part

MAIN_TEXT = "main.txt"
KEPT_RUNS = 4096


def write(text: Text, main: str) -> MainTextMade:
    """An empty one is no output."""
    characters = 0
    path = text.work.scratch / MAIN_TEXT
    with path.open("w", encoding="utf-8", newline="") as file:
        for run in main_text(text.blocks("main text"), main):
            file.write(run.text)
            characters += len(run.text)
    if characters:
        path.rename(text.work.output(MAIN_TEXT, "text/plain; charset=utf-8"))
    else:
        path.unlink()
    return MainTextMade(outputs=[MAIN_TEXT] if characters else [], characters=characters)


class Places:
    """From characters of the main text to those of the file."""

    def __init__(self, runs: Iterator[Run]) -> None:
        self._runs = runs
        self._begins: list[int] = []
        self._kept: list[Run] = []
        self._length = 0

    def parts(self) -> Iterator[Part]:
        for run in self._runs:
            self._begins.append(self._length)
            self._kept.append(run)
            self._length += len(run.text)
            yield Part(run.number, run.path, run.text)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Ask in order of `start`: what is before it is forgotten."""
        first = bisect_right(self._begins, start) - 1
        if first > KEPT_RUNS:
            del self._begins[:first], self._kept[:first]
            first = 0
        last = bisect_right(self._begins, end - 1) - 1
        return self._within(first, start, is_end=False), self._within(last, end, is_end=True)

    def _within(self, at: int, place: int, is_end: bool) -> int:
        run = self._kept[at]
        if run.end - run.start == len(run.text):
            return run.start + place - self._begins[at]
        return run.end if is_end else run.start
