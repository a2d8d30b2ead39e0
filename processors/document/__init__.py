"""Documents: their text, what they say of themselves, what is risky in them, and a picture of a page."""

import codecs

from processors import webp
from processors.base import Work
from processors.document.models import LIMITS, MEDIA_TYPES, DocumentParams, DocumentResult


class DocumentProcessor:
    kind = "document"
    version = "1.0"
    media_types = MEDIA_TYPES
    limits = LIMITS
    Params = DocumentParams
    Result = DocumentResult

    def warm(self) -> None:
        """Python imports a codec when it is first used, and a cell may have no file system to import it from."""
        from processors.document import pipeline  # with it Pillow, and PDFium where it is installed

        pipeline.pdf_reading()
        webp.warm()
        for codec in ("cp437", "utf-16-le"):  # of names in archives, and of PDFium's texts
            codecs.lookup(codec)

    def process(self, work: Work[DocumentParams]) -> DocumentResult:
        from processors.document import pipeline

        return pipeline.run(work)


processor = DocumentProcessor()
