"""Snippets: the right place, safe to show, and marks that fit."""

import time

from hypothesis import given
from hypothesis import strategies as st

from ingest.search.query import InvalidQuery, parse
from ingest.search.snippets import CHARACTERS, Finder, shown, snippets

ANY = st.text(st.characters(codec=None), max_size=600)
FEW = st.text(st.sampled_from("ab é\u0301ß東京\u200b\ud800\0\n-"), max_size=600)


def finder(q: str) -> Finder:
    return Finder(parse(q))


@given(ANY | FEW)
def test_what_is_shown_is_one_line_that_can_be_sent(text: str) -> None:
    line = shown(text)
    line.encode()
    assert "\n" not in line
    assert line == line.strip() == shown(line)


@given(st.lists(ANY | FEW, max_size=4), ANY | FEW, FEW)
def test_marks_lie_in_their_snippets_whatever_the_text(passages: list[str], name: str, q: str) -> None:
    try:
        found = finder(q)
    except InvalidQuery:
        return
    for snippet in snippets(found, name, {"key": name}, passages):
        assert len(snippet.text) <= CHARACTERS + 2
        ends = 0
        for start, end in snippet.matches:
            assert ends <= start < end <= len(snippet.text)
            ends = end


@given(FEW, st.integers(0, 600), FEW)
def test_a_word_is_marked_wherever_it_stands(before: str, spaces: int, after: str) -> None:
    text = f"{before} {' ' * spaces} needle {after}"
    *_, snippet = snippets(finder("needle"), "", {}, [text])
    assert [snippet.text[start:end] for start, end in snippet.matches] == ["needle"]


def test_only_as_many_passages_are_read_as_it_takes() -> None:
    read = []

    def passages() -> object:
        for n in range(100):
            read.append(n)
            yield f"word {n}" if n >= 10 else "nothing"

    snippets(finder("word"), "", {}, passages())  # type: ignore[arg-type]
    assert len(read) == 11
    read.clear()
    snippets(finder("word absent"), "", {}, passages())  # type: ignore[arg-type]
    assert len(read) < 50


def test_a_text_that_says_the_word_a_million_times_is_looked_at_in_no_time() -> None:
    text = "word " * 1600
    started = time.process_time()
    for _ in range(100):
        snippets(finder('word wo* "word word word"'), "word " * 50, {"a": "word " * 800}, [text] * 10)
    assert time.process_time() - started < 5
