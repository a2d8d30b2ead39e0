"""PPTX (PresentationML, ISO/IEC 29500-1 §19): slide by slide, each with its title and its speaker's notes."""

from processors.base import Work
from processors.document.findings import Findings
from processors.document.models import DocumentParams, PictureMade
from processors.document.package import Package
from processors.document.paragraphs import Paragraphs
from processors.document.writing import TextFile
from processors.document.xml_stream import Attributes, attribute

TITLES = ("title", "ctrTitle")
UNSAID = ("sldNum", "dt", "ftr", "hdr", "sldImg")  # placeholders that are on every slide


class SlidesReader:
    def __init__(self, package: Package, findings: Findings) -> None:
        self._package = package
        self._findings = findings
        self._slides: list[str] = []

    def describe(self) -> None:
        package = self._package
        self._findings.format = "pptx"
        order = _Order()
        package.parse(package.main, order)
        relations = package.relations(package.main)
        self._slides = [relations[one].target for one in order.ids if one in relations]
        self._findings.pages = len(self._slides)
        package.describe()

    def read(self, text: TextFile) -> None:
        package, progress = self._package, self._findings.progress
        progress.plan(sum(package.archive.size(part) for part in self._slides), "bytes")
        for number in self._findings.pages_to_read(len(self._slides)):
            progress.begin("slides")
            text.begin_page()
            slide = self._slides[number - 1]
            package.read(slide, _Shapes(text, self._findings, number))
            if self._findings.params.notes:
                for part in package.related(slide, "notesSlide")[:1]:
                    package.parse(part, _Shapes(text, self._findings, number, "Notes:"))

    def draw(self, work: Work[DocumentParams]) -> PictureMade | None:
        return self._package.draw(work)


class _Order:
    def __init__(self) -> None:
        self.ids: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sldId":
            ids = [value for key, value in attributes.items() if key.endswith(":id")]
            self.ids += ids[:1]

    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


class _Shapes:
    """`title` is written before the first line, where there is one."""

    def __init__(self, text: TextFile, findings: Findings, number: int, title: str = "") -> None:
        self._lines = Paragraphs(self._write, findings)
        self._file = text
        self._number = number
        self._title = title
        self._is_notes = bool(title)
        self._placeholder = ""
        self._is_text = False

    def _write(self, line: str) -> None:
        if line.strip():
            if self._title:
                self._file.write(f"\n{self._title}")
                self._title = ""
            self._file.write(line)

    def start(self, name: str, attributes: Attributes) -> None:
        match name:
            case "sp":
                self._placeholder = ""
            case "ph":
                self._placeholder = attribute(attributes, "type") or "body"
            case "p":
                self._lines.begin()
            case "t":
                self._is_text = self._placeholder not in UNSAID
            case "br":
                self._lines.add(" " if self._placeholder in TITLES else "\n")
            case "tbl":
                self._lines.begin_table()
            case "tc":
                self._lines.begin_cell()

    def end(self, name: str) -> None:
        match name:
            case "p":
                self._lines.end(level=int(self._placeholder in TITLES and not self._is_notes), page=self._number)
            case "t":
                self._is_text = False
            case "sp":
                self._placeholder = ""
            case "tbl":
                self._lines.end_table()
            case "tr":
                self._lines.end_row()

    def text(self, data: str) -> None:
        if self._is_text:
            self._lines.add(data)
