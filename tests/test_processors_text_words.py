"""Grapheme clusters, words of UAX #29 and frequent words: the same however the stream was cut."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.text import words
from processors.text.words import Graphemes, TopWords, UnicodeWords
from tests.tongues import TONGUES

PIECES = st.sampled_from([*"ab '’.,:3\n\r語かハ가é\u0301\u200d👩🚀🇩🇪", "👩‍🚀", "can't", "नमस्ते", "สวัสดี", "e.g."])
TEXTS = st.lists(PIECES, max_size=200).map("".join)
CUTS = st.lists(st.integers(0, 10_000), max_size=8)


def pieces(text: str, cuts: Sequence[int]) -> list[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in pairwise(edges)]


@settings(deadline=None, max_examples=200)
@given(text=TEXTS, cuts=CUTS)
def test_grapheme_clusters_are_those_of_the_whole_text(text: str, cuts: list[int]) -> None:
    graphemes = Graphemes()
    for piece in pieces(text, cuts):
        graphemes.feed(piece)
    graphemes.finish()
    assert graphemes.count == len(regex.findall(r"\X", text))


def test_an_endless_cluster_is_one_and_takes_no_memory() -> None:
    graphemes = Graphemes()
    graphemes.feed("a")
    for _ in range(100):
        graphemes.feed("\u0301" * 5000)
    graphemes.feed("b")
    graphemes.finish()
    assert graphemes.count == 2


def test_a_megabyte_of_flags_is_counted_in_its_own_time() -> None:
    """For which the square of it would be an hour."""
    graphemes = Graphemes()
    for _ in range(25):
        graphemes.feed("\U0001f1e9\U0001f1ea\U0001f1eb" * 4_001)
    graphemes.finish()
    assert graphemes.count == 25 * 3 * 4_001 // 2 + 1


@settings(deadline=None, max_examples=200)
@given(text=TEXTS, cuts=CUTS)
def test_words_are_those_of_the_whole_text(text: str, cuts: list[int]) -> None:
    counter = UnicodeWords()
    for piece in pieces(text, cuts):
        counter.feed(piece)
    counter.finish()
    assert counter.count == len(regex.findall(r"(?w)\b(?=\w)", text))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("can't stop, e.g. 3.14", 4),
        ("日本語 カタカナ", 4),
        ("a" * 300_000, 1),
        ("한국어 단어", 2),
        (",.;" * 9, 0),
    ],
)
def test_words_are_counted_by_the_rules_of_unicode(text: str, count: int) -> None:
    counter = UnicodeWords()
    for start in range(0, len(text), 1000):
        counter.feed(text[start : start + 1000])
    counter.finish()
    assert counter.count == count


@settings(deadline=None, max_examples=100)
@given(cuts=CUTS)
def test_the_top_words_are_those_of_the_whole_text(cuts: list[int]) -> None:
    text = "\n".join(tongue["text"] for tongue in TONGUES.values())
    top = TopWords()
    for piece in pieces(text, cuts):
        top.feed(piece)
    top.finish()
    expected = Counter(word for word in regex.findall(r"\w+(?:['’]\w+)*", text.casefold()) if len(word) <= 40)
    ranked = sorted(expected.items(), key=lambda one: (-one[1], one[0]))[:50]
    assert [(word.word, word.count, word.missed) for word in top.most_common(50)] == [(*one, 0) for one in ranked]


@settings(deadline=None, max_examples=200)
@given(text=TEXTS, cuts=CUTS)
def test_no_cut_makes_two_words_of_one(text: str, cuts: list[int]) -> None:
    """Not even in a text of one word."""
    top = TopWords()
    for piece in pieces(text, cuts):
        top.feed(piece)
    top.finish()
    expected = Counter(word for word in regex.findall(r"\w+(?:['’]\w+)*", text.casefold()) if len(word) <= 40)
    assert {word.word: word.count for word in top.most_common(1000)} == expected


def test_a_word_of_a_megabyte_is_left_out_and_held_by_its_end_alone() -> None:
    top = TopWords()
    for _ in range(100):
        top.feed("a" * 10_000)
    top.feed("a b")
    top.finish()
    assert [word.word for word in top.most_common(5)] == ["b"]


def test_forgotten_words_are_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """True counts lie between what is told and that and what was missed."""
    monkeypatch.setattr(words, "KEPT_WORDS", 50)
    text = [f"w{n * n % 977}" for n in range(20_000)]
    top = TopWords()
    for start in range(0, len(text), 100):
        top.feed(" ".join(text[start : start + 100]) + " ")
    top.finish()
    true, told = Counter(text), top.most_common(50)
    assert len(told) == 50
    assert all(word.count <= true[word.word] <= word.count + word.missed for word in told)
    assert any(word.missed for word in told)
    assert len(top._counts) <= 200


@pytest.mark.parametrize("text", ["hello", "hello\tworld\rhello", "hello\u3000hello"])
def test_a_text_without_a_space_or_line_feed_keeps_its_words_whole(text: str) -> None:
    top = TopWords()
    top.feed(text)
    top.finish()
    assert {word.word: word.count for word in top.most_common(5)} == Counter(text.split())
