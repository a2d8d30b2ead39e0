"""PDF: the text as it was written, what the file says of itself, and what is risky in it."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from PIL import Image

from processors.base import Rejected
from processors.document.findings import pdf_date
from tests.documents import read
from tests.pdfs import A4, encrypted, file_of, pages, pdf, stream, with_content

INFO = (
    b"<</Title(Annual \\(2026\\) report)/Author<FEFF017D006F00EB>/Producer(By hand)/Creator(Vim)"
    b"/CreationDate(D:20260621211405+02'00')/ModDate(D:2026)/Keywords(a, b)>>"
)
LINK = "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<<{}>>>>]"


def test_the_text_is_what_was_written_page_by_page(tmp_path: Path) -> None:
    document = read(tmp_path, pdf("Dear Zoë,\nthis costs 5 €", "– second page –"))
    assert document.text == "Dear Zoë,\nthis costs 5 €\n\f– second page –\n"
    text = document.result.text
    assert text is not None
    assert (text.characters, text.words, text.pages) == (len(document.text), 10, 2)
    assert document.result.preview == "Dear Zoë,\nthis costs 5 €\n␌– second page –\n"


def test_what_it_says_of_itself_is_told(tmp_path: Path) -> None:
    result = read(tmp_path, pdf("x", trailer="/Info 500 0 R", o500=INFO)).result
    told = result.metadata
    assert (told.title, told.author, told.producer, told.creator) == ("Annual (2026) report", "Žoë", "By hand", "Vim")
    assert told.created == datetime(2026, 6, 21, 21, 14, 5, tzinfo=timezone(timedelta(hours=2)))
    assert told.modified == datetime(2026, 1, 1)  # noqa: DTZ001 - no offset is stated
    assert (result.format, result.version, result.pages) == ("pdf", "1.7", 1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("D:20260621211405Z", datetime(2026, 6, 21, 21, 14, 5, tzinfo=UTC)),
        ("D:20260621211405Z00'00'", datetime(2026, 6, 21, 21, 14, 5, tzinfo=UTC)),
        ("20260621", datetime(2026, 6, 21)),  # noqa: DTZ001
        ("D:20260621211405-05'30", datetime(2026, 6, 21, 21, 14, 5, tzinfo=timezone(-timedelta(hours=5, minutes=30)))),
        ("D:20261399", None),
        ("D:20260621211405+99'99'", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_a_date_or_nothing(text: str, moment: datetime | None) -> None:
    assert pdf_date(text) == moment


def test_page_sizes_are_counted_and_turned_as_they_are_shown(tmp_path: Path) -> None:
    objects = pages(["a", "b", "c"])
    objects[12] = objects[12].replace(b"/Type/Page", b"/Rotate 90/Type/Page")
    result = read(tmp_path, file_of(objects)).result
    assert [(size.width, size.height, size.pages) for size in result.page_sizes] == [(595, 842, 2), (842, 595, 1)]


def test_the_outline_has_levels_and_pages(tmp_path: Path) -> None:
    marks = {
        500: b"<</First 501 0 R/Last 502 0 R/Count 3>>",
        501: b"<</Title(One)/Parent 500 0 R/Next 502 0 R/First 503 0 R/Last 503 0 R/Dest[10 0 R/Fit]>>",
        502: b"<</Title(Two)/Parent 500 0 R/Prev 501 0 R/Dest[12 0 R/Fit]>>",
        503: b"<</Title(Below\\none)/Parent 501 0 R>>",
    }
    outline = read(tmp_path, file_of(pages(["x", "y"], catalogue="/Outlines 500 0 R", more=marks))).result.outline
    assert [(entry.level, entry.title, entry.page) for entry in outline] == [
        (1, "One", 1),
        (2, "Below one", None),
        (1, "Two", 2),
    ]


def test_an_encrypted_document_that_needs_no_password_is_read_and_says_what_it_allows(tmp_path: Path) -> None:
    document = read(tmp_path, encrypted("for all to read", permissions=-1 & ~8 & ~16))
    assert document.text == "for all to read\n"
    security = document.result.security
    assert security.encrypted
    assert security.permissions is not None
    assert {"print", "annotate"} <= set(security.permissions)
    assert not {"modify", "copy"} & set(security.permissions)
    assert read(tmp_path, pdf("x")).result.security.permissions is None


def test_one_that_needs_a_password_says_so(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="encrypted: it can't be read without its password") as rejected:
        read(tmp_path, encrypted("secret", b"password"))
    assert rejected.value.code == "unsupported_input"


@pytest.mark.parametrize(
    ("data", "field", "value"),
    [
        (pdf("x", catalogue="/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"), "has_javascript", True),
        (pdf("x", catalogue="/OpenAction<</S/J#61va#53cript/JS(1)>>"), "has_javascript", True),
        (pdf("x", catalogue="/OpenAction<</S/Launch/F(calc.exe)>>"), "has_launch_actions", True),
        (pdf("x", page=LINK.format("/S/Launch/F(calc.exe)")), "has_launch_actions", True),
        (pdf("x", page=LINK.format("/S/URI/URI(http://127.0.0.1)")), "has_launch_actions", False),
        (pdf("about /JavaScript and /Launch"), "has_javascript", False),
        (
            pdf(
                "x",
                catalogue="/Names<</EmbeddedFiles<</Names[(a) 500 0 R]>>>>",
                o500=b"<</Type/Filespec/F(a.exe)/EF<</F 501 0 R>>>>",
                o501=stream(b"MZ", "/Type/EmbeddedFile"),
            ),
            "attachments",
            1,
        ),
        (pdf("x", catalogue="/AcroForm<</Fields[]>>"), "has_forms", True),
    ],
)
def test_what_is_risky_in_it_is_told(data: bytes, field: str, value: object, tmp_path: Path) -> None:
    result = read(tmp_path, data).result
    assert getattr(result.security, field) == value
    assert bool(result.warnings) == (bool(value) and field != "has_forms")


def test_the_picture_shows_the_page(tmp_path: Path) -> None:
    """A red rectangle in the upper half of an A4 page, of which the longer side has as many pixels as asked for."""
    document = read(
        tmp_path,
        with_content(stream(b"1 0 0 rg 0 421 595 421 re f"), box=A4),
        {"picture": {"format": "png", "size": 400}},
    )
    made = document.result.picture
    assert made is not None
    with Image.open(document.folder / made.file) as image:
        assert image.size == (283, 400)
        assert image.getpixel((140, 100)) == (255, 0, 0)
        assert image.getpixel((140, 300)) == (255, 255, 255)
        assert not image.info


def test_a_field_of_a_form_is_in_the_picture(tmp_path: Path) -> None:
    """What was filled in is drawn by another part of PDFium than the page."""
    look = stream(b"0 0 1 rg 0 0 595 842 re f", "/Type/XObject/Subtype/Form/BBox[0 0 595 842]")
    field = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/F 4/Rect[0 0 595 842]/AP<</N 501 0 R>>>>"
    data = pdf(
        "x", catalogue="/AcroForm<</Fields[500 0 R]>>", page="/Annots[500 0 R]", o500=field, o501=look
    )  # fmt: skip
    document = read(tmp_path, data, {"picture": {"format": "png", "size": 100}})
    with Image.open(document.folder / "page-1.png") as image:
        assert image.convert("RGB").getpixel((30, 50)) == (0, 0, 255)


def test_a_header_behind_other_bytes_is_found(tmp_path: Path) -> None:
    assert read(tmp_path, b"\n\n" + pdf("found")).text == "found\n"


def test_a_damaged_page_is_told_and_the_pages_before_it_stay(tmp_path: Path) -> None:
    objects = pages(["one", "two", "three"])
    objects[12] = b"(no page)"
    with pytest.raises(Rejected, match=r"Page 2 is damaged\."):
        read(tmp_path, file_of(objects))
    document = read(tmp_path, file_of(objects), {"on_error": "partial"})
    assert document.text.startswith("one\n")
    assert [error.detail for error in document.result.errors] == ["Page 2 is damaged."]
    assert document.result.picture is not None


def test_text_has_no_controls_and_no_byte_order_mark(tmp_path: Path) -> None:
    document = read(tmp_path, with_content(stream(b"BT /F1 9 Tf 60 700 Td (a\\000\\001\\033b) Tj ET")))
    assert document.text.strip() == "ab"
