"""docs/text.md shows every parameter of prose with an example that works, and every field of its results."""

from pathlib import Path

import pytest

from processors.text import TextProcessor
from processors.text.chunks.models import Chunks, ChunksMade
from processors.text.chunks.parquet import COLUMNS
from processors.text.chunks.writing import FREE_BYTES, RATIO
from processors.text.lines.languages import LANGUAGES
from processors.text.lines.models import LogFacts, SourceFacts
from processors.text.lines.source import LINE_CHARACTERS
from processors.text.markup.models import Heading, HtmlFacts, Link, MainTextMade, MarkdownFacts
from processors.text.models import TextResult
from processors.work import run_alone
from tests.contracts.page import Page, page
from tests.model_tables import examples, keys

OURS = ("Markdown", "HTML", "Logs", "Source code", "Chunks")
SECTIONS = page("text", OURS)
TEXTS = {
    "markdown": "# A\n\nSee [b](c).\n\n## D\n\nMore text.\n",
    "html": "<html><title>T</title><body><h1>A</h1><p>The text.</p>",
    "log": "2026-01-01 00:00:00 INFO a\n2026-01-01 00:00:01 INFO b\n",
    "source": "#!/bin/sh\n# A comment.\necho $1\n",
    "plain": "Some words and more of them. And a sentence.\n",
}


class TestProsePage(Page):
    document = SECTIONS
    params = (Chunks,)
    results = (MarkdownFacts, Heading, Link, HtmlFacts, MainTextMade, LogFacts, SourceFacts, ChunksMade)


def test_every_section_stands_in_the_document_once() -> None:
    for section in OURS:
        assert page("text").count(f"\n## {section}\n") == 1


def test_columns_languages_and_bounds_are_those_of_the_code() -> None:
    for column in COLUMNS:
        assert f"| `{column}` |" in SECTIONS
    assert f"The languages: {', '.join(language.name for language in LANGUAGES)}." in SECTIONS
    assert f"at most {RATIO} times the room" in SECTIONS
    assert FREE_BYTES == 1 << 20
    assert f"{LINE_CHARACTERS:,} characters are looked at" in SECTIONS


def test_every_parameter_of_prose_stands_in_an_example() -> None:
    assert {"chunks", "main_text"} - set(keys(examples(SECTIONS))) == set()


@pytest.mark.parametrize("number", range(len(examples(SECTIONS))))
def test_every_example_of_prose_works(number: int, tmp_path: Path) -> None:
    params = examples(SECTIONS)[number]
    form = params.get("format", "plain")
    path = tmp_path / "in"
    path.write_text(TEXTS[form])
    result = run_alone(TextProcessor(), path, params, scratch=tmp_path).result
    assert isinstance(result, TextResult)
    assert (result.format, result.errors) == (form, [])
    assert (result.chunks is not None) == ("chunks" in params)
    assert (result.main_text is not None) == params.get("main_text", False)
