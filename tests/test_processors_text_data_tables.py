"""CSV and NDJSON as SQLite and Parquet: the same rows and types in both, bad rows aside, whatever the names."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processors.base import Rejected
from processors.text import TextProcessor
from processors.text.data import table
from processors.text.data.columns import column_names
from processors.text.duck import Duck
from processors.text.models import TextResult
from processors.work import Finished, run_alone
from tests.architecture import REPOSITORY

BOTH = {"tables": {"formats": ["sqlite", "parquet"]}}


def made(folder: Path, data: bytes, params: Mapping[str, Any] = BOTH, name: str = "in.csv") -> Finished:
    path = folder / name
    path.write_bytes(data)
    return run_alone(TextProcessor(), path, params, scratch=folder)


def result_of(finished: Finished) -> TextResult:
    assert isinstance(finished.result, TextResult)
    return finished.result


def in_sqlite(folder: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    file = sqlite3.connect(folder / "out" / "table.sqlite")
    try:
        rows = file.execute("SELECT * FROM data")
        return [column[0] for column in rows.description], rows.fetchall()
    finally:
        file.close()


def in_parquet(folder: Path) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.sql(f"SELECT * FROM read_parquet('{folder / 'out' / 'table.parquet'}')")
    return list(zip(found.columns, map(str, found.types), strict=True)), found.fetchall()


def rejected(folder: Path) -> list[Any]:
    return [json.loads(line) for line in (folder / "out" / "rejected.ndjson").read_text().splitlines()]


CSV = b"""\
id,when,day,price,ok,note
1,2024-05-01T10:00:00Z,2024-05-01,1.50,true,"he said ""x"",
then left"
2,2024-05-01T10:00:00+02:00,2000-02-29,-2,False,=1+1
oops
3,,,,,
"""


def test_rows_of_csv_have_their_types_in_both_and_bad_ones_are_kept_aside(tmp_path: Path) -> None:
    tables = result_of(made(tmp_path, CSV)).tables
    assert tables is not None
    assert tables.outputs == ["table.sqlite", "table.parquet", "rejected.ndjson"]
    assert (tables.rows, tables.rejected, tables.rejected_kept) == (3, 1, 1)
    names, rows = in_sqlite(tmp_path)
    assert names == tables.columns == ["id", "when", "day", "price", "ok", "note"]
    assert rows == [
        (1, "2024-05-01T10:00:00Z", "2024-05-01", 1.5, 1, 'he said "x",\nthen left'),
        (2, "2024-05-01T10:00:00+02:00", "2000-02-29", -2.0, 0, "=1+1"),
        (3, None, None, None, None, None),
    ]
    types, same = in_parquet(tmp_path)
    kinds = ["BIGINT", "TIMESTAMP WITH TIME ZONE", "DATE", "DOUBLE", "BOOLEAN", "VARCHAR"]
    assert types == list(zip(names, kinds, strict=True))
    assert [(row[0], row[3], row[4], row[5]) for row in same] == [(row[0], row[3], row[4], row[5]) for row in rows]
    assert [str(row[2]) for row in same] == ["2024-05-01", "2000-02-29", "None"]
    assert same[0][1].hour == 10
    assert same[1][1].hour == 8
    assert rejected(tmp_path) == [
        {"record": 4, "line": 5, "column": 2, "reason": "It has 1 cells instead of 6.", "text": "oops"}
    ]


def test_records_of_ndjson_become_rows_with_what_is_nested_as_json(tmp_path: Path) -> None:
    records = [
        {"id": 1, "x": 1, "ok": True, "tags": ["a", None], "any": 1},
        {"id": 2, "x": 2.5, "name": "\ud800", "any": "text"},
        {"id": None, "any": {"b": [1]}},
    ]
    bad = [b'{"id": 18446744073709551615}\n', b"[1]\n", b"{nope\n", b'{"x": 1e999}\n']
    good = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    tables = result_of(made(tmp_path, good * 20 + b"".join(bad) + good, name="in.ndjson")).tables
    assert tables is not None
    assert (tables.rows, tables.rejected) == (63, 4)
    names, rows = in_sqlite(tmp_path)
    assert names == ["id", "x", "ok", "tags", "any", "name"]
    assert rows[:3] == [
        (1, 1.0, 1, '["a", null]', "1", None),
        (2, 2.5, None, None, "text", "?"),
        (None, None, None, None, '{"b": [1]}', None),
    ]
    assert [kind for _, kind in in_parquet(tmp_path)[0]] == ["BIGINT", "DOUBLE", "BOOLEAN", *["VARCHAR"] * 3]
    assert in_parquet(tmp_path)[1] == [
        tuple(bool(v) if n == 2 and v is not None else v for n, v in enumerate(row)) for row in rows
    ]
    assert [one["line"] for one in rejected(tmp_path)] == [61, 62, 63, 64]


CELLS = st.sampled_from(
    ["", "0", "-5", "+7", "9" * 15, "1.5", ".5", "5.", "1e5", "1E289", "-2.5e-3", "true", "FALSE", "2024-02-29",
     "0001-01-01", "0000-01-01", "9999-12-31", "2024-05-01 10:00:00", "2024-05-01T23:59:59.123456789",
     "2024-05-01T10:00:00Z",
     "2024-05-01 10:00:00+14:59", "0000-01-01T00:00:00", "a", '"', "a\nb", "\r", "ü🧑‍🚀",
     "\\N", "NULL", "'", "a\0b", " ", "8" * 19, "9" * 19]
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=2, max_size=12), st.booleans())
def test_both_tables_hold_what_the_csv_module_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: Sequence[tuple[str, str, str]], is_quoted: bool
) -> None:
    """Whatever type is found, DuckDB and SQLite can hold it: numbers are equal, and texts are the same."""
    folder = tmp_path_factory.mktemp("tables")
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL).writerows(rows)
    params = {**BOTH, "format": "csv", "csv": {"delimiter": ",", "header": "absent"}}
    result = result_of(made(folder, file.getvalue().encode(), params))
    assert result.csv is not None
    assert result.csv.row_count == len(rows)
    types = [column.type for column in result.csv.columns]
    for place, kind in enumerate(types):
        texts = [row[place] or None for row in rows]
        for found in (in_sqlite(folder)[1], in_parquet(folder)[1]):
            values = [row[place] for row in found]
            if kind == "string":
                assert values == texts
            elif kind in ("integer", "number"):
                assert values == [
                    None if text is None else float(text) if kind == "number" else int(text) for text in texts
                ]
            else:
                assert [value is None for value in values] == [text is None for text in texts]


def test_hostile_names_become_columns_that_differ() -> None:
    names = ["a", "A", "a", "", "a_2", 'x"; DROP TABLE data; --', "select", "\0", "  ", "é", "É", "n" * 300]
    found = list(column_names(names))
    assert found[:5] == ["a", "A_2", "a_3", "column_4", "a_2_2"]
    assert len({name.casefold() for name in found}) == len(names)
    assert all(name and "\0" not in name for name in found)


def test_a_table_with_hostile_names_can_be_read_again(tmp_path: Path) -> None:
    names = ["a", "A", "", 'x"; DROP TABLE data; --', "select", "it's", "rowid"]
    header = io.StringIO()
    csv.writer(header).writerow(names)
    made(tmp_path, header.getvalue().encode() + b"1,2,3,4,5,6,7\n", {**BOTH, "csv": {"header": "present"}})
    assert in_sqlite(tmp_path) == (list(column_names(names)), [(1, 2, 3, 4, 5, 6, 7)])
    assert in_parquet(tmp_path)[1] == [(1, 2, 3, 4, 5, 6, 7)]


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"just prose", "in.txt", "There is no table"),
        (b"[1]\n[2]\n", "in.ndjson", "no objects with names"),
        (b",".join([b"x"] * 3000) + b"\n", "in.csv", "more than `csv.max_columns`"),
    ],
)
def test_what_is_no_table_is_rejected_or_told_of(data: bytes, name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=words):
        made(tmp_path, data, name=name)
    (failed,) = result_of(made(tmp_path, data, {**BOTH, "on_error": "partial"}, name)).errors
    assert failed.name == "tables"
    assert words in failed.detail


def test_more_columns_than_sqlite_takes_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="2,000 columns"):
        made(tmp_path, b",".join([b"x"] * 3000) + b"\n", {**BOTH, "csv": {"max_columns": 5000}})


def test_a_table_far_larger_than_its_text_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "OUTPUT_RATIO", 1)
    monkeypatch.setattr(table, "OUTPUT_ROOM", 1000)
    with pytest.raises(Rejected, match="times as large") as caught:
        made(tmp_path, b"a,b\n" + b"1,\n" * 3_000_000, {"tables": {"formats": ["sqlite"]}})
    assert caught.value.code == "limit_exceeded"


def test_a_table_that_is_given_up_is_no_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "OUTPUT_RATIO", 0)
    monkeypatch.setattr(table, "OUTPUT_ROOM", 1000)
    done = made(tmp_path, b"a,b\n" + b"1,\nx\n" + b"1,\n" * 3000, {**BOTH, "on_error": "partial"})
    assert [failed.name for failed in result_of(done).errors] == ["tables"]
    assert done.outputs == ()


def test_no_text_makes_a_table_of_more_than_the_stated_ratio(tmp_path: Path) -> None:
    """The shortest rows that there are."""
    data = b"a,b\n" + b"1,\n" * 300_000
    made(tmp_path, data)
    for name in ("table.sqlite", "table.parquet"):
        assert (tmp_path / "out" / name).stat().st_size < table.OUTPUT_RATIO * len(data)


def test_rejected_rows_take_no_more_room_than_the_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "OUTPUT_ROOM", 0)
    data = b"a,b\n" + b"1,2\n" * 900 + b"x\n" * 90
    tables = result_of(made(tmp_path, data, BOTH)).tables
    assert tables is not None
    assert (tables.rejected, tables.rejected_kept) == (90, len(rejected(tmp_path)))
    assert 0 < (tmp_path / "out" / "rejected.ndjson").stat().st_size <= len(data)


WITHOUT_DUCKDB = """
import sys
sys.modules["duckdb"] = None
from pathlib import Path
from processors.base import Rejected
from processors.text import TextProcessor
from processors.work import run_alone
path, scratch = map(Path, sys.argv[1:])
print(run_alone(TextProcessor(), path, {"tables": {"formats": ["sqlite"]}}, scratch=scratch).result.tables.rows)
try:
    run_alone(TextProcessor(), path, {"tables": {"formats": ["parquet"]}}, scratch=scratch)
except Rejected as rejected:
    print(rejected.code, rejected.detail)
"""


def test_without_the_extra_sqlite_is_made_and_parquet_says_what_to_install(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(CSV)
    ran = subprocess.check_output([sys.executable, "-c", WITHOUT_DUCKDB, path, tmp_path], text=True, cwd=REPOSITORY)
    assert ran.splitlines() == [
        "3",
        "unsupported_input Parquet is written by DuckDB, which is not installed here: pip install 'dropoff[tables]'.",
    ]


def test_duckdb_sees_the_scratch_folder_alone_and_can_not_be_told_otherwise(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    duck = Duck(scratch, lambda: None)
    for statement in (
        f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')",
        f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
    ):
        with pytest.raises(Rejected):
            duck.run(statement)
    duck.close()


def test_what_unicode_calls_a_line_end_ends_no_record(tmp_path: Path) -> None:
    texts = ["x"] * 50 + ["x\u2028y", "x\u2029y", "x\u0085y"]
    data = "".join(json.dumps({"a": text}, ensure_ascii=False) + "\r\n" for text in texts).encode()
    tables = result_of(made(tmp_path, data, {"tables": {"formats": ["sqlite"]}}, "in.ndjson")).tables
    assert tables is not None
    assert (tables.rows, tables.rejected) == (53, 0)
    assert in_sqlite(tmp_path)[1] == [(text,) for text in texts]


def test_names_with_lone_surrogates_become_columns(tmp_path: Path) -> None:
    data = b'{"a\\ud800":1,"a\\ud801":"\\udfff"}\n' * 3
    finished = made(tmp_path, data, {"tables": {"formats": ["sqlite"]}}, "in.ndjson")
    assert in_sqlite(tmp_path) == (["a?", "a?_2"], [(1, "?")] * 3)
    result_of(finished).model_dump_json()
