"""docs/document.md shows every parameter with an example that works, and every field of the result."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from processors.document import DocumentProcessor
from processors.document.models import (
    DocumentParams,
    DocumentResult,
    InputLimits,
    Metadata,
    NotMade,
    OutlineEntry,
    PageSize,
    Picture,
    PictureMade,
    Security,
    TextMade,
)
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.model_tables import allowed, examples, keys, params_table, result_table

DOCUMENT = (REPOSITORY / "docs" / "document.md").read_text()
PARAMS = (DocumentParams, Picture, InputLimits)
RESULTS = (DocumentResult, Metadata, PageSize, OutlineEntry, Security, TextMade, PictureMade, NotMade)


@pytest.mark.parametrize("model", PARAMS, ids=lambda model: model.__name__)
def test_every_parameter_is_documented_with_default_and_range(model: type[BaseModel]) -> None:
    assert params_table(model) in DOCUMENT


@pytest.mark.parametrize("model", RESULTS, ids=lambda model: model.__name__)
def test_every_field_of_the_result_is_documented(model: type[BaseModel]) -> None:
    assert result_table(model) in DOCUMENT


def test_everything_explains_itself() -> None:
    fields = [
        (model.__name__, name, field) for model in (*PARAMS, *RESULTS) for name, field in model.model_fields.items()
    ]
    assert [(model, name) for model, name, field in fields if not field.description] == []


def test_every_parameter_stands_in_an_example() -> None:
    shown = set(keys(examples(DOCUMENT)))
    assert {name for model in PARAMS for name in model.model_fields} - shown == set()


def test_every_option_stands_in_the_document() -> None:
    options = {option for model in PARAMS for field in model.model_fields.values() for option in allowed(field)}
    assert {option for option in options if option not in DOCUMENT} == set()


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
