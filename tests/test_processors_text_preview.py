"""A preview is safe to show, and cuts no character."""

import unicodedata
from pathlib import Path

import pytest

from processors.text.preview import preview
from tests.texts import EVERYTHING, read

BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_a_preview_never_cuts_a_character_from_its_marks() -> None:
    text = "a👩‍👩‍👧‍👦e\u0301é👍🏽x"
    for length in range(len(text) + 2):
        shown, is_cut = preview(text, length)
        assert len(shown) <= length
        rest = text[len(shown) :]
        assert is_cut is bool(rest)
        assert not rest.startswith(("\u200d", "\u0301", "🏽"))
        assert not shown.endswith("\u200d")


def test_a_tower_of_marks_is_cut_in_the_end() -> None:
    shown, is_cut = preview("a" + "\u0301" * 5000, 100)
    assert len(shown) == 100
    assert is_cut


def test_what_would_move_hide_or_turn_the_text_is_made_visible() -> None:
    shown, _ = preview("a\0b\x1b[2Jc\x7fd\u202eevil\u2066\u200b\ufeff\x85\n\te\r\nf\rg", 1000)
    assert shown == "a␀b␛[2Jc␡d[U+202E]evil[U+2066][U+200B][U+FEFF][U+0085]\n\te\nf\ng"


def test_no_control_format_or_separator_character_is_left_but_joiners_tab_and_newline() -> None:
    everything = "".join(chr(code) for code in range(0x11_0000) if not 0xD800 <= code < 0xE000)
    shown, _ = preview(everything, len(everything))
    left = {c for c in shown if unicodedata.category(c) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(c) in BIDI}
    assert left == {"\n", "\t"}


@pytest.mark.parametrize(("length", "expected"), [(0, ""), (5, "naïve"), (10_000, EVERYTHING)])
def test_the_preview_is_as_long_as_asked(length: int, expected: str, tmp_path: Path) -> None:
    result = read(tmp_path, EVERYTHING.encode(), preview_characters=length)
    shown = expected.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "[U+2028]")
    assert result.preview == shown
    assert result.preview_truncated is (length < len(EVERYTHING))


def test_a_preview_of_crlf_text_reaches_its_length_over_blocks(tmp_path: Path) -> None:
    result = read(tmp_path, b"\r\n" * 400_000, preview_characters=10_000)
    assert result.preview == "\n" * 10_000
    assert result.preview_truncated
