"""Counts are exact: compared with the plainest reference there is, whole and cut anywhere."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.text.binary import count_controls
from processors.text.counts import Counts
from processors.text.encoding import Decoder
from tests.texts import EVERYTHING, read, split

LINE_ENDS = re.compile(r"\r\n|\r|\n")
MIXED = st.text(alphabet=st.sampled_from("ab \t\n\r\0\x1f\x85\xa0é\u2003\u2028\u3000語🧑\ufffd"), max_size=60)


def count(text: str, cuts: Sequence[int] = ()) -> Counts:
    """Count text whose UTF-8 arrives in pieces."""
    counts, decoder = Counts(), Decoder("utf-8")
    for piece in split(text.encode(), cuts):
        decoded = decoder.decode(piece)
        counts.feed(decoded, decoder.utf8(decoded))
    counts.finish()
    return counts


def expected_lines(text: str) -> list[str]:
    lines = LINE_ENDS.split(text)
    return lines[:-1] if lines[-1] == "" else lines


@settings(deadline=None, max_examples=400)
@given(text=MIXED, cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_the_counts_do_not_depend_on_where_the_stream_was_cut(text: str, cuts: list[int]) -> None:
    check(text, count(text, cuts))


@settings(deadline=None, max_examples=200)
@given(text=st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=60), cuts=st.lists(st.integers(0, 60)))
def test_every_ascii_character_counts_as_what_python_takes_it_for(text: str, cuts: list[int]) -> None:
    check(text, count(text, cuts))


@settings(deadline=None, max_examples=200)
@given(lines=st.lists(st.text(alphabet="a é\x1c\u3000🧑\r", max_size=3), max_size=400), block=st.integers(1, 500))
def test_lines_by_the_hundred_are_measured_in_characters(lines: list[str], block: int) -> None:
    text = "\n".join(lines)
    check(text, count(text, range(0, len(text.encode()), block)))


def check(text: str, counts: Counts) -> None:
    """Against what Python makes of the whole of it."""
    assert counts.characters == len(text)
    assert counts.words == len(text.split())
    assert counts.lines == len(expected_lines(text))
    assert counts.longest_line == max(map(len, expected_lines(text)), default=0)
    assert counts.blank_lines == sum(not line.strip() for line in expected_lines(text))
    assert counts.nuls == text.count("\0")
    assert counts.controls == count_controls(text.encode())
    assert (counts.crlf, counts.cr, counts.lf) == (
        text.count("\r\n"),
        text.count("\r") - text.count("\r\n"),
        text.count("\n") - text.count("\r\n"),
    )


def test_cutting_one_byte_at_a_time_changes_nothing() -> None:
    whole, bytewise = count(EVERYTHING), count(EVERYTHING, range(1000))
    assert vars(whole) == vars(bytewise)


def test_words_are_what_str_split_gives_for_every_white_space_there_is() -> None:
    for code in range(sys.maxunicode):
        character = chr(code)
        if character.isspace():
            assert count(f"a{character}b").words == 2, hex(code)
    for character in "\u200b\u180e\ufeff\u2060":
        assert count(f"a{character}b").words == 1


def test_only_lf_crlf_and_cr_end_a_line() -> None:
    assert count("a\x85b\u2028c\u2029d\x0be\x0cf").lines == 1
    assert count("a\rb\nc\r\nd").lines == 4
    assert count("\n\r").lines == 2
    assert count("\r\n").lines == 1
    assert count("").lines == 0


def test_the_longest_line_is_found_across_blocks_and_after_many_shorter_ones() -> None:
    lines = ["x" * (n % 37) for n in range(5000)] + ["y" * 4001] + ["z" * (n % 11) for n in range(5000)]
    text = "\n".join(lines)
    assert count(text, range(0, len(text), 997)).longest_line == 4001


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_and_words_agree_with_wc_and_splitlines(end: str, tmp_path: Path) -> None:
    text = end.join("word " * (n % 7) + "x" * (n % 301) for n in range(3000))
    result = read(tmp_path, text.encode())
    assert result.lines == len(text.splitlines())
    assert result.longest_line == max(map(len, text.splitlines()))
    newlines, words, size = subprocess.check_output(["wc", "-lwc", tmp_path / "in.txt"], text=True).split()[:3]
    assert result.words == int(words)
    assert result.characters == int(size)
    if end == "\n":
        assert result.lines == int(newlines) + 1
