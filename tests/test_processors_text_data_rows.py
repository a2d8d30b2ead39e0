"""CSV rows: what Python's `csv` makes of them, whatever the cuts, in linear time, and what their cells are."""

import csv
import io
import re
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from processors.text.data.cells import form_of, type_of
from processors.text.data.csv_shape import Profile
from processors.text.data.dialect import Dialect, dialect_of
from processors.text.data.models import Csv, CsvTable
from processors.text.data.rows import Bad, Heap, Row, cells_of, grammar

WHOLE = Csv()


def profile(blocks: Sequence[str], columns: int = 2, params: Csv = WHOLE, delimiter: str = ",") -> CsvTable:
    profile = Profile(Dialect(delimiter, columns, None, 1.0, 1), params)
    for _ in profile.read(map(str.encode, blocks)):
        pass
    return profile.table()


def cut(text: str, cuts: Sequence[int]) -> list[str]:
    edges = sorted({0, len(text), *(one % (len(text) + 1) for one in cuts)})
    return [text[start:end] for start, end in pairwise(edges)]


CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "-7", "007", "1.5", "2024-02-29", "true", "=1", "-x", "+5", "@a", "\t", "a b", "1e5", "."]
    ),
    st.text(alphabet='a1,"\r\n -=.e;', max_size=6),
)


@st.composite
def written(draw: st.DrawFn) -> str:
    """By Python's writer, in one of its ways of quoting and of ending lines."""
    file = io.StringIO()
    quoting: Literal[0, 1] = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    writer = csv.writer(file, quoting=quoting, lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])))
    writer.writerows(draw(st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=30)))
    return file.getvalue()


def expected(text: str, columns: int = 2) -> tuple[int, list[str], list[int], int]:
    """Rows, and of each column type and nulls, and bad rows: by `csv.reader`, one cell after the other."""
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    good = [row for row in rows if len(row) == columns]
    forms = [{form_of(row[place], False) for row in good} for place in range(columns)]
    nulls = [sum(row[place] == "" for row in good) for place in range(columns)]
    return len(good), [type_of(one) for one in forms], nulls, len(rows) - len(good)


def found(table: CsvTable) -> tuple[int, list[str], list[int], int]:
    types, nulls = ([column.type for column in table.columns], [column.null_count for column in table.columns])
    return table.row_count, [str(one) for one in types], nulls, table.bad_row_count


@settings(max_examples=400)
@given(written(), st.lists(st.integers(0, 10_000), max_size=6), st.integers(1, 3))
@example("a,b\r\n\r\n1,2\r\n", [3, 4, 5], 2)
@example('"a\r\nb",1\n' * 9, [2, 3, 4], 2)
def test_rows_types_and_nulls_are_those_of_the_csv_module(text: str, cuts: Sequence[int], columns: int) -> None:
    assert found(profile(cut(text, cuts), columns)) == expected(text, columns)


@settings(max_examples=400)
@given(st.text(alphabet='a1,"\r\n=-', max_size=60), st.lists(st.integers(0, 100), max_size=6))
@example('1,2\n"a,2\n3,4\n', [6, 7])
def test_the_answer_never_depends_on_the_cuts(text: str, cuts: Sequence[int]) -> None:
    """Of any text: with quotes that are never closed, too."""
    whole = profile([text])
    assert profile(cut(text, cuts)) == whole
    assert profile(list(text)) == whole


@given(st.lists(st.integers(0, 4000), max_size=8))
def test_a_record_that_is_too_long_is_one_whatever_the_cuts(cuts: Sequence[int]) -> None:
    text = "1,2\n" + "x" * 999 + ",\n" + "y" * 1000 + ',\n3,"' + "\n" * 1200 + '"\n4,5\n' + "z" * 1500
    params = Csv(max_record_characters=1000)
    whole = profile([text], params=params)
    assert profile(cut(text, cuts), params=params) == whole
    assert whole.row_count == 3
    assert [(bad.line, bad.text[:3]) for bad in whole.bad_rows] == [(3, "yyy"), (4, '3,"'), (1204, '"'), (1206, "zzz")]


@given(written())
def test_each_cell_reads_as_the_csv_module_reads_it(text: str) -> None:
    for record in re.split("[\r\n]", text):
        if grammar(",")[0].fullmatch(f"{record}\n") and record:
            assert [[cell.value for cell in cells_of(record, ",")]] == list(csv.reader([record]))


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("", "null"), ("0", "natural"), ("-12", "integer"), ("+5", "integer"), ("007", "text"), ("1" * 19, "integer"),
        ("9" * 19, "text"), ("1" * 5000, "text"), ("1.50", "decimal"), (".5", "number"), ("5.", "number"),
        ("1e5", "number"),
        ("1e400", "text"), ("1E289", "number"), ("-1.2e-30", "number"), ("--1", "formula"), ("nan", "text"),
        ("inf", "text"),
        ("1_000", "text"), (" 1", "text"), ("true", "boolean"), ("tRue", "text"), ("2024-02-29", "date"),
        ("2023-02-29", "text"), ("1900-02-29", "text"), ("2000-02-29", "date"), ("2024-04-31", "text"),
        ("2024-04-30T23:59:59", "datetime"), ("2024-04-30 23:59:59.123456", "datetime"),
        ("2024-04-30T24:00:00", "text"),
        ("2024-04-30T23:59:59Z", "utc"), ("2024-04-30T23:59:59+02:00", "zoned"), ("=1+1", "formula"),
        ("@SUM(1)", "formula"), ("-2+3", "formula"), ("\t=1", "formula"), ("\r=1", "formula"), ("+", "formula"),
    ],
)  # fmt: skip
def test_a_cell_is_what_its_characters_say(value: str, form: str) -> None:
    assert form_of(value, False) == form
    assert form_of(value, True) == f"q{form}"


def test_a_type_that_changes_at_row_101_or_at_the_last_changes_the_column() -> None:
    text = "1,2\n" * 100 + "1,2.5\n" + "3,4\n" * 5000 + "x,1\n"
    assert [column.type for column in profile([text]).columns] == ["string", "number"]


def test_a_bad_row_is_told_with_its_record_line_and_cell_and_safe_to_show() -> None:
    text = '1,"a\nb"\n3\n4,5\n6,7,\x1b[31m\u202e\n' + "9\n" * 10
    table = profile([text])
    assert [(bad.record, bad.line, bad.column, bad.reason) for bad in table.bad_rows[:2]] == [
        (2, 3, 2, "It has 1 cells instead of 2."),
        (4, 5, 3, "It has 3 cells instead of 2."),
    ]
    assert table.bad_rows[1].text == "6,7,␛[31m[U+202E]"
    assert (table.bad_row_count, len(table.bad_rows), table.embedded_newlines) == (12, 5, 1)


def test_blank_lines_are_lines_and_no_records() -> None:
    (bad,) = profile(["a,b\n\n\r\n1,2\n\n3\n" + "4,5\n" * 9]).bad_rows
    assert (bad.record, bad.line) == (3, 6)


def test_formulas_are_counted_and_numbers_with_a_sign_are_none() -> None:
    text = '=cmd|x,-5\n"=1",+5.5\nx,-1e3\n@a,"-x"\n' * 1000
    assert profile([text]).formula_cells == 4000


def test_the_first_line_of_a_quote_that_is_never_closed_is_left_out_alone() -> None:
    table = profile(['1,2\n3,"4\n' + "5,6\n" * 100])
    assert (table.row_count, table.bad_row_count) == (101, 1)
    assert table.bad_rows[0].reason == "A quote is not closed."


def test_what_the_rows_are_is_handed_out_in_order_and_whole() -> None:
    text = "1,2\n" * 10 + "3\n" + "4,5\n" * 10
    reader = Profile(Dialect(",", 2, None, 1.0, 1), WHOLE)
    seen: list[str] = []
    for piece in reader.read([text.encode()]):
        match piece:
            case Heap(rows_text):
                seen.append(rows_text.decode())
            case Row(cells):
                seen.append(",".join(cell.value for cell in cells) + "\n")
            case Bad():
                seen.append(f"{piece.text}\n")
    assert "".join(seen) == text


@pytest.mark.parametrize(
    "text",
    [
        '"a\n' * 200_000,
        '"' * 600_001,
        'a"b,' * 150_000,
        "1,2\n=,\n" * 80_000,
        "x" * 600_000,
        ("1," * 999 + "1\n") * 300,
        '1,"' + "x\n" * 300_000,
    ],
    ids=["quotes never closed", "quotes", "quotes inside", "formulas", "one cell", "wide", "one quote"],
)
def test_hostile_rows_take_linear_time(text: str) -> None:
    """A second or two for 600 KB; what grows with the square would take minutes."""
    started = time.process_time()
    profile(cut(text, range(0, len(text), 4096)), params=Csv(max_record_characters=100_000))
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("head", "delimiter", "columns", "header"),
    [
        ("a,b\n1,2\n", ",", 2, True),
        ("a;b\n1,5;2\n2,5;3\n", ";", 2, True),
        ("a\tb, c\n1\tx, y\n", "\t", 2, True),
        ("1|2|3\n4|5|6\n", "|", 3, False),
        ('"a;x","b;y"\n"1;2","3;4"\n', ",", 2, True),
        ("name\nann\nbob\n", ",", 1, True),
        ("a,a\n1,2\n", ",", 2, False),
        ('a,b\n1,"x\n,,,,\ny"\n', ",", 2, True),
    ],
)
def test_the_delimiter_and_the_header_show_on_whole_records(
    head: str, delimiter: str, columns: int, header: bool
) -> None:
    found = dialect_of(head, True, WHOLE)
    assert (found.delimiter, found.columns, found.header is not None) == (delimiter, columns, header)


def test_quoted_one_column_rows_take_no_time() -> None:
    """Where `csv.Sniffer` is quadratic."""
    head = '"' + "x" * 30 + '"\n'
    started = time.process_time()
    assert dialect_of(head * 4000, False, WHOLE).columns == 1
    assert time.process_time() - started < 4


@pytest.mark.parametrize("mark", ["", '"'])
def test_rows_of_text_and_signed_numbers_are_refuted_in_linear_time(mark: str) -> None:
    """If text and number both matched a cell, a row of 40 such would be tried in 2^40 ways before it is refuted."""

    def row(cell: str, last: str) -> str:
        return ",".join([f"{mark}{cell}{mark}"] * 40 + [last]) + "\n"

    mixed = row("n/a", "2024-01-01") + row("-5", "2024-01-01") + row("-1.5", "2024-01-01") + row("=", "2024-01-01")
    table = profile([mixed + row("5", "2024-01-01") * 40 + row("5", "x") * 4], columns=41)
    assert (table.row_count, table.bad_row_count) == (48, 0)
    assert {column.type for column in table.columns} == {"string"}
