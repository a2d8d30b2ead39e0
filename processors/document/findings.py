"""What comes to light about a document while it is read."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from processors.base import Rejected, Searchable
from processors.document.models import (
    DocumentParams,
    DocumentResult,
    Format,
    Metadata,
    OutlineEntry,
    PageSize,
    PictureMade,
    Security,
    TextMade,
)
from processors.document.progress import Progress
from processors.partial import Tolerance
from processors.work import short

OUTLINE_MOST = 1000
OUTLINE_BYTES = 512 << 10  # of its titles: a result has a mebibyte
TITLE_LENGTH, METADATA_LENGTH = 300, 1000
SIZES_MOST = 20
WARNINGS_MOST = 50

_PDF_DATE = re.compile(r"D?:?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?([-+Z])?(\d\d)?'?(\d\d)?")


@dataclass(slots=True)
class Findings:
    params: DocumentParams
    progress: Progress
    format: Format = "pdf"
    version: str | None = None
    pages: int | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    sizes: Counter[tuple[float, float]] = field(default_factory=Counter)
    outline: list[OutlineEntry] = field(default_factory=list)
    outline_room: int = OUTLINE_BYTES
    security: Security = field(default_factory=Security)
    preview: str = ""
    text: TextMade | None = None
    picture: PictureMade | None = None
    tolerance: Tolerance = field(init=False)
    warnings: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tolerance = Tolerance(self.params.on_error)

    def note(self, words: str) -> None:
        if len(self.warnings) < WARNINGS_MOST:
            self.warnings[words] = None

    def heading(self, level: int, title: str, page: int | None = None) -> None:
        if not title or len(self.outline) >= OUTLINE_MOST or self.outline_room <= 0:
            return
        entry = OutlineEntry(level=level, title=one_line(title, TITLE_LENGTH), page=page)
        self.outline.append(entry)
        self.outline_room -= len(entry.title.encode())

    def say(self, name: str, value: str | datetime | None) -> None:
        """One of `Metadata`; the first that says anything holds."""
        told = one_line(value, METADATA_LENGTH) if isinstance(value, str) else value
        if told and not self.metadata.get(name):
            self.metadata[name] = told

    def pages_to_read(self, count: int) -> Iterator[int]:
        """The numbers, from 1, of what was asked for. Raises `Rejected` where that is nothing, or too much."""
        chosen = selected(self.params.pages, count)
        if not chosen:
            raise Rejected("unsupported_input", f"There are {count:,} pages, and none is {self.params.pages}.")
        most = self.params.limits.max_pages
        too_many = Rejected("limit_exceeded", f"These are {len(chosen):,} pages; the most is {most:,}.")
        if len(chosen) > most and self.params.on_error == "fail":
            raise too_many
        yield from chosen[:most]
        if len(chosen) > most:
            raise too_many

    def result(self) -> DocumentResult:
        return DocumentResult(
            format=self.format,
            version=self.version,
            pages=self.pages,
            metadata=Metadata(**self.metadata),
            page_sizes=[
                PageSize(width=width, height=height, pages=count)
                for (width, height), count in sorted(self.sizes.items(), key=lambda size: -size[1])[:SIZES_MOST]
            ],
            outline=self.outline,
            security=self.security,
            preview=self.preview,
            text=self.text,
            picture=self.picture,
            searchable=Searchable(output=self.text.file) if self.text and self.params.index else None,
            errors=self.tolerance.errors,
            warnings=list(self.warnings),
        )


def one_line(text: str, length: int) -> str:
    return short(" ".join("".join(c if c.isprintable() else " " for c in text[: 2 * length]).split()), length)


def selected(pages: str | None, count: int) -> Sequence[int]:
    """The numbers from 1 to `count` that `pages` names, in order, each once."""
    if pages is None:
        return range(1, count + 1)
    chosen: set[int] = set()
    for part in pages.split(","):
        first, dash, last = part.partition("-")
        end = int(last or count) if dash else int(first)
        chosen.update(range(max(1, int(first)), min(end, count) + 1))
    return sorted(chosen)


def pdf_date(text: str) -> datetime | None:
    """ISO 32000-1 §7.9.4; what is missing at the end is the first of its sort."""
    found = _PDF_DATE.match(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, sign, hours, minutes = found.groups()
    local = f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    offset = "" if sign is None else "+00:00" if sign == "Z" or hours is None else f"{sign}{hours}:{minutes or '00'}"
    return iso_date(local + offset)


def iso_date(text: str) -> datetime | None:
    """W3C's profile of ISO 8601, as in office documents."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None
