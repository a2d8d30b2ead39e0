"""The way of a document: recognise, describe, read the text, draw a page."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import Protocol, cast

from processors.base import Rejected, Work
from processors.document.archive import Archive
from processors.document.book import BookReader
from processors.document.findings import Findings
from processors.document.models import OPEN_DOCUMENT, DocumentParams, DocumentResult, Format, PictureMade
from processors.document.open_document import OpenDocumentReader
from processors.document.package import Package
from processors.document.progress import Progress
from processors.document.sheets import SheetsReader
from processors.document.slides import SlidesReader
from processors.document.word import WordReader
from processors.document.writing import TextFile

NO_PDF = "This is a PDF, for which Dropoff needs an extra: pip install 'dropoff[documents]'."
HEAD_BYTES = 1024  # in which a PDF's header may stand (ISO 32000-1, annex H)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MIMETYPE = "mimetype"
OPEN_FORMATS: dict[str, Format] = {
    f"{OPEN_DOCUMENT}.text": "odt",
    f"{OPEN_DOCUMENT}.presentation": "odp",
    f"{OPEN_DOCUMENT}.spreadsheet": "ods",
}


class Reader(Protocol):
    """One sort of document. What it finds goes into the findings."""

    def describe(self) -> None:
        """Format, pages, metadata, outline, risks."""
        ...

    def read(self, text: TextFile) -> None: ...

    def draw(self, work: Work[DocumentParams]) -> PictureMade | None: ...


MAIN_PARTS: dict[str, Callable[[Package, Findings], Reader]] = {
    "word/": WordReader,
    "ppt/": SlidesReader,
    "xl/": SheetsReader,
}


@cache
def pdf_reading() -> ModuleType | None:
    """What reads PDF, or None where the extra is not installed. Asked first by `warm`: a cell doesn't look again."""
    if find_spec("pypdfium2") is None:
        return None
    from processors.document import pdf

    return pdf


def run(work: Work[DocumentParams]) -> DocumentResult:
    findings = Findings(work.params, Progress(work))
    findings.progress.begin("opening")
    with ExitStack() as files:
        reader = _recognised(work, files, findings)
        reader.describe()
        if "text" in work.params.operations:
            _read(work, reader, findings)
        if "picture" in work.params.operations:
            with findings.tolerance.tolerating("picture"):
                findings.picture = reader.draw(work)
    return findings.result()


def _read(work: Work[DocumentParams], reader: Reader, findings: Findings) -> None:
    text = TextFile(work)
    try:
        with findings.tolerance.tolerating("text"):
            reader.read(text)
    finally:
        findings.text, findings.preview = text.close(), text.preview()


def _recognised(work: Work[DocumentParams], files: ExitStack, findings: Findings) -> Reader:
    """What is opened is closed with `files`."""
    file = files.enter_context(work.open())
    head = file.read(HEAD_BYTES)
    if not head:
        raise Rejected("corrupt_input", "The file is empty.")
    if head.startswith(b"PK"):
        return _archived(Archive(file, work.params.limits), findings)
    if b"%PDF-" in head:
        pdf = pdf_reading()
        if pdf is None:
            raise Rejected("unsupported_input", NO_PDF)
        return cast(Reader, files.enter_context(pdf.reader(file, findings)))
    if head.startswith(OLE):
        words = "This is an office document from before 2007, or one that is encrypted: neither can be read."
        raise Rejected("unsupported_input", words)
    raise Rejected("unsupported_input", "This is neither a PDF nor an office document.")


def _archived(archive: Archive, findings: Findings) -> Reader:
    if MIMETYPE in archive:
        media_type = archive.read(MIMETYPE, 200).decode("ascii", "replace").strip()
        if media_type in OPEN_FORMATS:
            return OpenDocumentReader(archive, findings, OPEN_FORMATS[media_type])
        if media_type == "application/epub+zip":
            return BookReader(archive, findings)
    elif "_rels/.rels" in archive:
        package = Package(archive, findings)
        for folder, reader in MAIN_PARTS.items():
            if package.main.lower().startswith(folder) and package.main.lower().endswith(".xml"):
                return reader(package, findings)
    raise Rejected("unsupported_input", "The archive is no document of a sort that is read here.")
