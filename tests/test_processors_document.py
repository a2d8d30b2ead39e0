"""The document kind as a whole: the contract, what it makes of what, pages, limits, and being done in part."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image
from pydantic import ValidationError

from processors.base import AnyProcessor, Rejected, RejectionCode, Report
from processors.document import DocumentProcessor
from processors.document.models import DocumentParams
from processors.registry import load
from processors.work import FileWork
from tests.architecture import REPOSITORY
from tests.contracts.processor import ProcessorContract
from tests.documents import read
from tests.office import docx, epub, open_document, paragraph, pptx, shape, xlsx
from tests.pdfs import encrypted, pdf

ROWS = '<row><c t="inlineStr"><is><t>one</t></is></c></row>'
SOUND = {
    "pdf": pdf("first words", "second words"),
    "docx": docx(paragraph("first words") + paragraph("second words")),
    "pptx": pptx([shape("first words"), shape("second words")]),
    "xlsx": xlsx({"Sheet": ROWS}),
    "odt": open_document("text", "<text:p>first words</text:p>"),
    "odp": open_document("presentation", '<draw:page draw:name="One"><text:p>first words</text:p></draw:page>'),
    "ods": open_document("spreadsheet", '<table:table table:name="One"/>'),
    "epub": epub(["<p>first words</p>"]),
}


@pytest.fixture(scope="module")
def processor() -> AnyProcessor:
    return load(["document"])["document"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    folder = tmp_path_factory.mktemp("documents")
    for name, data in SOUND.items():
        (folder / f"a.{name}").write_bytes(data)
    return [folder / f"a.{name}" for name in SOUND]


@pytest.fixture(scope="module")
def bad() -> Sequence[tuple[bytes, RejectionCode]]:
    return [
        (b"", "corrupt_input"),
        (b"plain words", "unsupported_input"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "unsupported_input"),
        (b"%PDF-1.7\n", "corrupt_input"),
        (encrypted("secret", b"password"), "unsupported_input"),
        (SOUND["docx"][:-30], "corrupt_input"),
        (SOUND["docx"].replace(b"word/", b"wurd/"), "corrupt_input"),
    ]


class TestDocumentContract(ProcessorContract):
    module = "processors.document"


@pytest.mark.parametrize("name", SOUND)
def test_a_document_is_what_its_content_says(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, SOUND[name]).result.format == name


# -- parameters


@pytest.mark.parametrize(
    ("pages", "texts"),
    [
        ("2", ["p2"]),
        ("4-,2", ["p2", "p4", "p5"]),
        ("1-2,2-3", ["p1", "p2", "p3"]),
        ("5-99", ["p5"]),
        (None, ["p1", "p2", "p3", "p4", "p5"]),
    ],
)
@pytest.mark.parametrize("form", ["pdf", "pptx", "epub"])
def test_pages_chooses_what_is_read(pages: str | None, texts: list[str], form: str, tmp_path: Path) -> None:
    every = [f"p{n}" for n in range(1, 6)]
    data = {"pdf": lambda: pdf(*every), "pptx": lambda: pptx(list(map(shape, every))), "epub": lambda: epub(every)}
    document = read(tmp_path, data[form](), {"pages": pages})
    assert [page.strip() for page in document.text.split("\f")] == texts
    assert document.result.pages == 5
    assert document.result.text is not None
    assert document.result.text.pages == len(texts)


def test_pages_that_are_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="There are 2 pages, and none is 7-9"):
        read(tmp_path, SOUND["pdf"], {"pages": "7-9"})


@pytest.mark.parametrize("form", ["docx", "odt"])
def test_what_has_no_pages_is_read_whole_and_says_so(form: str, tmp_path: Path) -> None:
    document = read(tmp_path, SOUND[form], {"pages": "7"})
    assert "first words" in document.text
    assert "no pages" in document.result.warnings[0]


@pytest.mark.parametrize("pages", ["", "a", "1-2-3", "-3", "1,,2", "1 2", "99999999"])
def test_pages_in_any_other_form_are_refused(pages: str) -> None:
    with pytest.raises(ValidationError):
        DocumentParams(pages=pages)


@pytest.mark.parametrize(("form", "encoder"), [("webp", "WEBP"), ("png", "PNG"), ("jpeg", "JPEG")])
def test_the_picture_is_as_it_was_asked_for(form: str, encoder: str, tmp_path: Path) -> None:
    picture = {"page": 2, "format": form, "size": 300, "quality": 50}
    document = read(tmp_path, SOUND["pdf"], {"operations": ["picture"], "picture": picture})
    made = document.result.picture
    assert made is not None
    assert (made.page, made.width, made.height) == (2, 212, 300)
    with Image.open(document.folder / made.file) as image:
        assert (image.format, image.size) == (encoder, (212, 300))
    assert document.result.text is None
    assert [path.name for path in document.folder.iterdir()] == [made.file]


def test_a_picture_of_a_page_that_is_not_there_is_refused_or_left_out(tmp_path: Path) -> None:
    params = {"picture": {"page": 3}}
    with pytest.raises(Rejected, match="There is no page 3"):
        read(tmp_path, SOUND["pdf"], params)
    result = read(tmp_path, SOUND["pdf"], {**params, "on_error": "partial"}).result
    assert [(error.name, error.code) for error in result.errors] == [("picture", "unsupported_input")]
    assert result.text is not None
    assert result.picture is None


# -- limits


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_pages": 1}, "2 pages; the most is 1"),
        ({"max_characters": 15}, "more than 15 characters"),
    ],
)
def test_what_is_too_much_is_refused_or_cut_and_told(limits: dict[str, int], words: str, tmp_path: Path) -> None:
    params = {"operations": ["text"], "limits": limits}
    with pytest.raises(Rejected, match=words) as rejected:
        read(tmp_path, SOUND["pdf"], params)
    assert rejected.value.code == "limit_exceeded"
    document = read(tmp_path, SOUND["pdf"], {**params, "on_error": "partial"})
    assert document.text.startswith("first words\n")
    assert "second words" not in document.text
    assert [error.code for error in document.result.errors] == ["limit_exceeded"]
    assert document.result.text is not None
    assert document.result.text.is_truncated == ("max_characters" in limits)


def test_a_long_text_of_one_member_stops_at_its_limit(tmp_path: Path) -> None:
    data = docx(paragraph("word " * 1000) * 100)
    with pytest.raises(Rejected, match="more than 10,000 characters"):
        read(tmp_path, data, {"limits": {"max_characters": 10_000}})


# -- progress


def steps(data: bytes, folder: Path, **params: object) -> list[Report]:
    path = folder / "in"
    path.write_bytes(data)
    now, reports = 0.0, list[Report]()

    def clock() -> float:
        nonlocal now
        now += 1.0
        return now

    with path.open("rb") as source:
        work = FileWork(
            params=DocumentParams.model_validate(params), name="in", media_type="application/pdf", size=len(data),
            scratch=folder, descriptor=source.fileno(), on_report=reports.append, clock=clock,
        )  # fmt: skip
        DocumentProcessor().process(work)
    return reports


def test_progress_counts_pages_and_the_picture_is_one_more(tmp_path: Path) -> None:
    reports = steps(pdf("a", "b", "c"), tmp_path)
    assert {report.unit for report in reports} == {"pages"}
    assert [report.done for report in reports if report.total] == sorted(
        report.done for report in reports if report.total
    )
    assert (reports[-1].done, reports[-1].total) == (4, 4)
    assert {report.stage for report in reports} == {"opening", "text", "picture"}


def test_progress_of_an_office_document_counts_bytes_of_its_parts(tmp_path: Path) -> None:
    body = "".join(paragraph(f"{n * 7919}") for n in range(5000))
    reports = steps(docx(body), tmp_path)
    last = reports[-1]
    assert (last.unit, last.done) == ("bytes", last.total)
    assert last.total is not None
    assert last.total > len(body)
    assert len({report.done for report in reports}) > 3


# -- without the extra

HIDDEN = """
import importlib.util, sys
from pathlib import Path
found = importlib.util.find_spec
def without(name, package=None):
    return None if name == "pypdfium2" else found(name, package)
importlib.util.find_spec = without
from processors.base import Rejected
from processors.registry import load
from processors.work import run_alone
processor = load(["document"])["document"]
try:
    print(run_alone(processor, Path(sys.argv[1]), scratch=Path(sys.argv[2])).result.text.words)
except Rejected as rejected:
    print(rejected.code, rejected.detail)
assert "pypdfium2" not in sys.modules
"""


@pytest.mark.parametrize(
    ("form", "told"), [("pdf", r"unsupported_input .*pip install 'dropoff\[documents\]'"), ("docx", "^4$")]
)
def test_without_the_extra_a_pdf_names_it_and_the_others_are_read(form: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(SOUND[form])
    command = [sys.executable, "-c", HIDDEN, str(path), str(tmp_path)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert re.search(told, ran.stdout.strip())


def test_an_outline_of_long_titles_stays_within_what_a_result_may_be(tmp_path: Path) -> None:
    titles = ("".join(chr(0x20000 + number * place % 40_000) for place in range(400)) for number in range(1200))
    result = read(tmp_path, docx("".join(paragraph(title, "Kop1") for title in titles))).result
    assert 400 < len(result.outline) < 500
    assert len(result.model_dump_json().encode()) < 1 << 20
