"""A PDF and its pages, opened by PDFium (the extra `documents`), with its errors as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import pypdfium2 as pdfium
from pypdfium2 import raw

from processors.base import Rejected


@contextmanager
def open_pdf(file: BinaryIO) -> Iterator[Any]:
    """A `pypdfium2.PdfDocument` that reads from the file as it goes."""
    try:
        document = pdfium.PdfDocument(file)
    except pdfium.PdfiumError as wrong:
        raise _refusal(wrong.err_code) from wrong
    with document:
        yield document


def _refusal(code: int | None) -> Rejected:
    if code == raw.FPDF_ERR_PASSWORD:
        return Rejected("unsupported_input", "The document is encrypted: it can't be read without its password.")
    if code == raw.FPDF_ERR_SECURITY:
        return Rejected("unsupported_input", "The document is encrypted in a way that can't be read.")
    if code == raw.FPDF_ERR_SUCCESS:
        return Rejected("corrupt_input", "The document has no pages.")
    return Rejected("corrupt_input", "The document is damaged: PDFium can't read it.")


@contextmanager
def page_of(document: Any, number: int) -> Iterator[Any]:
    """The page, from 1. Raises `Rejected` for one that can't be read."""
    try:
        page = document[number - 1]
    except pdfium.PdfiumError as wrong:
        raise Rejected("corrupt_input", f"Page {number:,} is damaged.") from wrong
    try:
        yield page
    finally:
        page.close()


def size_of(document: Any, number: int) -> tuple[float, float] | None:
    """Width and height of the page, from 1, to a tenth of a point; None for a page that can't be read."""
    size = raw.FS_SIZEF()
    if not raw.FPDF_GetPageSizeByIndexF(document, number - 1, size):
        return None
    return round(size.width, 1), round(size.height, 1)
