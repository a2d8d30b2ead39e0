"""The Open Packaging Conventions under DOCX, PPTX and XLSX (ISO/IEC 29500-2): parts, their relations, and metadata.

A relation is looked up by its name in the same archive, or else is told of. None is ever followed outside.
"""

import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from processors.base import Rejected, Work
from processors.document.archive import Archive
from processors.document.findings import Findings, iso_date
from processors.document.images import keep_carried
from processors.document.models import DocumentParams, PictureMade
from processors.document.xml_stream import Attributes, Handler, attribute, parse

# Relations that lie elsewhere in every second document, and are followed by nobody unasked.
HYPERLINK = "hyperlink"
METADATA = {
    "title": "title",
    "creator": "author",
    "subject": "subject",
    "description": "subject",
    "keywords": "keywords",
    "language": "language",
    "lastModifiedBy": "modified_by",
    "created": "created",
    "modified": "modified",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """`sort` is the last word of its type, and `target` the name of a part."""

    sort: str
    target: str


class Package:
    """What the readers of the three formats share. `main` is the part where the document begins."""

    def __init__(self, archive: Archive, findings: Findings) -> None:
        self.archive = archive
        self.findings = findings
        self.params = findings.params
        mains = [one for one in self.relations("").values() if one.sort == "officeDocument"]
        if not mains:
            raise Rejected("corrupt_input", "The archive doesn't say where its document begins.")
        self.main = mains[0].target

    def relations(self, part: str) -> dict[str, Relation]:
        """Of a part by their ids, less those that lead outside; of the whole package for an empty name."""
        folder, name = posixpath.split(part)
        table = posixpath.join(folder, "_rels", f"{name}.rels")
        if table not in self.archive:
            return {}
        found = _Relations(folder)
        self.parse(table, found)
        return found.inside

    def related(self, part: str, sort: str) -> Sequence[str]:
        return [one.target for one in self.relations(part).values() if one.sort == sort and one.target in self.archive]

    def parse(self, part: str, handler: Handler, advance: Callable[[int], None] = lambda _: None) -> None:
        parse(self.archive.blocks(part), handler, self.params.limits.max_depth, advance=advance)

    def read(self, part: str, handler: Handler) -> None:
        """As `parse`, for the parts that make up the text: they count for the progress."""
        self.parse(part, handler, self.findings.progress.advance)

    def describe(self) -> None:
        for sort in ("core-properties", "extended-properties"):
            for part in self.related("", sort)[:1]:
                self.parse(part, Properties(self.findings, METADATA))
        security, names = self.findings.security, list(self.archive.names())
        security.has_macros = any(name.endswith("vbaproject.bin") for name in names)
        security.attachments = sum("/embeddings/" in name or "/activex/activex" in name for name in names)
        outside = [sort for name in names if name.endswith(".rels") for sort in self._outside(name)]
        security.external_links = len(outside)
        for words in (
            "It has macros." if security.has_macros else "",
            f"Other files are embedded in it: {security.attachments}." if security.attachments else "",
            f"Parts of it lie elsewhere: {', '.join(sorted(set(outside))[:5])}." if outside else "",
        ):
            if words:
                self.findings.note(words)

    def draw(self, work: Work[DocumentParams]) -> PictureMade | None:
        """The thumbnail, if the program left one."""
        parts = self.related("", "thumbnail")
        return keep_carried(self.archive, parts[0], work) if parts else None

    def _outside(self, table: str) -> Iterator[str]:
        found = _Relations("")
        self.parse(table, found)
        yield from (sort for sort in found.outside if sort != HYPERLINK)


class _Relations:
    def __init__(self, folder: str) -> None:
        self._folder = folder
        self.inside: dict[str, Relation] = {}
        self.outside: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        if name != "Relationship":
            return
        sort = attributes.get("Type", "").rpartition("/")[2][:40]
        if attributes.get("TargetMode") == "External":
            self.outside.append(sort)
            return
        target = posixpath.normpath(posixpath.join("/", self._folder, attributes.get("Target", "")))
        self.inside[attributes.get("Id", "")] = Relation(sort, target.lstrip("/"))

    def end(self, name: str) -> None: ...
    def text(self, data: str) -> None: ...


class Properties:
    """Elements that hold one text each; `names` says which of `Metadata` they are."""

    def __init__(self, findings: Findings, names: dict[str, str]) -> None:
        self._findings = findings
        self._names = names
        self._said: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        self._said.clear()
        pages = attribute(attributes, "page-count")
        if name == "document-statistic" and pages:
            self._count(pages)

    def text(self, data: str) -> None:
        self._said.append(data)

    def end(self, name: str) -> None:
        said = "".join(self._said)
        self._said.clear()
        match name:
            case "Application" | "generator":
                self._findings.say("creator", said)
            case "Pages":
                self._count(said)
            case _ if (field := self._names.get(name)) in ("created", "modified"):
                self._findings.say(field, iso_date(said))
            case _ if field:
                self._findings.say(field, said)

    def _count(self, pages: str) -> None:
        if self._findings.format in ("docx", "odt") and pages.isdecimal() and len(pages) < 8:
            self._findings.pages = int(pages)
