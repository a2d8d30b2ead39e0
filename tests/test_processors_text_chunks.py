"""Chunks: every promise about where they begin and end, whatever the text, and however the stream was cut."""

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from processors.base import Rejected
from processors.text import TextProcessor, duck
from processors.text.chunks.breaks import STRIDE, TRIES, first_sentence_end, last_cluster, sentence_ends
from processors.text.chunks.models import Chunks, Strategy
from processors.text.chunks.writing import Lines
from processors.work import run_alone
from tests.chunked import check, chunks_of, cut, split
from tests.texts import EVERYTHING

WORDS = [
    "a",
    "word",
    "Dr.",
    "end.",
    "Why?",
    "“Yes!”",
    "naïve",
    "é" * 9,
    "x" * 70,
    "👩‍👩‍👧‍👦",
    "🇩🇪🇫🇷",
    "🇩🇪" * 40 + "\u0301",
    "e\u0301" * 30,
]
WORDS += [
    "語彙は",
    "終わり。",
    "「はい。」",
    "、、",
    "がガ\u3099",
    "ปีนี้",
    "한국어",
    "\u1100\u1161\u11a8",
    "\u0301",
    "\u0301" * 60,
    "\ufeff",
    "\0",
]
SPACES = [" ", "  ", "\n", "\r\n", "\n\n", "\r", "\t", "\u3000", "\xa0", "\u2028", " " * 60, "", ""]
TEXTS = st.lists(st.sampled_from(WORDS) | st.sampled_from(SPACES), max_size=80).map("".join)
CUTS = st.lists(st.integers(0, 10_000), max_size=6)


@settings(deadline=None, max_examples=300)
@given(
    text=TEXTS,
    cuts=CUTS,
    strategy=st.sampled_from(get_args(Strategy)[1:]),
    room=st.integers(50, 120),
    share=st.floats(0, 1),
)
@example(text="a \u0301" + "b" * 99, cuts=[], strategy="characters", room=50, share=1)
@example(text="a \u2028" + "\u0301" * 60, cuts=[], strategy="sentences", room=50, share=0)
@example(text="a \x1f" + "\u0301" * 60, cuts=[], strategy="words", room=50, share=1)
def test_no_gap_no_word_begun_inside_no_cluster_parted_and_true_places(
    text: str, cuts: list[int], strategy: str, room: int, share: float
) -> None:
    overlap = int((room - 1) // 2 * share)
    chunks = cut(text, strategy=strategy, max_characters=room, overlap=overlap)
    check(text, chunks, room, overlap)
    assert cut(text, list(split(text, cuts)), strategy=strategy, max_characters=room, overlap=overlap) == chunks


def test_flags_before_what_is_no_letter_are_counted_in_their_own_time() -> None:
    """For which the square of it would be minutes."""
    flags, faces = 300_001, 60
    assert last_cluster("🇩" * flags + "😀" * faces, 0, flags + 50) == flags + 50
    assert last_cluster("🇩" * flags + "\u0301" * faces, 0, flags + 50) == flags - 1


@pytest.mark.parametrize("strategy", get_args(Strategy)[1:])
def test_one_character_at_a_time_changes_nothing(strategy: str) -> None:
    text = (EVERYTHING + " ") * 40
    assert cut(text, list(text), strategy=strategy) == cut(text, strategy=strategy) != []


def test_characters_end_behind_a_line_in_the_second_half_or_behind_a_word() -> None:
    text = "one line of thirty characters!\nand then another one with more words in it"
    assert [chunk.text for chunk in cut(text, strategy="characters", overlap=0)] == [
        "one line of thirty characters!",
        "and then another one with more words in it",
    ]
    early = "early line\n" + "word " * 20
    assert cut(early, strategy="characters")[0].text == "early line\nword word word word word word word word"


def test_sentences_are_packed_whole_and_repeated_whole() -> None:
    text = "Dr. J. Smith came at 5 p.m. today. He said: “No!” Then e.g. this. And it went on."
    chunks = cut(text, strategy="sentences", max_characters=55, overlap=25)
    assert [chunk.text for chunk in chunks] == [
        "Dr. J. Smith came at 5 p.m. today. He said: “No!”",
        "He said: “No!” Then e.g. this. And it went on.",
    ]


def test_a_sentence_ends_at_an_ideographic_full_stop_without_a_space() -> None:
    text = "これは一つ目の文です。「二つ目ですか。」と言いました。" * 3
    chunks = cut(text, strategy="sentences", overlap=0)
    assert all(chunk.text.endswith(("。", "。」")) for chunk in chunks)
    assert "".join(chunk.text for chunk in chunks) == text


def test_stops_that_end_no_sentence_hide_none_before_them() -> None:
    assert list(sentence_ends("終わり。次の語。\u0301語語  ", 0, 10)) == [4]
    for far in (STRIDE - 1, STRIDE, 5 * STRIDE):
        text = "An end. And " + "3.14, " * (far // 6) + "x" * (far % 6)
        assert list(sentence_ends(text + "  ", 0, len(text))) == [7]
        assert first_sentence_end(text + "  ", 0, len(text)) == 7


@settings(deadline=None, max_examples=200)
@given(pieces=st.lists(st.sampled_from(WORDS + SPACES), max_size=TRIES - 2), first=st.integers(0, 300))
def test_the_first_end_of_a_sentence_is_the_last_that_is_found_from_the_end(pieces: list[str], first: int) -> None:
    text = "".join(pieces)
    end = len(text) - 2
    found = [place for place in sentence_ends(text, first, end) if place < end]
    assert first_sentence_end(text, first, end) == (found[-1] if found else 0)


def test_words_are_counted_and_each_ideograph_is_one() -> None:
    chunks = cut("one two three four five six seven eight nine ten", strategy="words", max_words=5, overlap=0)
    assert [chunk.text for chunk in chunks] == ["one two three four five", "six seven eight nine ten"]
    assert [len(chunk.text) for chunk in cut("語" * 12, strategy="words", max_words=5, overlap=0)] == [5, 5, 2]


def test_text_without_spaces_is_parted_anywhere_but_not_before_a_full_stop() -> None:
    text = "語" * 49 + "。" + "語" * 30
    for strategy in ("characters", "words", "sentences"):
        chunks = cut(text, strategy=strategy, overlap=0, max_words=100)
        assert [len(chunk.text) for chunk in chunks] == [50, 30]
        assert not any(chunk.is_word_cut for chunk in chunks)
    assert not cut("語" * 50 + "。" + "語" * 30, strategy="characters")[1].text.startswith("。")


def test_a_word_longer_than_a_chunk_is_cut_between_clusters_and_said_so() -> None:
    family = "👩‍👩‍👧‍👦"  # seven code points
    chunks = cut("start " + family * 20 + " end")
    assert [chunk.is_word_cut for chunk in chunks] == [False, True, True, False]
    assert chunks[1].text == chunks[2].text == family * 7
    assert chunks[3].text == family * 6 + " end"


def test_white_space_alone_makes_no_chunk(tmp_path: Path) -> None:
    result, lines = chunks_of(tmp_path, b" \n\t" * 1000, chunks={})
    assert result.chunks is not None
    assert (result.chunks.count, lines) == (0, [])


# -- through the processor


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-32-le", b"\xff\xfe\0\0"),
        ("shift_jis", b""),
        ("gb18030", b""),
        ("euc-jp", b""),
        ("windows-1251", b""),
    ],
)
def test_places_are_true_in_the_file_as_it_lies(encoding: str, mark: bytes, tmp_path: Path) -> None:
    source = "Привет, мир! 語彙の本。 naïve 🧑‍🚀\r\n" * 200
    text = "".join(c for c in source if c.encode(encoding, "ignore"))
    data = mark + text.encode(encoding)
    declared = {} if mark else {"encoding": encoding}
    _, lines = chunks_of(tmp_path, data, chunks={"max_characters": 100, "overlap": 30}, **declared)
    assert len(lines) > 50
    assert [line["index"] for line in lines] == list(range(len(lines)))
    for line in lines:
        assert text[line["start"] : line["end"]] == line["text"]
        assert data[line["start_byte"] : line["end_byte"]].decode(encoding) == line["text"]


def test_what_was_replaced_counts_as_the_bytes_that_it_was(tmp_path: Path) -> None:
    data = "Größe \x01 ".encode() * 9 + b"bad \xe2\x82 and \xff bytes " + "Größe ".encode() * 300
    result, lines = chunks_of(tmp_path, data, chunks={"max_characters": 100, "overlap": 30})
    assert result.replacements == 2
    for line in lines:
        assert data[line["start_byte"] : line["end_byte"]].decode(errors="replace") == line["text"]
    assert lines[-1]["end_byte"] == len(data) - 1


def test_the_result_sums_up_what_the_lines_hold(tmp_path: Path) -> None:
    text = "Some words and a sentence. " * 300 + "x" * 900
    result, lines = chunks_of(tmp_path, text.encode(), chunks={"max_characters": 500, "overlap": 100})
    made = result.chunks
    assert made is not None
    lengths = [line["end"] - line["start"] for line in lines]
    assert (made.count, made.characters, made.longest) == (len(lines), sum(lengths), max(lengths))
    assert made.repeated_characters == sum(lengths) - len(
        {n for line in lines for n in range(line["start"], line["end"])}
    )
    assert (made.strategy, made.words_cut) == ("sentences", 1)


def test_parquet_holds_the_same_rows(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    text = "“Quoted”, \\ and \0 and\ttabs. Größe! 語彙。 " * 300
    _, lines = chunks_of(
        tmp_path, text.encode(), chunks={"formats": ["parquet", "ndjson"], "max_characters": 100, "overlap": 40}
    )
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as database:
        found = database.execute("SELECT * FROM read_parquet($path)", {"path": str(tmp_path / "out/chunks.parquet")})
        names = [column[0] for column in found.description]
        rows = found.fetchall()
    assert [dict(zip(names, row, strict=True)) for row in rows] == lines
    assert len(lines) > 50


def test_parquet_alone_leaves_no_lines_behind(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    _, lines = chunks_of(tmp_path, b"a word or two", chunks={"formats": ["parquet"]})
    assert lines == []
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"in.txt", "chunks.parquet"}


def test_without_duckdb_parquet_is_refused_by_the_name_of_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duck, "is_installed", lambda: False)
    path = tmp_path / "in.txt"
    path.write_bytes(b"words")
    with pytest.raises(Rejected, match=r"dropoff\[tables\]"):
        run_alone(TextProcessor(), path, {"chunks": {"formats": ["parquet"]}}, scratch=tmp_path)


def test_what_was_not_done_is_said_where_a_partial_result_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duck, "is_installed", lambda: False)
    result, _ = chunks_of(tmp_path, b"words", chunks={"formats": ["parquet"]}, on_error="partial")
    assert (result.chunks, [failed.name for failed in result.errors]) == (None, ["chunks"])


def test_the_lines_never_outgrow_the_file_by_more_than_is_stated(tmp_path: Path) -> None:
    chunk = cut("word")[0]

    def write() -> None:
        with Lines(tmp_path / "lines", 1000) as lines:
            for _ in range(100):
                lines.write(chunk, ["#" * 30_000])

    with pytest.raises(Rejected) as rejected:
        write()
    assert rejected.value.code == "limit_exceeded"
    assert (tmp_path / "lines").stat().st_size <= 16_000 + (1 << 20)


def test_a_line_is_one_line_of_json_whatever_is_in_it(tmp_path: Path) -> None:
    data = b'"quotes" \\ \x01\x1f\x7f\n\t' + "\u2028\u2029\x85 🧑".encode() + b" words" * 40
    _, lines = chunks_of(tmp_path, data, chunks={})
    (text,) = (line["text"] for line in lines)
    assert text == data.decode()
    assert (tmp_path / "out/chunks.ndjson").read_bytes().count(b"\n") == 1
    assert json.loads((tmp_path / "out/chunks.ndjson").read_text())["text"] == text


@pytest.mark.parametrize(
    "wrong", [{"overlap": 1000}, {"max_characters": 50, "overlap": 25}, {"formats": []}, {"strategy": "x"}]
)
def test_params_that_cannot_work_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Chunks.model_validate(wrong)
