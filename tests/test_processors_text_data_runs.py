"""Runs of records: RE2 and Python's `re` say the same of every file, and either can do the other's work."""

import csv
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from processors.text.data import runs
from processors.text.data.models import Csv, CsvTable, JsonLines
from processors.text.data.rows import Columns, Records
from processors.text.data.runs import Utf8Runs, regular
from processors.text.data.templates import Templates
from tests.test_processors_text_data_json import BAD, RECORDS, lines
from tests.test_processors_text_data_rows import cut, expected, found, profile, written

pytest.importorskip("re2")

CUTS = st.lists(st.integers(0, 10_000), max_size=4)


@contextmanager
def engine(has_re2: bool) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "is_installed", lambda: has_re2)
        yield


def by_both(table: Callable[[], CsvTable | JsonLines]) -> None:
    by_re2 = table()
    with engine(has_re2=False):
        assert table() == by_re2


@settings(max_examples=200)
@given(written(), CUTS, st.integers(1, 3), st.integers(1, 5))
@example('1,"a\r\nb"\r\n2,\r\n' * 9, [], 2, 3)
@example('1,=x\n2,-5\n"",+1\n' * 9, [], 2, 3)
def test_both_engines_say_the_same_of_rows(text: str, cuts: list[int], columns: int, times: int) -> None:
    blocks = cut(text * times, cuts)
    by_both(partial(profile, blocks, columns))


@settings(max_examples=200)
@given(st.lists(RECORDS.map(json.dumps) | BAD, max_size=30), st.integers(1, 4), CUTS)
def test_both_engines_say_the_same_of_records(some: list[str], times: int, cuts: list[int]) -> None:
    blocks = cut("\n".join(some * times), cuts)
    by_both(partial(lines, blocks))


@st.composite
def gappy(draw: st.DrawFn) -> tuple[str, int, str]:
    """Tables with empty cells at any place of a row, some within quotes or beside them, in UTF-8 of several bytes."""
    count = draw(st.integers(2, 6))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    cells = st.sampled_from(["", "", "1", "é", "東京", f"a{delimiter}{delimiter}b", 'x"', "\n", "2.5"])
    rows = draw(st.lists(st.lists(cells, min_size=count, max_size=count), min_size=1, max_size=8))
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=draw(st.sampled_from(["\n", "\r\n"]))).writerows(rows * 4)
    return file.getvalue(), count, delimiter


@pytest.mark.parametrize("has_re2", [True, False], ids=["re2", "re"])
@settings(max_examples=200)
@given(table=gappy(), cuts=CUTS, described=st.integers(1, 6))
@example(table=(",,\n" * 9, 3, ","), cuts=[], described=3)
@example(table=('"a,,b",,,x\r\n1,,,\r\n' * 9, 4, ","), cuts=[], described=3)
def test_empty_cells_are_counted_in_their_columns(
    has_re2: bool, table: tuple[str, int, str], cuts: list[int], described: int
) -> None:
    text, count, delimiter = table
    blocks = cut(text, cuts)
    params = Csv(max_columns=described)
    with engine(has_re2):
        seen = profile(blocks, count, params, delimiter)
    good = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    assert (seen.row_count, seen.bad_row_count) == (len(good), 0)
    assert [column.null_count for column in seen.columns] == [
        sum(row[place] == "" for row in good) for place in range(min(count, described))
    ]


def test_rows_with_many_gaps_are_counted_as_those_with_few() -> None:
    few = "".join(f"{number},,{number},x\n" for number in range(500))
    many = ",,,\n1,,,x\n,2,3,\n" * 300
    for text in (few + many, many + few):
        assert found(profile([text], 4)) == expected(text, 4)


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        ("[0-9]{1,2}+a*+b++c?+", "[0-9]{1,2}a*b+c?"),
        ("(?>a|b)*+", "(?:a|b)*"),
        (r"\*\++[*+]\?++", r"\*\++[*+]\?+"),
        (r"(?=[+\-\]])a|(?=[,\n])", "a|"),
        (r"\(\?>\(\?=", r"\(\?>\(\?="),
    ],
)
def test_a_pattern_without_what_only_backtracking_needs(pattern: str, plain: str) -> None:
    assert regular(pattern) == plain


def test_names_that_look_like_patterns_stand_for_themselves() -> None:
    name = r"a*+b++(?>c)(?=[d])[e]{1}+\\ é"
    text = f'{{"{name}": 1}}\n' * 50
    assert lines([text + text.replace("a*+", "a*") + text]).record_count == 150
    assert [path.path for path in lines([text]).paths] == ["", json.loads(f'"{name}"')]


@pytest.mark.parametrize("value", ["[1,2.5]", '[{"b":[1,2.5]}]', "[[1],[2.5]]", "[]", "[[[[[1]]]]]", '"\\u0041"'])
def test_a_record_is_like_itself_for_the_automaton_too(value: str) -> None:
    record = f'{{"a":{value}}}\n'
    templates = Templates(Utf8Runs)
    templates.learn(record.rstrip())
    assert templates.end(record.encode() * 9, 0, len(record) * 9) == len(record) * 9


def test_an_automaton_that_is_slow_is_left_for_re(monkeypatch: pytest.MonkeyPatch) -> None:
    """RE2 doesn't say when it gives up its quick engine; the clock does."""
    text = b"ab,1\n" * 5000
    some = Utf8Runs("(?>[a-z]++,[0-9]++\n)*+", "(?:[a-z]+,[0-9]+\n)*")
    assert some.end(text + b"x", 0, len(text) + 1) == len(text)
    assert some._match is None
    clock = iter(range(0, 10**12, 10**9))
    monkeypatch.setattr(time, "thread_time_ns", lambda: next(clock))
    assert some.end(text + b"x", 0, len(text) + 1) == len(text)
    assert some._match is not None
    assert some.end(text + b"x", 5, len(text) + 1) == len(text)


def test_a_pattern_that_is_too_large_for_an_automaton_is_run_by_re() -> None:
    pattern = "(?:" + "(?:[a-z]{1,900}1)" * 400 + "\n)*"
    assert Utf8Runs(pattern, pattern)._match is not None


def test_the_pattern_of_nested_arrays_does_not_double_without_end() -> None:
    record = '{"a":' + "[" * 7 + ",".join(['{"number":1,"text":"x","more":2.5}'] * 3) + "]" * 7 + "}"
    assert lines([f"{record}\n" * 500]).record_count == 500


def test_columns_of_one_text_are_run_by_the_automaton() -> None:
    """Or the extra would be of no use, and nobody would see it."""
    columns = Columns(2, ",", 2)
    for _ in Records(columns, False, 1 << 20).read([b"1,a\n,b\n3,c\n" * 10]):
        pass
    assert columns._runs is not None
    assert columns._runs._match is None


@pytest.mark.corpus
def test_both_engines_say_the_same_of_the_corpus(corpus: Path) -> None:
    files = [path for path in (corpus / "text").rglob("*") if path.is_file() and path.stat().st_size < 1 << 20]
    compared = 0
    for path in files:
        try:
            text = path.read_bytes().decode()
        except UnicodeDecodeError:
            continue
        blocks = [text[at : at + 5000] for at in range(0, len(text), 5000)]
        columns = text.partition("\n")[0].count(",") + 1
        by_both(partial(profile, blocks, columns))
        by_both(partial(lines, blocks))
        compared += 1
    assert compared > 50
