"""ODT, ODP and ODS (OpenDocument, ISO/IEC 26300): one part holds all the text."""

import re
from collections.abc import Callable

from processors.base import Rejected, Work
from processors.document.archive import Archive
from processors.document.findings import Findings
from processors.document.images import keep_carried
from processors.document.models import DocumentParams, Format, PictureMade
from processors.document.package import Properties
from processors.document.paragraphs import COLUMNS, HEADERS, Paragraphs, Titled
from processors.document.writing import TextFile
from processors.document.xml_stream import Attributes, attribute, number, parse

CONTENT, STYLES, META, MANIFEST = "content.xml", "styles.xml", "meta.xml", "META-INF/manifest.xml"
THUMBNAIL = "Thumbnails/thumbnail.png"
METADATA = {
    "title": "title",
    "initial-creator": "author",
    "creator": "modified_by",
    "subject": "subject",
    "description": "subject",
    "keyword": "keywords",
    "language": "language",
    "creation-date": "created",
    "date": "modified",
}
SKIPPED = ("tracked-changes", "ruby-text", "note-citation")
NOTES = ("note", "annotation", "notes")
SPACES_MOST = 1000  # in one place

_BLANKS = re.compile("[ \t\r\n]+")


class OpenDocumentReader:
    def __init__(self, archive: Archive, findings: Findings, format_: Format) -> None:
        self._archive = archive
        self._findings = findings
        self._depth = findings.params.limits.max_depth
        findings.format = format_

    def describe(self) -> None:
        if MANIFEST in self._archive:
            parse(self._archive.blocks(MANIFEST), _Manifest(), self._depth)
        if META in self._archive:
            parse(self._archive.blocks(META), Properties(self._findings, METADATA), self._depth)
        names = list(self._archive.names())
        security = self._findings.security
        security.has_macros = any(name.startswith(("basic/script", "scripts/")) for name in names)
        security.attachments = len({name.partition("/")[0] for name in names if name.startswith("object ")})
        if security.has_macros:
            self._findings.note("It has macros.")
        if self._findings.format != "odt":
            pages = _Pages()
            parse(self._archive.blocks(CONTENT), pages, self._depth)
            self._findings.pages = pages.count
        elif self._findings.params.pages is not None:
            self._findings.note("The file has no pages before it is laid out: all of it was read.")

    def read(self, text: TextFile) -> None:
        findings = self._findings
        wanted = None if findings.format == "odt" else set(findings.pages_to_read(findings.pages or 0))
        readers = {CONTENT: _Content(text, text.write, findings, wanted)}
        if findings.format == "odt" and findings.params.headers and STYLES in self._archive:
            # Nothing but the headers and footers of its pages has paragraphs there.
            readers[STYLES] = _Content(text, Titled(text.write, HEADERS).write, findings, None)
        findings.progress.plan(sum(map(self._archive.size, readers)), "bytes")
        findings.progress.begin("text")
        for part, reader in readers.items():
            parse(self._archive.blocks(part), reader, self._depth, advance=findings.progress.advance)

    def draw(self, work: Work[DocumentParams]) -> PictureMade | None:
        return keep_carried(self._archive, THUMBNAIL, work) if THUMBNAIL in self._archive else None


class _Manifest:
    def start(self, name: str, _attributes: Attributes) -> None:
        if name == "encryption-data":
            raise Rejected("unsupported_input", "The document is encrypted: it can't be read without its password.")

    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


class _Pages:
    """Slides and sheets, not the tables on slides."""

    def __init__(self) -> None:
        self.count = 0
        self._parents: list[str] = []

    def start(self, name: str, _attributes: Attributes) -> None:
        self.count += is_page(name, self._parents)
        self._parents.append(name)

    def end(self, name: str) -> None:
        self._parents.pop()

    def text(self, data: str) -> None: ...


def is_page(name: str, parents: list[str]) -> bool:
    return parents[-1:] in (["presentation"], ["spreadsheet"]) and name in ("page", "table")


class _Content:
    """`write` gets the lines; `text` is told where pages begin, of those that are wanted."""

    def __init__(
        self, text: TextFile, write: Callable[[str], None], findings: Findings, wanted: set[int] | None
    ) -> None:
        self._file = text
        self._write_line = write
        self._findings = findings
        self._lines = Paragraphs(self._write, findings)
        self._wanted = wanted
        self._page = 0
        self._parents: list[str] = []
        self._skipping = 0
        self._level = 0
        self._rows = 1

    def _write(self, line: str) -> None:
        if line.strip():
            for _ in range(self._rows):
                self._write_line(line)
        elif self._wanted is None:
            self._write_line(line)

    def start(self, name: str, attributes: Attributes) -> None:
        if self._skipping or self._is_unwanted(name):
            self._skipping += 1
            return
        if is_page(name, self._parents):
            self._begin_page(attribute(attributes, "name") or "")
        self._parents.append(name)
        match name:
            case "p" | "h":
                self._lines.begin()
                self._level = number(attribute(attributes, "outline-level"), 1, 9) if name == "h" else 0
            case "s":
                self._lines.add(" " * number(attribute(attributes, "c"), 1, SPACES_MOST))
            case "tab":
                self._lines.add("\t")
            case "line-break":
                self._lines.add("\n")
            case "table":
                self._lines.begin_table()
            case "table-row":
                self._rows = number(attribute(attributes, "number-rows-repeated"), 1, 1 << 20)
            case "table-cell" | "covered-table-cell":
                self._lines.begin_cell(number(attribute(attributes, "number-columns-repeated"), 1, COLUMNS))
            case _ if name in NOTES:
                self._lines.begin()  # for who wrote it, and when

    def _is_unwanted(self, name: str) -> bool:
        if is_page(name, self._parents) and self._wanted is not None and self._page + 1 not in self._wanted:
            self._page += 1
            return True
        return name in SKIPPED or (name in NOTES and not self._findings.params.notes)

    def _begin_page(self, name: str) -> None:
        self._page += 1
        self._file.begin_page()
        self._file.write(f"# {name}")
        self._findings.heading(1, name, self._page)

    def end(self, name: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        self._parents.pop()
        match name:
            case "p" | "h":
                self._lines.end(level=self._level if name == "h" else 0, bullet=self._mark(), page=self._page or None)
            case "table":
                self._lines.end_table()
            case _ if name in NOTES:
                self._lines.drop()
            case "table-row":
                self._lines.end_row()
                self._rows = 1

    def _mark(self) -> str:
        if not {*self._parents[-3:]}.isdisjoint(NOTES):
            return "[note] "
        return "- " if self._parents[-1:] == ["list-item"] else ""

    def text(self, data: str) -> None:
        if not self._skipping:
            self._lines.add(_BLANKS.sub(" ", data))
