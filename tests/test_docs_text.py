"""docs/text.md shows every parameter of the reading with an example that works, and every field of its result.

The sections of the other parts have tests of their own beside this one.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import get_args

import pytest

from processors.partial import NotMade
from processors.text import TextProcessor
from processors.text.charsets import Charset
from processors.text.facts import Indentation, LineEndings, NormalizedCopy, NormalizedMade, TextFacts, WordCount
from processors.text.hazards import Hazards
from processors.text.models import TextParams, TextResult
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.contracts.page import Page, page
from tests.model_tables import allowed, default, examples, keys

DOCUMENT = page("text", ("Texts", "Reading", "Encodings", "Counts", "Hazards", "A copy in UTF-8"))
# The fields of `TextParams` that are explained in the first section: those of other parts stand in theirs.
READING = (
    "encoding", "errors", "preview_characters", "graphemes", "unicode_words", "top_words", "language", "normalized",
    "format", "on_error",
)  # fmt: skip
# For each parameter, what must be in the result where it was given.
EXPECTED: Mapping[str, Callable[[TextResult], bool]] = {
    "encoding": lambda result: result.encoding_source == "declared",
    "graphemes": lambda result: result.grapheme_clusters is not None,
    "unicode_words": lambda result: result.unicode_words is not None,
    "top_words": lambda result: bool(result.top_words),
    "language": lambda result: result.language is not None,
    "normalized": lambda result: result.normalized is not None,
}


class TestReadingPage(Page):
    document = DOCUMENT
    params = (NormalizedCopy,)
    results = (TextFacts, LineEndings, Indentation, Hazards, WordCount, NormalizedMade, NotMade)
    also = (TextParams, TextResult)


def test_every_parameter_of_the_kind_itself_is_documented() -> None:
    for name in READING:
        field = TextParams.model_fields[name]
        options = ", ".join(allowed(field)) if name != "encoding" else "`auto`, or a name from the list below"
        assert f"| `{name}` | {default(field)} | {options} | {field.description} |" in DOCUMENT


def test_every_encoding_is_listed() -> None:
    listed = DOCUMENT.partition("These are the encodings:")[2].partition("\n\n")[2].partition("\n\n")[0]
    named = {name.strip("`") for name in listed.replace("\n", " ").rstrip(".").split(", ")}
    assert named == set(get_args(Charset))


def test_every_source_of_an_encoding_is_told() -> None:
    for source in TextResult.model_json_schema()["properties"]["encoding_source"]["enum"]:
        assert f"| `{source}` | " in DOCUMENT


def test_every_parameter_of_the_kind_itself_stands_in_an_example() -> None:
    shown = set(keys(examples(DOCUMENT)))
    assert set(READING) - shown == set()


@pytest.mark.parametrize("params", examples(DOCUMENT), ids=json.dumps)
def test_every_example_works(params: dict[str, object], tmp_path: Path) -> None:
    result = run_alone(TextProcessor(), REPOSITORY / "samples" / "notes-utf8.txt", params, scratch=tmp_path).result
    assert isinstance(result, TextResult)
    assert result.errors == []
    for name in params:
        assert EXPECTED.get(name, bool)(result), name
