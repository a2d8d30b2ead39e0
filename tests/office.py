"""Office documents made by hand, sound and hostile, so that what is in them is known to the byte."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
HEADER = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n"

Parts = Mapping[str, str | bytes]


def zipped(parts: Parts, stored: Sequence[str] = (), method: int = zipfile.ZIP_DEFLATED) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, content in parts.items():
            member = zipfile.ZipInfo(name, (2026, 6, 21, 12, 0, 0))
            file.writestr(member, content, zipfile.ZIP_STORED if name in stored else method)
    return archive.getvalue()


def relations(*rows: tuple[str, str], outside: Sequence[tuple[str, str]] = ()) -> str:
    """Rows of (sort, target); the first is rId1."""
    inside = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{sort}" Target={quoteattr(target)}/>'
        for n, (sort, target) in enumerate(rows, 1)
    )
    beyond = "".join(
        f'<Relationship Id="x{n}" Type="{RELATIONS}/{sort}" Target={quoteattr(target)} TargetMode="External"/>'
        for n, (sort, target) in enumerate(outside)
    )
    return f'{HEADER}<Relationships xmlns="{PACKAGE}/relationships">{inside}{beyond}</Relationships>'


def package(main: str, content_type: str, parts: Parts, *more: tuple[str, str]) -> bytes:
    types = (
        f'{HEADER}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{content_type}"/></Types>'
    )
    root = relations(("officeDocument", main), ("core-properties", "docProps/core.xml"), *more)
    return zipped({"[Content_Types].xml": types, "_rels/.rels": root, "docProps/core.xml": CORE, **parts})


CORE = (
    f'{HEADER}<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>Annual report</dc:title><dc:creator>Ada Lovelace</dc:creator>'
    "<cp:lastModifiedBy>Charles</cp:lastModifiedBy><dcterms:created>2026-06-21T21:14:05Z</dcterms:created>"
    "<dcterms:modified>2026-06-22T08:00:00Z</dcterms:modified></cp:coreProperties>"
)

# -- DOCX


def paragraph(text: str, style: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f'<w:p>{properties}<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def table(rows: Sequence[Sequence[str]]) -> str:
    lines = "".join(f"<w:tr>{''.join(f'<w:tc>{paragraph(cell)}</w:tc>' for cell in row)}</w:tr>" for row in rows)
    return f"<w:tbl>{lines}</w:tbl>"


def word_part(element: str, content: str) -> str:
    return f'{HEADER}<w:{element} xmlns:w="{WORD}" xmlns:r="{RELATIONS}">{content}</w:{element}>'


STYLES = word_part(
    "styles",
    '<w:style w:styleId="Kop1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="Kop2"><w:name w:val="heading 2"/></w:style>',
)


def docx(
    body: str, parts: Parts | None = None, *rows: tuple[str, str], outside: Sequence[tuple[str, str]] = ()
) -> bytes:
    document = {
        "word/document.xml": word_part("document", f"<w:body>{body}</w:body>"),
        "word/styles.xml": STYLES,
        "word/_rels/document.xml.rels": relations(("styles", "styles.xml"), *rows, outside=outside),
    }
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    return package("word/document.xml", kind, {**document, **(parts or {})})


# -- XLSX


def sheet_part(content: str, element: str = "worksheet") -> str:
    return f'{HEADER}<{element} xmlns="{SHEET}" xmlns:r="{RELATIONS}">{content}</{element}>'


def xlsx(
    sheets: Mapping[str, str], strings: Sequence[str] = (), styles: str = "", *, parts: Parts | None = None
) -> bytes:
    """`sheets` are names with the XML of their rows."""
    names = "".join(f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(sheets, 1))
    rows = [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)]
    rows += [("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")]
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
    document = {
        "xl/workbook.xml": sheet_part(f"<sheets>{names}</sheets>", "workbook"),
        "xl/_rels/workbook.xml.rels": relations(*rows),
        "xl/sharedStrings.xml": sheet_part(shared, "sst"),
        "xl/styles.xml": sheet_part(styles, "styleSheet"),
        **{
            f"xl/worksheets/sheet{n}.xml": sheet_part(f"<sheetData>{content}</sheetData>")
            for n, content in enumerate(sheets.values(), 1)
        },
    }
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
    return package("xl/workbook.xml", kind, {**document, **(parts or {})})


# -- PPTX


def shape(text: str, placeholder: str = "body") -> str:
    paragraphs = "".join(f"<a:p><a:r><a:t>{escape(line)}</a:t></a:r></a:p>" for line in text.split("\n"))
    kind = f'<p:nvSpPr><p:nvPr><p:ph type="{placeholder}"/></p:nvPr></p:nvSpPr>'
    return f"<p:sp>{kind}<p:txBody>{paragraphs}</p:txBody></p:sp>"


def slide_part(element: str, content: str) -> str:
    return (
        f'{HEADER}<p:{element} xmlns:p="{SLIDE}" xmlns:a="{DRAWING}" xmlns:r="{RELATIONS}">'
        f"<p:cSld><p:spTree>{content}</p:spTree></p:cSld></p:{element}>"
    )


def pptx(slides: Sequence[str], notes: Mapping[int, str] | None = None) -> bytes:
    """`slides` are shapes; `notes` are by the numbers of their slides, from 1. The slides' files are in reverse."""
    count = len(slides)
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="rId{n}"/>' for n in range(1, count + 1))
    parts = {
        "ppt/presentation.xml": f'{HEADER}<p:presentation xmlns:p="{SLIDE}" xmlns:r="{RELATIONS}">'
        f"<p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            *(("slide", f"slides/slide{count + 1 - n}.xml") for n in range(1, count + 1))
        ),
    }
    for n, content in enumerate(slides, 1):
        parts[f"ppt/slides/slide{count + 1 - n}.xml"] = slide_part("sld", content)
    for n, text in (notes or {}).items():
        name = f"slide{count + 1 - n}.xml"
        parts[f"ppt/slides/_rels/{name}.rels"] = relations(("notesSlide", f"../notesSlides/notes{n}.xml"))
        parts[f"ppt/notesSlides/notes{n}.xml"] = slide_part("notes", shape("7", "sldNum") + shape(text))
    kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
    return package("ppt/presentation.xml", kind, parts)


# -- OpenDocument and EPUB

ODF = "urn:oasis:names:tc:opendocument:xmlns"
NAMESPACES = " ".join(
    f'xmlns:{one}="{ODF}:{one}:1.0"'
    for one in ("office", "text", "table", "draw", "presentation", "meta", "style", "number")
)


def open_document(sort: str, content: str, parts: Parts | None = None) -> bytes:
    """`sort` is text, spreadsheet or presentation."""
    inner = f"<office:body><office:{sort}>{content}</office:{sort}></office:body>"
    body = f"{HEADER}<office:document-content {NAMESPACES}>{inner}</office:document-content>"
    meta = (
        f'{HEADER}<office:document-meta {NAMESPACES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
        "<dc:title>Minutes</dc:title><meta:initial-creator>Grace</meta:initial-creator>"
        "<meta:creation-date>2026-06-21T21:14:05.25</meta:creation-date>"
        '<meta:document-statistic meta:page-count="3"/></office:meta></office:document-meta>'
    )
    first = {"mimetype": f"application/vnd.oasis.opendocument.{sort}"}
    return zipped({**first, "content.xml": body, "meta.xml": meta, **(parts or {})}, stored=["mimetype"])


def epub(chapters: Sequence[str], parts: Parts | None = None, extra: str = "") -> bytes:
    """`chapters` are the insides of bodies."""
    items = "".join(f'<item id="c{n}" href="text/chapter%20{n}.xhtml"/>' for n in range(len(chapters)))
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    opf = (
        f'{HEADER}<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata><dc:title>Walden</dc:title><dc:creator>Thoreau</dc:creator><dc:language>en</dc:language></metadata>"
        f"<manifest>{items}{extra}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    )
    doctype = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
    html = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>no</title></head><body>{}</body></html>'
    texts = {
        f"OEBPS/text/chapter {n}.xhtml": f"<?xml version='1.0'?>{doctype}{html.format(body)}"
        for n, body in enumerate(chapters)
    }
    first = {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "OEBPS/book.opf": opf}
    return zipped({**first, **texts, **(parts or {})}, stored=["mimetype"])
