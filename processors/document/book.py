"""EPUB (W3C EPUB 3.3): the chapters in their order, as text. Nothing in them is run or fetched."""

import posixpath
import re

from processors.base import Rejected, Work
from processors.document.archive import Archive
from processors.document.findings import Findings, iso_date
from processors.document.images import keep_carried
from processors.document.models import DocumentParams, PictureMade
from processors.document.paragraphs import Paragraphs
from processors.document.writing import TextFile
from processors.document.xml_stream import Attributes, attribute, parse

CONTAINER, ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
OBFUSCATED = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")  # fonts, which aren't read
UNSEEN = ("head", "script", "style", "template")
BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "caption", "dd", "div", "dl", "dt", "figcaption"),
        *("figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol"),
        *("p", "pre", "section", "ul"),
    }
)
METADATA = {
    "title": "title",
    "creator": "author",
    "subject": "keywords",
    "description": "subject",
    "language": "language",
}

_BLANKS = re.compile(r"[ \t\r\n]+")
_ESCAPED = re.compile(rb"%([0-9A-Fa-f]{2})")


class BookReader:
    def __init__(self, archive: Archive, findings: Findings) -> None:
        self._archive = archive
        self._findings = findings
        self._depth = findings.params.limits.max_depth
        self._chapters: list[str] = []
        self._cover = ""
        findings.format = "epub"

    def describe(self) -> None:
        for part, handler in ((ENCRYPTION, _Encryption()), (CONTAINER, found := _Container())):
            if part in self._archive or part == CONTAINER:
                parse(self._archive.blocks(part), handler, self._depth)
        package = _Package(posixpath.dirname(found.package), self._findings)
        parse(self._archive.blocks(found.package), package, self._depth)
        self._chapters = [package.parts[one] for one in package.order if one in package.parts]
        self._cover = package.parts.get(package.cover, "")
        self._findings.pages = len(self._chapters)

    def read(self, text: TextFile) -> None:
        progress = self._findings.progress
        progress.plan(sum(self._archive.size(part) for part in self._chapters), "bytes")
        progress.begin("chapters")
        for number in self._findings.pages_to_read(len(self._chapters)):
            text.begin_page()
            chapter = _Chapter(text, self._findings, number)
            blocks = self._archive.blocks(self._chapters[number - 1])
            parse(blocks, chapter, self._depth, advance=progress.advance, is_html=True)

    def draw(self, work: Work[DocumentParams]) -> PictureMade | None:
        return keep_carried(self._archive, self._cover, work) if self._cover in self._archive else None


class _Encryption:
    """Fonts may be obfuscated; a chapter that is encrypted can't be read."""

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "EncryptionMethod" and attributes.get("Algorithm") not in OBFUSCATED:
            raise Rejected("unsupported_input", "The document is encrypted: it can't be read without its key.")

    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


class _Container:
    def __init__(self) -> None:
        self.package = ""

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "rootfile" and not self.package:
            self.package = attributes.get("full-path", "")

    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


class _Package:
    def __init__(self, folder: str, findings: Findings) -> None:
        self._folder = folder
        self._findings = findings
        self.parts: dict[str, str] = {}
        self.order: list[str] = []
        self.cover = ""
        self._said: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        self._said.clear()
        if name == "item":
            target = posixpath.normpath(posixpath.join("/", self._folder, unescaped(attributes.get("href", ""))))
            self.parts[attributes.get("id", "")] = target.lstrip("/")
            if "cover-image" in attributes.get("properties", "").split():
                self.cover = attributes.get("id", "")
        elif name == "meta" and attributes.get("name") == "cover":  # EPUB 2
            self.cover = attributes.get("content", "")
        elif name == "itemref":
            self.order.append(attributes.get("idref", ""))

    def text(self, data: str) -> None:
        self._said.append(data)

    def end(self, name: str) -> None:
        said = "".join(self._said)
        self._said.clear()
        if name == "date":
            self._findings.say("created", iso_date(said))
        elif name in METADATA:
            self._findings.say(METADATA[name], said)


class _Chapter:
    """A block's text is a line; white space is what a browser makes of it."""

    def __init__(self, text: TextFile, findings: Findings, number: int) -> None:
        self._lines = Paragraphs(self._write, findings)
        self._file = text
        self._number = number
        self._unseen = 0
        self._kept = 0  # inside of `pre`

    def _write(self, line: str) -> None:
        if line.strip():
            self._file.write(line if self._kept else line.strip(" "))

    def start(self, name: str, attributes: Attributes) -> None:
        if self._unseen or name in UNSEEN:
            self._unseen += 1
            return
        if name in BLOCKS:
            self._lines.begin()
            self._kept += name == "pre"
        elif name == "br":
            self._lines.add("\n")
        elif name == "img" and (words := attribute(attributes, "alt")):
            self._lines.add(words)
        elif name == "table":
            self._lines.begin_table()
        elif name in ("td", "th"):
            self._lines.begin_cell()
            self._lines.begin()

    def end(self, name: str) -> None:
        if self._unseen:
            self._unseen -= 1
            return
        if name in BLOCKS:
            level = int(name[1]) if len(name) == 2 and name[0] == "h" and name[1].isdigit() else 0
            self._lines.end(level=level, bullet="- " if name == "li" else "", page=self._number)
            self._kept -= name == "pre"
        elif name in ("td", "th"):
            self._lines.end()
        elif name == "tr":
            self._lines.end_row()
        elif name == "table":
            self._lines.end_table()

    def text(self, data: str) -> None:
        if not self._unseen:
            self._lines.add(data if self._kept else _BLANKS.sub(" ", data))


def unescaped(path: str) -> str:
    """Of a URL's path (RFC 3986 §2.1)."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), path.encode()).decode("utf-8", "replace")
