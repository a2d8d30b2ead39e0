"""What a person sees of a job: what matters, in lines that a file can't bend."""

import io
from typing import Any

import pytest
from rich.console import Console

from ingest.watch import show

JOB: dict[str, Any] = {"error": None, "result": None, "outputs": []}
OUTPUT: dict[str, Any] = {"url": "/v1/jobs/1/files/small.webp", "media_type": "image/webp", "size": 12345}


def shown(**changes: Any) -> str:
    """As it stands on a terminal of 40 columns."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=40)
    show(console, {**JOB, **changes})
    assert isinstance(console.file, io.StringIO)
    return str(console.file.getvalue())


def test_an_error_is_its_code_and_its_words() -> None:
    text = shown(error={"code": "corrupt_input", "detail": "The file is cut off"})
    assert "corrupt_input" in text
    assert "The file is cut off" in text


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_what_is_empty_is_left_out(value: object) -> None:
    assert shown(result={"warnings": value}) == ""


@pytest.mark.parametrize("value", [0, False, 0.0])
def test_what_is_zero_is_said(value: object) -> None:
    assert "frames" in shown(result={"frames": value})


def test_an_address_is_never_broken_in_two() -> None:
    assert OUTPUT["url"] in shown(outputs=[OUTPUT])
    assert "12,345 bytes" in shown(outputs=[OUTPUT])


def test_a_long_value_is_cut_and_says_so() -> None:
    line = shown(result={"preview": "x" * 1000})
    assert len(line) < 150
    assert "…" in line


@pytest.mark.parametrize("words", ["[red]alarm", "[/]", "[bold]", "\\[x]"])
def test_markup_in_a_value_is_shown_as_it_is(words: str) -> None:
    assert words in shown(result={"title": words})
    assert words in shown(error={"code": "internal", "detail": words})


@pytest.mark.parametrize("words", ["\x1b[31m", "\x1b]0;title\x07", "a\nb", "\r", "\u202e"])
def test_control_codes_in_a_value_are_made_visible(words: str) -> None:
    assert words not in shown(result={"title": words})
    assert len(shown(result={"title": words}).splitlines()) == 1
