"""Two documents for the samples, written by hand: a page of PDF with a picture in it, and a report in DOCX."""

import io
import re
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

from scripts.sample_scene import paint

PICTURE_SIZE = (900, 480)
TITLE = "An evening at the lake"
PARAGRAPHS = (
    "We came down to the lake when the sun stood a hand above the hills. The water was",
    "so still that one could not tell where the far shore ended. Zoë said that she had never",
    "seen it like this – and she has lived here for thirty years. We stayed for two hours;",
    "the ferry (5 €, every forty minutes) went back and forth without us.",
)
TABLE = (("hour", "water, °C", "wind"), ("18:00", "21.5", "none"), ("20:00", "20.9", "from the west"))
STAMP = (2026, 6, 21, 21, 14, 4)
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CONTENT_TYPES = "application/vnd.openxmlformats-officedocument.wordprocessingml"


def make_pdf() -> bytes:
    """PDF 1.7 with a cross-reference table, the fonts that every reader has, and a JPEG as it is."""
    picture = io.BytesIO()
    paint(PICTURE_SIZE, 0.45).save(picture, "JPEG", quality=60, optimize=True)
    width, height = PICTURE_SIZE
    image = (
        f"/Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent 8/ColorSpace/DeviceRGB"
        "/Filter/DCTDecode"
    )
    font = "<</Type/Font/Subtype/Type1/BaseFont/{}/Encoding/WinAnsiEncoding>>"
    return _pdf(
        b"<</Type/Catalog/Pages 2 0 R/Lang(en)/Outlines 8 0 R>>",
        b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</Title 5 0 R/Text 6 0 R>>/XObject<</Lake 7 0 R>>>>>>",
        _stream(_drawn(), ""),
        font.format("Helvetica-Bold").encode(),
        font.format("Times-Roman").encode(),
        _stream(picture.getvalue(), image),
        b"<</Type/Outlines/First 9 0 R/Last 9 0 R/Count 1>>",
        f"<</Title({TITLE})/Parent 8 0 R/Dest[3 0 R/Fit]>>".encode(),
        f"<</Title({TITLE})/Author(Dropoff)/CreationDate(D:20260621211405+02'00')>>".encode(),
    )


def _drawn() -> bytes:
    """The content of the page."""
    escaped = [re.sub(r"([()])", r"\\\1", line) for line in PARAGRAPHS]
    lines = "".join(f"({line}) Tj T*\n" for line in escaped)
    return (
        f"BT /Title 26 Tf 60 750 Td ({TITLE}) Tj ET\nBT /Text 13 Tf 19 TL 60 700 Td\n{lines}ET\n"
        "q 475 0 0 253 60 340 cm /Lake Do Q\n"
    ).encode("cp1252")


def _stream(data: bytes, extra: str) -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (extra.encode(), len(data), data)


def _pdf(*objects: bytes) -> bytes:
    """The first object is the catalogue, and the last one tells of the document."""
    data = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
    table = b"0000000000 65535 f \n"
    for number, content in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    count = len(objects)
    trailer = b"trailer\n<</Size %d/Root 1 0 R/Info %d 0 R>>\n" % (count + 1, count)
    return data + b"xref\n0 %d\n%s%sstartxref\n%d\n%%%%EOF\n" % (count + 1, table, trailer, len(data))


def make_docx() -> bytes:
    """With a title, headings, a table and a footnote; the same bytes in every run."""
    text = " ".join(PARAGRAPHS)
    body = (
        _paragraph(TITLE, "Title")
        + _paragraph("What we saw", "Heading1")
        + _paragraph(text, note=True)
        + _paragraph("What we measured", "Heading1")
        + f"<w:tbl>{''.join(map(_row, TABLE))}</w:tbl>"
    )
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations("officeDocument", "word/document.xml", "core-properties", "docProps/core.xml"),
        "docProps/core.xml": _core(),
        "word/document.xml": _part("document", f"<w:body>{body}</w:body>"),
        "word/_rels/document.xml.rels": _relations("styles", "styles.xml", "footnotes", "footnotes.xml"),
        "word/styles.xml": _part("styles", _style("Title", "Title") + _style("Heading1", "heading 1")),
        "word/footnotes.xml": _part(
            "footnotes", f'<w:footnote w:id="1">{_paragraph("It had been colder the year before.")}</w:footnote>'
        ),
    }
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in parts.items():
            file.writestr(zipfile.ZipInfo(name, STAMP), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _core() -> str:
    """What the document says of itself."""
    return (
        f'<?xml version="1.0"?>\n<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">'
        f"<dc:title>{TITLE}</dc:title><dc:creator>Dropoff</dc:creator>"
        "<dcterms:created>2026-06-21T19:14:05Z</dcterms:created></cp:coreProperties>"
    )


def _paragraph(text: str, style: str = "", *, note: bool = False) -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    reference = '<w:r><w:footnoteReference w:id="1"/></w:r>' if note else ""
    return f"<w:p>{properties}<w:r><w:t>{escape(text)}</w:t></w:r>{reference}</w:p>"


def _row(cells: Sequence[str]) -> str:
    return f"<w:tr>{''.join(f'<w:tc>{_paragraph(cell)}</w:tc>' for cell in cells)}</w:tr>"


def _style(identifier: str, name: str) -> str:
    return f'<w:style w:type="paragraph" w:styleId="{identifier}"><w:name w:val="{name}"/></w:style>'


def _part(element: str, content: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<w:{element} xmlns:w="{WORD}">{content}</w:{element}>'


def _relations(*pairs: str) -> str:
    rows = "".join(
        f'<Relationship Id="r{n}" Type="{RELATIONS}/{sort}" Target="{target}"/>'
        for n, (sort, target) in enumerate(zip(pairs[::2], pairs[1::2], strict=True), 1)
    )
    return f'<?xml version="1.0"?>\n<Relationships xmlns="{PACKAGE}/relationships">{rows}</Relationships>'


def _content_types() -> str:
    sorts = {"document": "document.main", "styles": "styles", "footnotes": "footnotes"}
    rows = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{CONTENT_TYPES}.{sort}+xml"/>'
        for name, sort in sorts.items()
    )
    default = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return f'<?xml version="1.0"?>\n<Types xmlns="{PACKAGE}/content-types">{default}{rows}</Types>'
