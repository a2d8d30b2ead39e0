"""The language of a text by its letters and common words."""

from pathlib import Path

import pytest

from processors.text.ideographs import HAN
from processors.text.language import language_of
from processors.text.letters import ALPHABETS, LATIN
from tests.texts import read
from tests.tongues import TONGUES

TAGS = "de fr es pt it ca da sv fi is nl pl cs sk hu ro hr sl ru bg uk sr el tr he ar th et lv lt ja zh-Hans zh-Hant ko"


@pytest.mark.parametrize(("name", "tag"), list(zip(TONGUES, TAGS.split(), strict=True)))
def test_a_few_sentences_tell_their_language(name: str, tag: str) -> None:
    assert language_of(TONGUES[name]["text"]) == tag


@pytest.mark.parametrize("text", ["", "12345 67890", "xyz qwrt", "a"])
def test_where_nothing_is_known_nothing_is_said(text: str) -> None:
    assert language_of(text) is None


def test_english_needs_no_letter_beyond_ascii(tmp_path: Path) -> None:
    result = read(tmp_path, b"The end of the story is that it was on the table.", language=True)
    assert result.language == "en"
    assert read(tmp_path, b"The end of the story").language is None


def test_no_letter_stands_twice_in_a_language() -> None:
    for letters in [*(letters for letters, _ in LATIN.values()), *ALPHABETS.values(), *HAN.values()]:
        assert len(set(letters)) == len(letters)
