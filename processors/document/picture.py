"""A picture of a page, drawn by PDFium in steps, so that a cancel is heard between them."""

import time
from typing import Any

from PIL import Image
from pypdfium2 import PdfBitmap, raw
from pypdfium2.internal import set_callback

from processors.base import Rejected, Work
from processors.document.findings import Findings
from processors.document.images import keep
from processors.document.models import DocumentParams, PictureMade
from processors.document.pdf_file import page_of

STEP_SECONDS = 0.2
WHITE = (255, 255, 255, 255)
LEAST, MOST = 0.01, 100_000.0  # points, of a page that can be drawn


def draw_page(document: Any, work: Work[DocumentParams], findings: Findings) -> PictureMade:
    """The page as an output. Raises `Rejected`."""
    settings = work.params.picture
    findings.progress.begin("picture")
    if settings.page > len(document):
        raise Rejected("unsupported_input", f"There is no page {settings.page:,}; the last is {len(document):,}.")
    document.init_forms()
    with page_of(document, settings.page) as page:
        width, height = page.get_size()
        size = _fitting(width, height, settings.size)
        image = _drawn(document, page, size, findings)
    findings.progress.advance()
    return keep(image, f"page-{settings.page}", work, settings.page)


def _fitting(width: float, height: float, side: int) -> tuple[int, int]:
    if not LEAST < min(width, height) <= max(width, height) < MOST:
        raise Rejected("limit_exceeded", f"The page measures {width:.6g} by {height:.6g} points.")
    scale = side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _drawn(document: Any, page: Any, size: tuple[int, int], findings: Findings) -> Image.Image:
    bitmap = PdfBitmap.new_native(*size, format=raw.FPDFBitmap_BGRx)
    bitmap.fill_rect(WHITE, 0, 0, *size)
    place = (0, 0, *size, 0, raw.FPDF_ANNOT | raw.FPDF_RENDER_LIMITEDIMAGECACHE)
    pause = _Pause()
    status = raw.FPDF_RenderPageBitmap_Start(bitmap, page, *place, pause.struct)
    try:
        while status == raw.FPDF_RENDER_TOBECONTINUED:
            findings.progress.advance(0)
            pause.begin()
            status = raw.FPDF_RenderPage_Continue(page, pause.struct)
    finally:
        raw.FPDF_RenderPage_Close(page)
    if status != raw.FPDF_RENDER_DONE:
        raise Rejected("corrupt_input", "The page can't be drawn.")
    if document.formenv:
        raw.FPDF_FFLDraw(document.formenv, bitmap, page, *place)
    image = Image.frombuffer("RGB", size, bytes(bitmap.buffer), "raw", "BGRX", bitmap.stride, 1)
    bitmap.close()
    return image


class _Pause:
    """PDFium asks it whether to stop for a while."""

    def __init__(self) -> None:
        self.struct = raw.IFSDK_PAUSE(version=1)
        set_callback(self.struct, "NeedToPauseNow", lambda _: int(time.monotonic() > self._until))
        self.begin()

    def begin(self) -> None:
        self._until = time.monotonic() + STEP_SECONDS
