"""The text as a file, written as it comes: counted, cleaned of what no text holds, and within its limit."""

import io
import re

from processors.base import Rejected, Work
from processors.document.models import DocumentParams, TextMade
from processors.text.preview import preview

NAME = "text.txt"
PREVIEW = 500
BREAK = "\f"  # between pages, slides, sheets and chapters
_NEVER = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


class TextFile:
    """`begin` each page, then `write` whole lines. Close it, whatever happens: what was written stays."""

    def __init__(self, work: Work[DocumentParams]) -> None:
        path = work.output(NAME, "text/plain; charset=utf-8")
        self._file = io.TextIOWrapper(path.open("wb"), encoding="utf-8", newline="\n")
        self._most = work.params.limits.max_characters
        self._beginning = ""
        self._pages: int | None = None
        self._characters = self._words = 0
        self._is_truncated = False

    def begin_page(self) -> None:
        if self._pages:
            self._put(BREAK)
        self._pages = (self._pages or 0) + 1

    def write(self, line: str) -> None:
        """A line or several, without the last line end. Raises `Rejected` once there are too many characters."""
        self._put(_NEVER.sub("", line) + "\n")

    def _put(self, text: str) -> None:
        room = self._most - self._characters
        self._is_truncated = len(text) > room
        text = text[:room]
        self._file.write(text)
        self._characters += len(text)
        self._words += len(text.split())
        if len(self._beginning) <= 2 * PREVIEW:
            self._beginning += text[: 2 * PREVIEW]
        if self._is_truncated:
            raise Rejected("limit_exceeded", f"The text has more than {self._most:,} characters.")

    def close(self) -> TextMade:
        if not self._characters:
            self._put("\n")  # an output is never empty
        self._file.close()
        return TextMade(
            file=NAME,
            characters=self._characters,
            words=self._words,
            pages=self._pages,
            is_truncated=self._is_truncated,
        )

    def preview(self) -> str:
        return preview(self._beginning, PREVIEW)[0]
