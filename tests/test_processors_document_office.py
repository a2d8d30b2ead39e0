"""DOCX, PPTX, XLSX, OpenDocument and EPUB: the text as it was written, its structure, and what is risky in it."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from processors.base import Rejected
from processors.document.cells import column, shown
from processors.document.findings import one_line
from tests.documents import read
from tests.office import (
    HEADER,
    NAMESPACES,
    SHEET,
    docx,
    epub,
    open_document,
    paragraph,
    pptx,
    relations,
    shape,
    sheet_part,
    table,
    word_part,
    xlsx,
)

TEXT_ONLY = {"operations": ["text"]}


# -- DOCX


def test_paragraphs_headings_lists_and_tables_of_a_docx_keep_their_structure(tmp_path: Path) -> None:
    body = (
        paragraph("Introduction", "Kop1")
        + paragraph("Some <words> & more")
        + "<w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>an item</w:t></w:r></w:p>"
        + paragraph("Details", "Kop2")
        + table([["a", "b"], ["1", ""], ["x\ty", "z"]])
        + "<w:p><w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/><w:t>three</w:t></w:r></w:p>"
    )
    document = read(tmp_path, docx(body))
    assert document.text == (
        "# Introduction\nSome <words> & more\n- an item\n## Details\na\tb\n1\nx y\tz\none\ttwo\nthree\n"
    )
    assert [(entry.level, entry.title) for entry in document.result.outline] == [(1, "Introduction"), (2, "Details")]


def test_a_table_in_a_table_stays_in_its_cell(tmp_path: Path) -> None:
    inner = f"<w:tbl><w:tr><w:tc>{paragraph('in')}</w:tc><w:tc>{paragraph('side')}</w:tc></w:tr></w:tbl>"
    outer = f"<w:tbl><w:tr><w:tc>{paragraph('a')}{inner}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"
    assert read(tmp_path, docx(outer)).text == "a in side\tb\n"


def test_what_is_no_text_of_a_docx_is_left_out(tmp_path: Path) -> None:
    """Deleted and moved words, codes of fields, where tab stops are, and the old form of a text box."""
    body = (
        "<w:p><w:pPr><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr>"
        "<w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom>"
        "<w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:t>kept</w:t></w:r></w:p>"
        "<mc:AlternateContent xmlns:mc='m'><mc:Choice>" + paragraph("boxed") + "</mc:Choice>"
        "<mc:Fallback>" + paragraph("boxed") + "</mc:Fallback></mc:AlternateContent>"
    )
    assert read(tmp_path, docx(body)).text == "kept\nboxed\n"


@pytest.mark.parametrize(
    ("notes", "text"), [(True, "words\n\n# Footnotes\nbelow\n\n# Comments\nbeside\n"), (False, "words\n")]
)
def test_notes_and_comments_follow_the_body_unless_they_are_not_wanted(notes: bool, text: str, tmp_path: Path) -> None:
    separator = f'<w:footnote w:type="separator">{paragraph("")}</w:footnote>'
    parts = {
        "word/footnotes.xml": word_part("footnotes", f"{separator}<w:footnote>{paragraph('below')}</w:footnote>"),
        "word/comments.xml": word_part("comments", f"<w:comment>{paragraph('beside')}</w:comment>"),
    }
    data = docx(paragraph("words"), parts, ("footnotes", "footnotes.xml"), ("comments", "comments.xml"))
    assert read(tmp_path, data, {"notes": notes}).text == text


@pytest.mark.parametrize(
    ("headers", "end"), [(True, "\n# Headers and footers\nLetterhead\nThe first\nPage 1\n"), (False, "")]
)
def test_headers_and_footers_of_a_docx_come_last(headers: bool, end: str, tmp_path: Path) -> None:
    parts = {
        "word/header1.xml": word_part("hdr", paragraph("") + paragraph("Letterhead")),
        "word/header2.xml": word_part("hdr", paragraph("The first")),
        "word/footer1.xml": word_part("ftr", paragraph("Page 1")),
    }
    related = (("footer", "footer1.xml"), ("header", "header1.xml"), ("header", "header2.xml"))
    assert read(tmp_path, docx(paragraph("words"), parts, *related), {"headers": headers}).text == f"words\n{end}"


def test_what_an_office_document_says_of_itself_is_told(tmp_path: Path) -> None:
    told = read(tmp_path, docx("")).result.metadata
    assert (told.title, told.author, told.modified_by) == ("Annual report", "Ada Lovelace", "Charles")
    assert told.created == datetime(2026, 6, 21, 21, 14, 5, tzinfo=UTC)


def test_macros_embedded_files_and_parts_elsewhere_are_told(tmp_path: Path) -> None:
    parts = {"word/vbaProject.bin": b"x", "word/embeddings/oleObject1.bin": b"x"}
    outside = [("hyperlink", "http://127.0.0.1/"), ("attachedTemplate", "http://127.0.0.1/evil.dotm")]
    result = read(tmp_path, docx(paragraph("x"), parts, outside=outside)).result
    assert (result.security.has_macros, result.security.attachments, result.security.external_links) == (True, 1, 1)
    assert "attachedTemplate" in " ".join(result.warnings)
    assert len(result.warnings) == 3


def test_a_field_that_starts_programs_is_told(tmp_path: Path) -> None:
    body = '<w:p><w:r><w:instrText> DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc"</w:instrText></w:r></w:p>'
    assert "DDE" in read(tmp_path, docx(body)).result.warnings[0]


WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs", "M")), max_size=40)


@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, max_size=8), st.lists(st.lists(WORDS, min_size=1, max_size=3), max_size=3))
def test_what_is_written_into_a_docx_is_read_from_it(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], rows: list[list[str]]
) -> None:
    document = read(tmp_path_factory.mktemp("docx"), docx("".join(map(paragraph, lines)) + table(rows)), TEXT_ONLY)
    cells = ["\t".join(" ".join(cell.split()) for cell in row).rstrip("\t") for row in rows]
    assert document.text == ("".join(f"{line}\n" for line in [*lines, *cells]) or "\n")
    assert document.result.text is not None
    assert document.result.text.words == len(document.text.split())


# -- PPTX


def test_slides_come_in_their_order_with_titles_and_notes(tmp_path: Path) -> None:
    data = pptx(
        [shape("Welcome", "ctrTitle") + shape("7", "sldNum") + shape("one\ntwo"), shape("End", "title")],
        notes={1: "say hello"},
    )
    document = read(tmp_path, data)
    assert document.text == "# Welcome\none\ntwo\n\nNotes:\nsay hello\n\f# End\n"
    assert [(entry.title, entry.page) for entry in document.result.outline] == [("Welcome", 1), ("End", 2)]
    assert document.result.pages == 2
    assert "hello" not in read(tmp_path, data, {"notes": False}).text


# -- XLSX

DATES = (
    '<numFmts><numFmt numFmtId="200" formatCode="yyyy&quot; day &quot;mm"/>'
    '<numFmt numFmtId="201" formatCode="0.0&quot;d&quot;"/>'
    '</numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="200"/><xf numFmtId="201"/></cellXfs>'
)


def test_sheets_are_rows_of_cells_with_tabs_between_them(tmp_path: Path) -> None:
    first = (
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c></row>'
        '<row r="2"><c r="A2"><v>1.5</v></c><c r="B2" t="b"><v>1</v></c><c r="C2" t="e"><v>#N/A</v></c></row>'
        '<row r="5"><c r="A5" s="1"><v>46194.5</v></c><c r="B5" s="2"><v>60</v></c><c r="C5" s="3"><v>7</v></c></row>'
        '<row r="6"><c r="A6" t="str"><f>A1&amp;"x"</f><v>one\nline</v></c><c r="B6" s="1"/></row>'
    )
    second = '<row><c t="inlineStr"><is><t>in</t><rPh><t>yomi</t></rPh><t>line</t></is></c></row>'
    data = xlsx({"Data": first, "More & more": second}, ["Zoë", "total"], DATES)
    document = read(tmp_path, data)
    assert document.text == (
        "# Data\nZoë\t\ttotal\n1.5\tTRUE\t#N/A\n2026-06-21 12:00:00\t1900-02-28\t7\none line\n\f# More & more\ninline\n"
    )
    assert [entry.title for entry in document.result.outline] == ["Data", "More & more"]
    assert read(tmp_path, data, {"pages": "2"}).text == "# More & more\ninline\n"


@pytest.mark.parametrize(
    ("number", "epoch", "date"),
    [
        ("1", 1900, "1900-01-01"),
        ("59", 1900, "1900-02-28"),
        ("61", 1900, "1900-03-01"),
        ("0.75", 1900, "18:00:00"),
        ("46194", 1900, "2026-06-21"),
        ("44732", 1904, "2026-06-21"),
        ("44732.999999", 1904, "2026-06-22"),
        ("-1", 1900, "-1"),
        ("1e300", 1900, "1e300"),
        ("nan", 1900, "nan"),
        ("x", 1900, "x"),
    ],
)
def test_a_number_that_is_a_date_is_shown_as_one(number: str, epoch: int, date: str) -> None:
    assert shown(number, epoch) == date


@pytest.mark.parametrize(("reference", "place"), [("A1", 0), ("Z9", 25), ("AA1", 26), ("XFD1048576", 16383), (None, 7)])
def test_a_cell_knows_its_column(reference: str | None, place: int) -> None:
    assert column(reference, 7, 16_384) == place


def test_comments_of_a_sheet_follow_its_rows(tmp_path: Path) -> None:
    said = sheet_part(
        '<commentList><comment ref="B2"><text><r><t>why?</t></r></text></comment></commentList>', "comments"
    )
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(("comments", "../comments1.xml")),
        "xl/comments1.xml": said,
    }
    data = xlsx({"a": "<row><c><v>1</v></c></row>"}, parts=parts)
    assert read(tmp_path, data).text == "# a\n1\n[B2] why?\n"
    assert SHEET in said


# -- OpenDocument


def test_the_text_of_an_odt_keeps_its_structure(tmp_path: Path) -> None:
    content = (
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
        '<text:h text:outline-level="2">Head</text:h>\n'
        '<text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d\n   e</text:p>'
        "<text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>"
        "<text:p>noted<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>aside</text:p>"
        "</text:note-body></text:note></text:p>"
        "<table:table><table:table-row><table:table-cell><text:p>1</text:p></table:table-cell>"
        "<table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table>"
    )
    document = read(tmp_path, open_document("text", content))
    assert document.text == "## Head\na   b\tc\nd e\n- item\n[note] aside\nnoted\n1\t2\n"
    assert "aside" not in read(tmp_path, open_document("text", content), {"notes": False}).text
    result = document.result
    assert (result.format, result.pages, result.metadata.title, result.metadata.author) == (
        "odt",
        3,
        "Minutes",
        "Grace",
    )
    assert [(entry.level, entry.title) for entry in result.outline] == [(2, "Head")]


@pytest.mark.parametrize(("headers", "end"), [(True, "\n# Headers and footers\nLetterhead\nPage 1\n"), (False, "")])
def test_headers_and_footers_of_an_odt_come_last(headers: bool, end: str, tmp_path: Path) -> None:
    """What their styles say of numbers is no text."""
    styles = (
        f"{HEADER}<office:document-styles {NAMESPACES}><office:styles><number:date-style>"
        "<number:text>-</number:text></number:date-style></office:styles><office:master-styles><style:master-page>"
        "<style:header><text:p/><text:p>Letterhead</text:p></style:header>"
        "<style:footer><text:p>Page <text:page-number>1</text:page-number></text:p></style:footer>"
        "</style:master-page></office:master-styles></office:document-styles>"
    )
    data = open_document("text", "<text:p>words</text:p>", {"styles.xml": styles})
    assert read(tmp_path, data, {"headers": headers}).text == f"words\n{end}"


def test_cells_of_an_ods_are_repeated_and_empty_ends_are_not(tmp_path: Path) -> None:
    def cell(text: str, times: int = 1) -> str:
        inner = f"<text:p>{text}</text:p>" if text else ""
        return f'<table:table-cell table:number-columns-repeated="{times}">{inner}</table:table-cell>'

    rows = (
        f"<table:table-row>{cell('a')}{cell('', 2)}{cell('b', 2)}{cell('', 16000)}</table:table-row>"
        f'<table:table-row table:number-rows-repeated="1000000">{cell("", 16384)}</table:table-row>'
        f'<table:table-row table:number-rows-repeated="2">{cell("z")}</table:table-row>'
    )
    sheets = "".join(f'<table:table table:name="{name}">{rows}</table:table>' for name in ("One", "Two"))
    document = read(tmp_path, open_document("spreadsheet", sheets), {"pages": "2"})
    assert document.text == "# Two\na\t\t\tb\tb\nz\nz\n"
    assert document.result.pages == 2


def test_slides_of_an_odp_are_pages(tmp_path: Path) -> None:
    page = (
        '<draw:page draw:name="p{0}"><text:p>on {0}</text:p>'
        "<presentation:notes><text:p>say {0}</text:p></presentation:notes></draw:page>"
    )
    document = read(tmp_path, open_document("presentation", page.format(1) + page.format(2)))
    assert document.text == "# p1\non 1\n[note] say 1\n\f# p2\non 2\n[note] say 2\n"


def test_an_encrypted_open_document_says_so(tmp_path: Path) -> None:
    manifest = "<manifest><file-entry><encryption-data/></file-entry></manifest>"
    with pytest.raises(Rejected, match="encrypted"):
        read(tmp_path, open_document("text", "", {"META-INF/manifest.xml": manifest}))


# -- EPUB


def test_chapters_come_in_their_order_without_what_is_not_shown(tmp_path: Path) -> None:
    chapters = [
        "<h1>One</h1><p>caf&eacute;&nbsp;au  lait<br/>noir</p><script>alert(1)</script><ul><li>item</li></ul>",
        "<pre>a\n  b</pre><table><tr><td>1</td><td><p>2</p></td></tr></table><img src='x.png' alt='a cat'/>",
    ]
    document = read(tmp_path, epub(chapters))
    assert document.text == "# One\ncafé\xa0au lait\nnoir\n- item\n\fa\n  b\n1\t2\na cat\n"
    result = document.result
    assert (result.format, result.pages, result.metadata.author, result.metadata.language) == (
        "epub",
        2,
        "Thoreau",
        "en",
    )


def test_an_encrypted_book_says_so_and_obfuscated_fonts_are_no_matter(tmp_path: Path) -> None:
    said = '<encryption><EncryptedData><EncryptionMethod Algorithm="{}"/></EncryptedData></encryption>'
    fonts = said.format("http://www.idpf.org/2008/embedding")
    assert read(tmp_path, epub(["<p>x</p>"], {"META-INF/encryption.xml": fonts})).text == "x\n"
    with pytest.raises(Rejected, match="encrypted"):
        read(
            tmp_path,
            epub(["x"], {"META-INF/encryption.xml": said.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}),
        )


# -- the picture that a document carries


def picture(size: tuple[int, int], form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, form)
    return file.getvalue()


def test_the_picture_that_a_document_carries_becomes_its_cover(tmp_path: Path) -> None:
    data = open_document("text", "<text:p>x</text:p>", {"Thumbnails/thumbnail.png": picture((300, 600))})
    document = read(tmp_path, data, {"picture": {"size": 200, "format": "jpeg"}})
    made = document.result.picture
    assert made is not None
    assert (made.file, made.page, made.width, made.height) == ("cover.jpg", None, 100, 200)
    with Image.open(document.folder / made.file) as image:
        assert (image.format, image.size) == ("JPEG", (100, 200))


def test_the_cover_of_a_book_is_found(tmp_path: Path) -> None:
    item = '<item id="art" href="art.jpg" properties="cover-image"/>'
    made = read(tmp_path, epub(["x"], {"OEBPS/art.jpg": picture((60, 90), "JPEG")}, item)).result.picture
    assert made is not None
    assert (made.width, made.height) == (60, 90)


def test_a_cover_that_is_no_picture_fails_or_is_left_out(tmp_path: Path) -> None:
    data = open_document("text", "<text:p>x</text:p>", {"Thumbnails/thumbnail.png": b"no picture"})
    with pytest.raises(Rejected):
        read(tmp_path, data)
    result = read(tmp_path, data, {"on_error": "partial"}).result
    assert [error.name for error in result.errors] == ["picture"]
    assert result.text is not None


def test_a_title_is_one_line_without_controls() -> None:
    assert one_line("a\n\tb\x00\u202ec\ud800?", 20) == "a b c ?"
