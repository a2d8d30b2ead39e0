"""XLSX (SpreadsheetML, ISO/IEC 29500-1 §18): sheet by sheet, a row a line, with tabs between the cells."""

from processors.base import Rejected, Work
from processors.document.cells import DateStyles, SharedStrings, column, shown
from processors.document.findings import Findings
from processors.document.models import DocumentParams, PictureMade
from processors.document.package import Package
from processors.document.writing import TextFile
from processors.document.xml_stream import Attributes, attribute

COLUMNS = 16_384


class SheetsReader:
    def __init__(self, package: Package, findings: Findings) -> None:
        self._package = package
        self._findings = findings
        self._book = _Book()

    def describe(self) -> None:
        package, findings = self._package, self._findings
        findings.format = "xlsx"
        package.parse(package.main, self._book)
        findings.pages = len(self._book.sheets)
        for number, (name, _) in enumerate(self._book.sheets, 1):
            findings.heading(1, name, number)
        package.describe()

    def read(self, text: TextFile) -> None:
        package, progress = self._package, self._findings.progress
        relations = package.relations(package.main)
        parts = [relations[one].target if one in relations else "" for _, one in self._book.sheets]
        strings_parts = package.related(package.main, "sharedStrings")[:1]
        progress.plan(sum(package.archive.size(part) for part in [*parts, *strings_parts]), "bytes")
        progress.begin("strings")
        strings, styles = SharedStrings(), DateStyles(self._book.epoch)
        for part in strings_parts:
            package.read(part, strings)
        for part in package.related(package.main, "styles")[:1]:
            package.parse(part, styles)
        for number in self._findings.pages_to_read(len(parts)):
            progress.begin("sheets")
            text.begin_page()
            text.write(f"# {self._book.sheets[number - 1][0]}")
            if not parts[number - 1]:
                raise Rejected("corrupt_input", f"Sheet {number} is missing.")
            package.read(parts[number - 1], _Rows(text, strings, styles))
            if self._findings.params.notes:
                for part in package.related(parts[number - 1], "comments"):
                    package.parse(part, _Comments(text))

    def draw(self, work: Work[DocumentParams]) -> PictureMade | None:
        return self._package.draw(work)


class _Book:
    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []  # the name, and the relation
        self.epoch = 1900

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "workbookPr" and attribute(attributes, "date1904") in ("1", "true"):
            self.epoch = 1904
        elif name == "sheet":
            ids = [value for key, value in attributes.items() if key.endswith(":id")]
            self.sheets.append((attributes.get("name", ""), ids[0] if ids else ""))

    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


class _Rows:
    """Cells that are left out are empty; rows that are left out, and empty ends of rows, are not written."""

    def __init__(self, text: TextFile, strings: SharedStrings, styles: DateStyles) -> None:
        self._file = text
        self._strings = strings
        self._styles = styles
        self._row: dict[int, str] = {}
        self._column = -1
        self._type = self._style = ""
        self._value: list[str] = []
        self._is_value = False

    def start(self, name: str, attributes: Attributes) -> None:
        match name:
            case "row":
                self._row, self._column = {}, -1
            case "c":
                self._column = column(attributes.get("r"), self._column + 1, COLUMNS)
                self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
                self._value.clear()
            case "v" | "t":
                self._is_value = True
            case "rPh":  # how it is pronounced
                self._type = "unsaid"

    def text(self, data: str) -> None:
        if self._is_value and self._type != "unsaid":
            self._value.append(data)

    def end(self, name: str) -> None:
        match name:
            case "v" | "t":
                self._is_value = False
            case "rPh":
                self._type = "inlineStr"
            case "c":
                self._keep("".join(self._value))
            case "row" if self._row:
                cells = [self._row.get(place, "") for place in range(max(self._row) + 1)]
                self._file.write("\t".join(cells))

    def _keep(self, value: str) -> None:
        if self._type == "s":
            value = self._strings.get(value)
        elif self._type == "b":
            value = "TRUE" if value == "1" else "FALSE"
        elif self._type == "n":
            value = shown(value, self._styles.epoch) if self._styles.is_date(self._style) else value
        if value := " ".join(value.split()):
            self._row[self._column] = value


class _Comments:
    def __init__(self, text: TextFile) -> None:
        self._file = text
        self._cell = ""
        self._said: list[str] = []
        self._is_text = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "comment":
            self._cell = attributes.get("ref", "")
            self._said.clear()
        self._is_text = name == "t"

    def text(self, data: str) -> None:
        if self._is_text:
            self._said.append(data)

    def end(self, name: str) -> None:
        self._is_text = False
        if name == "comment":
            self._file.write(f"[{self._cell[:20]}] {' '.join(''.join(self._said).split())}")
