"""docs/document.md shows every parameter with an example that works, and every field of the result."""

from pathlib import Path

import pytest

from processors.document import DocumentProcessor
from processors.document.models import (
    DocumentParams,
    DocumentResult,
    InputLimits,
    Metadata,
    OutlineEntry,
    PageSize,
    Picture,
    PictureMade,
    Security,
    TextMade,
)
from processors.partial import NotMade
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.contracts.page import Page, page
from tests.model_tables import examples

DOCUMENT = page("document")


class TestDocumentPage(Page):
    document = DOCUMENT
    params = (DocumentParams, Picture, InputLimits)
    results = (DocumentResult, Metadata, PageSize, OutlineEntry, Security, TextMade, PictureMade, NotMade)


def test_the_memory_of_a_cell_is_that_of_the_code() -> None:
    assert f"A cell has {DocumentProcessor.limits.memory_bytes >> 20} MiB." in DOCUMENT


@pytest.mark.parametrize("number", range(len(examples(DOCUMENT))))
def test_every_example_works_on_a_pdf_and_on_a_docx(number: int, tmp_path: Path) -> None:
    params = examples(DOCUMENT)[number]
    asked = DocumentParams.model_validate(params)
    for name in ("letter.pdf", "report.docx"):
        scratch = tmp_path / name
        scratch.mkdir()
        result = run_alone(DocumentProcessor(), REPOSITORY / "samples" / name, params, scratch=scratch).result
        assert isinstance(result, DocumentResult)
        assert result.errors == []
        assert (result.text is not None) == ("text" in asked.operations)
        assert (result.picture is not None) == ("picture" in asked.operations and name == "letter.pdf")
