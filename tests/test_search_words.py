"""Words: folded character by character, and cut so that every part of a text without spaces is a phrase of tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.search.query import MAX_TOKENS, Clause, InvalidQuery, Query, parse
from ingest.search.words import REMEMBERED, fold, indexed, is_spaceless, pairs, pieces

ANY = st.text(st.characters(codec=None))
KANA = st.text(st.sampled_from("あいうえおアイウ東京都"), min_size=1, max_size=12)


@given(ANY, ANY)
def test_a_text_is_folded_character_by_character_however_it_was_cut(left: str, right: str) -> None:
    assert fold(left + right) == fold(left) + fold(right)


@given(ANY)
def test_what_is_folded_stays_as_it_is(text: str) -> None:
    once = " ".join(fold(text).split())
    assert " ".join(fold(once).split()) == once


@given(ANY)
def test_tokens_hold_nothing_but_letters_marks_digits_and_pictures(text: str) -> None:
    for token in indexed(text).split(" "):
        assert '"' not in token
        assert "*" not in token
        assert token.isascii() is False or token == "" or token.isalnum()
        token.encode()


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ÀÉÎõü ÇŞİı", "aeiou csiı"),
        ("ß ŒUVRE ﬀ ½ Ⅳ ℌ", "ss œuvre ff 1 2 iv h"),
        ("Ἀθῆναι", "αθηναι"),
        ("ёй", "еи"),
        ("ガｶﾞぱ", "ガカ\u3099ぱ"),
        ("각", "각"),
        ("ก็ ฃ้", "ก็ ฃ้"),
        ("हिन्दी", "हिन्दी"),
        ("x\u00ady\u200bz\u2060", "xyz"),
        ("\ud800\0\ue000\ufffd", "    "),
        ("a_b-c.d", "a b c d"),
    ],
)
def test_case_and_accents_go_and_what_is_a_letter_stays(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(KANA, st.data())
def test_every_part_of_a_run_is_a_phrase_of_its_tokens(run: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(run) - 1))
    end = data.draw(st.integers(start + 1, len(run)))
    (clause,) = parse(run[start:end]).wanted
    tokens, (*first, last) = pairs(run), clause.tokens
    is_there = [
        tokens[at : at + len(first)] == first and (token == last or (clause.is_open and token.startswith(last)))
        for at, token in zip(range(len(tokens)), tokens[len(first) :], strict=False)
    ]
    assert any(is_there)


def test_pieces_are_words_and_runs() -> None:
    assert pieces("iPhone版の2024年 don't") == ["iphone", "版の", "2024", "年", "don", "t"]
    assert [is_spaceless(piece) for piece in ("iphone", "版の", "🎉", "เก")] == [False, True, True, True]


def test_a_hostile_alphabet_is_not_remembered_for_ever() -> None:
    from ingest.search import words

    fold("".join(map(chr, range(0x110000 - 1))))
    assert len(words._FOLDING) <= REMEMBERED


# -- queries


def clause(*pieces: str, is_prefix: bool = False) -> Clause:
    return Clause(pieces, is_prefix)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("one two", Query((clause("one"), clause("two")))),
        ('"one two"', Query((clause("one", "two"),))),
        ('"one two', Query((clause("one", "two"),))),
        ("«one two» „three“", Query((clause("one", "two"), clause("three")))),
        ('one -two -"three four"', Query((clause("one"),), (clause("two"), clause("three", "four")))),
        ("be* -x", Query((clause("be", is_prefix=True),), (clause("x"),))),
        ('"to be"*', Query((clause("to", "be", is_prefix=True),))),
        ("one-two", Query((clause("one", "two"),))),
        ("one one ONE", Query((clause("one"),))),
        ("-- one - ! *", Query((clause("one"),))),
        ("one\u3000東京", Query((clause("one"), clause("東京")))),
        ('a"b c"d', Query((clause("a"), clause("b", "c"), clause("d")))),
        ("AND OR NOT NEAR", Query((clause("and"), clause("or"), clause("not"), clause("near")))),
    ],
)
def test_what_is_typed_is_words_phrases_beginnings_and_exclusions(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("", None),
        ("-a", None),
        ("a*", 2),
        ("x" * 1001, 1000),
        (" ".join(f"w{n}" for n in range(33)), 32),
        ('"' + "w " * (MAX_TOKENS + 1) + '"', MAX_TOKENS),
        ("東" * (MAX_TOKENS + 2), MAX_TOKENS),
    ],
)
def test_what_can_not_be_looked_for_says_why(text: str, limit: int | None) -> None:
    with pytest.raises(InvalidQuery) as refused:
        parse(text)
    assert refused.value.limit == limit
    assert refused.value.detail


@given(ANY)
def test_every_text_is_a_query_or_says_why_not(text: str) -> None:
    try:
        query = parse(text)
    except InvalidQuery:
        return
    for one in (*query.wanted, *query.unwanted):
        assert one.tokens
        assert all(token and " " not in token and '"' not in token for token in one.tokens)
