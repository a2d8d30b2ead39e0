"""PDF by PDFium: what it says of itself, its text page by page, and what is risky in it."""

import ctypes
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from pypdfium2 import raw

from processors.base import Work
from processors.document import picture
from processors.document.findings import OUTLINE_MOST, Findings, pdf_date, selected
from processors.document.models import DocumentParams, PictureMade
from processors.document.pdf_file import open_pdf, page_of, size_of
from processors.document.writing import TextFile

METADATA = {
    "Title": "title",
    "Author": "author",
    "Subject": "subject",
    "Keywords": "keywords",
    "Creator": "creator",
    "Producer": "producer",
    "CreationDate": "created",
    "ModDate": "modified",
}
PERMISSIONS = {4: "print", 8: "modify", 16: "copy", 32: "annotate", 256: "fill_forms", 1024: "assemble"}
VALUE_BYTES = 1 << 20  # what a title or so may have at most
OUTLINE_DEPTH = 15
LINKS_MOST = 1000  # of a page
SCAN_BYTES = 1 << 20
HYPHEN = "￾"  # PDFium's sign for one that a line was broken at

Ask = Callable[[Any, int], int]


def _name(word: str) -> bytes:
    """A pattern for a PDF name, whose letters may be written as numbers (ISO 32000-1 §7.3.5)."""
    return b"/" + b"".join(b"(?:%c|#%02x|#%02X)" % (letter, letter, letter) for letter in word.encode())


_SCRIPT, _LAUNCH = re.compile(_name("JavaScript")), re.compile(_name("Launch"))
LONGEST_NAME = 3 * len("/JavaScript")


@contextmanager
def reader(file: BinaryIO, findings: Findings) -> Iterator["PdfReader"]:
    with open_pdf(file) as document:
        yield PdfReader(document, file, findings)


class PdfReader:
    def __init__(self, document: Any, file: BinaryIO, findings: Findings) -> None:
        """`file` is the one that PDFium reads from: it seeks before it does."""
        self._document = document
        self._file = file
        self._findings = findings
        findings.format = "pdf"

    def describe(self) -> None:
        findings, document = self._findings, self._document
        findings.pages = len(document)
        version = document.get_version()
        findings.version = f"{version // 10}.{version % 10}" if version else None
        for key, name in METADATA.items():
            value = _text(partial(raw.FPDF_GetMetaText, document, key.encode()))
            findings.say(name, pdf_date(value) if name in ("created", "modified") else value)
        for mark in islice(document.get_toc(OUTLINE_DEPTH), OUTLINE_MOST):
            title = _text(partial(raw.FPDFBookmark_GetTitle, mark))
            target = mark.get_dest()
            place = target.get_index() if target else None
            findings.heading(mark.level + 1, title, None if place is None else place + 1)
        for number in self._chosen():
            if size := size_of(document, number):
                findings.sizes[size] += 1
            findings.progress.advance(0)
        self._look_for_risks()

    def _chosen(self) -> Sequence[int]:
        return selected(self._findings.params.pages, len(self._document))[: self._findings.params.limits.max_pages]

    def _look_for_risks(self) -> None:
        document, security = self._document, self._findings.security
        has_script, security.has_launch_actions = _in_plain_sight(self._file, self._findings)
        security.has_javascript = has_script or raw.FPDFDoc_GetJavaScriptActionCount(document) > 0
        security.attachments = max(0, document.count_attachments())
        security.has_forms = document.get_formtype() != raw.FORMTYPE_NONE
        if raw.FPDF_GetSecurityHandlerRevision(document) >= 0:
            security.encrypted = True
            flags = raw.FPDF_GetDocPermissions(document)
            security.permissions = [name for bit, name in PERMISSIONS.items() if flags & bit]
        if security.has_javascript:
            self._findings.note("It has scripts (JavaScript), which were not run.")
        if security.attachments:
            self._findings.note(f"Other files are embedded in it: {security.attachments}.")

    def read(self, text: TextFile) -> None:
        findings = self._findings
        wants_picture = "picture" in findings.params.operations
        findings.progress.plan(len(self._chosen()) + wants_picture, "pages")
        for number in findings.pages_to_read(len(self._document)):
            findings.progress.begin("text")
            text.begin_page()
            with page_of(self._document, number) as page:
                content = page.get_textpage()
                text.write(content.get_text_bounded(errors="replace").replace("\r\n", "\n").replace(HYPHEN, "-"))
                content.close()
                self._findings.security.has_launch_actions |= _launches(page)
            findings.progress.advance()
        if findings.security.has_launch_actions:
            findings.note("It would start a program or open another file (a launch action).")

    def draw(self, work: Work[DocumentParams]) -> PictureMade:
        return picture.draw_page(self._document, work, self._findings)


def _text(ask: Ask) -> str:
    """What PDFium tells in UTF-16, asked for its length first."""
    size = ask(None, 0)
    if not 2 < size <= VALUE_BYTES:
        return ""
    buffer = ctypes.create_string_buffer(size)
    ask(buffer, size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def _launches(page: Any) -> bool:
    """Whether a link on the page would start something."""
    place, link = ctypes.c_int(0), raw.FPDF_LINK()
    for _ in range(LINKS_MOST):
        if not raw.FPDFLink_Enumerate(page, place, link):
            return False
        if raw.FPDFAction_GetType(raw.FPDFLink_GetAction(link)) == raw.PDFACTION_LAUNCH:
            return True
    return False


def _in_plain_sight(file: BinaryIO, findings: Findings) -> tuple[bool, bool]:
    """Whether the names of scripts and of launch actions stand in the file outside of what is compressed."""
    has_script = has_launch = False
    rest = b""
    file.seek(0)
    while block := file.read(SCAN_BYTES):
        data = rest + block
        has_script = has_script or _SCRIPT.search(data) is not None
        has_launch = has_launch or _LAUNCH.search(data) is not None
        rest = data[-LONGEST_NAME:]
        findings.progress.advance(0)
    return has_script, has_launch
