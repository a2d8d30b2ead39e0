"""DOCX (WordprocessingML, ISO/IEC 29500-1 §17): the body, then the notes and comments, then headers and footers."""

from collections.abc import Mapping, Sequence

from processors.base import Work
from processors.document.findings import Findings
from processors.document.models import DocumentParams, PictureMade
from processors.document.package import Package
from processors.document.paragraphs import HEADERS, Paragraphs, Titled
from processors.document.writing import TextFile
from processors.document.xml_stream import Attributes, attribute, number

NOTES = (("footnotes", "Footnotes"), ("endnotes", "Endnotes"), ("comments", "Comments"))
MARGINS = ("header", "footer")
BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
# The same again, for old programs; where stops are, which are no tabs; what was moved elsewhere.
SKIPPED = ("Fallback", "tabs", "moveFrom")
STARTS_PROGRAMS = ("DDE",)  # the field codes DDE and DDEAUTO


class WordReader:
    def __init__(self, package: Package, findings: Findings) -> None:
        self._package = package
        self._findings = findings

    def describe(self) -> None:
        self._findings.format = "docx"
        self._package.describe()
        if self._findings.params.pages is not None:
            self._findings.note("The file has no pages before it is laid out: all of it was read.")

    def read(self, text: TextFile) -> None:
        package, wanted = self._package, self._findings.params
        sections: list[tuple[str, Sequence[str]]] = [("", [package.main])]
        if wanted.notes:
            sections += [(title, package.related(package.main, sort)) for sort, title in NOTES]
        if wanted.headers:
            sections.append((HEADERS, [part for sort in MARGINS for part in package.related(package.main, sort)]))
        self._findings.progress.plan(
            sum(package.archive.size(part) for _, parts in sections for part in parts), "bytes"
        )
        levels = self._heading_levels()
        for title, parts in sections:
            self._findings.progress.begin("notes" if title else "text")
            body = _Body(text, self._findings, levels, title)
            for part in parts:
                package.read(part, body)

    def _heading_levels(self) -> Mapping[str, int]:
        styles = _Styles()
        for part in self._package.related(self._package.main, "styles")[:1]:
            self._package.parse(part, styles)
        return styles.levels

    def draw(self, work: Work[DocumentParams]) -> PictureMade | None:
        return self._package.draw(work)


class _Styles:
    """Which styles are headings: those with an outline level, or called so."""

    def __init__(self) -> None:
        self.levels: dict[str, int] = {}
        self._style = ""

    def start(self, name: str, attributes: Attributes) -> None:
        value = attribute(attributes, "val") or ""
        if name == "style":
            self._style = attribute(attributes, "styleId") or ""
        elif name == "outlineLvl":
            self.levels.setdefault(self._style, number(value, 9, 9) + 1)
        elif name == "name" and value.lower().startswith("heading "):
            self.levels[self._style] = number(value[8:], 9, 9)
        elif name == "name" and value.lower() == "title":
            self.levels[self._style] = 1

    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


class _Body:
    def __init__(self, text: TextFile, findings: Findings, levels: Mapping[str, int], title: str) -> None:
        self._lines = Paragraphs(Titled(text.write, title).write if title else text.write, findings)
        self._findings = findings
        self._levels = levels
        self._level = 0
        self._bullet = ""
        self._taking: str | None = None  # "t" for text, "instrText" for a field's code
        self._skipping = 0

    def start(self, name: str, attributes: Attributes) -> None:
        if self._skipping or name in SKIPPED:
            self._skipping += 1
            return
        match name:
            case "p":
                self._lines.begin()
                self._level, self._bullet = 0, ""
            case "t" | "instrText":
                self._taking = name
            case "pStyle":
                self._level = self._levels.get(attribute(attributes, "val") or "", 0)
            case "outlineLvl":
                self._level = (number(attribute(attributes, "val"), 9, 9) + 1) % 10
            case "numPr":
                self._bullet = "- "
            case "tbl":
                self._lines.begin_table()
            case "tc":
                self._lines.begin_cell()
            case _ if name in BREAKS and self._taking is None:
                self._lines.add(BREAKS[name])

    def end(self, name: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        match name:
            case "p":
                self._lines.end(level=self._level if self._level < 10 else 0, bullet=self._bullet)
                self._level, self._bullet = 0, ""
            case "t" | "instrText":
                self._taking = None
            case "tbl":
                self._lines.end_table()
            case "tr":
                self._lines.end_row()

    def text(self, data: str) -> None:
        if self._skipping:
            return
        if self._taking == "t":
            self._lines.add(data)
        elif self._taking and data.strip().startswith(STARTS_PROGRAMS):
            self._findings.note("It has a field that asks another program for its text (DDE).")
