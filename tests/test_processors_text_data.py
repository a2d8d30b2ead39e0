"""Data as a whole: what is nominated and proved, the corpus, other encodings, memory, real cells and HTTP."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from processors.text import TextProcessor
from processors.text.models import TextResult
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.cells import RESULT, Cells, real_cells
from tests.server import dropped


def read(folder: Path, data: bytes, name: str, **params: Any) -> TextResult:
    path = folder / name
    path.write_bytes(data)
    result = run_alone(TextProcessor(), path, params, scratch=folder).result
    assert isinstance(result, TextResult)
    return result


DATA = ("csv", "tsv", "json", "ndjson")
TABLE = b"id,name,amount\n1,Ann,2.50\n2,Bob,3\n3,Cid,-1\n"


@pytest.mark.parametrize(
    ("data", "name", "format"),
    [
        (TABLE, "in.csv", "csv"),
        (TABLE, "in.txt", "csv"),
        (TABLE.replace(b",", b"\t"), "in.txt", "tsv"),
        (TABLE.replace(b",", b"\t"), "in.tsv", "tsv"),
        (TABLE.replace(b",", b";"), "in.csv", "csv"),
        (TABLE.replace(b",", b"|"), "in.txt", "csv"),
        (b"name\nAnn\nBob\n", "in.csv", "csv"),
        (b"name\nAnn\nBob\n", "in.txt", "plain"),
        (b"Dear Ann,\n\nthis, as you know, is prose.\nIt goes on, and on.\n\nYours, Bob\n", "in.csv", "plain"),
        (b"Prose without any commas.\nBut with one here, and there.\n" * 20, "in.csv", "plain"),
        (b"One, two.\n" * 3, "in.txt", "plain"),
        (b"| a | b | c |\n|---|---|---|\n| 1 | 2 | 3 |\n", "in.txt", "plain"),
        (b"2024-05-01 10:00:00,123 INFO started\n2024-05-01 10:00:01,456 INFO done\n" * 9, "in.log", "log"),
        (b"", "in.csv", "plain"),
        (b"\n\n\n", "in.csv", "plain"),
        (b'{"a": 1}', "in.txt", "json"),
        (b'{"a": 1}', "in.json", "json"),
        (b'"text"', "in.json", "json"),
        (b"[1, 2", "in.json", "plain"),
        (b"not json", "in.json", "plain"),
        (b'{"a": 1}\n{"a": 2}\n', "in.json", "ndjson"),
        (b'{"a": 1}\n{"a": 2}\n', "in.txt", "ndjson"),
        (b'{"a": 1}\r\n\r\n{"a": 2}', "in.ndjson", "ndjson"),
        (b"[section]\nkey = 1\n", "in.ini", "source"),
        (b"{braces, in, prose}\n{once, more, here}\n{and, more, here}\n", "in.txt", "plain"),
        (b"import a, b\nimport c, d\nimport e, f\n", "in.py", "source"),
        (b"body { color: red; }\np { color: blue; }\na { color: green; }\n", "in.css", "source"),
    ],
)
def test_a_parser_proves_what_a_text_is_and_not_its_name(data: bytes, name: str, format: str, tmp_path: Path) -> None:
    result = read(tmp_path, data, name)
    assert result.format == format
    for part, formats in (("csv", ("csv", "tsv")), ("ndjson", ("ndjson",))):
        assert (getattr(result, part) is not None) >= (format in formats)


def test_a_refuted_format_says_why_it_is_none(tmp_path: Path) -> None:
    document = read(tmp_path, b'{"a": 1,\n "b": nope}', "in.json").json_document
    assert document is not None
    assert document.error is not None
    assert (document.valid, document.error.line, document.error.column) == (False, 2, 7)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be", "windows-1252"])
def test_data_in_any_encoding_is_the_same_data(encoding: str, tmp_path: Path) -> None:
    table = "id,naïve\n" + "".join(f"{number},café {number}\n" for number in range(500))
    plain = read(tmp_path, table.encode(), "in.csv").csv
    assert plain is not None
    assert [column.name for column in plain.columns] == ["id", "naïve"]
    assert read(tmp_path, table.encode(encoding), "in.csv").csv == plain
    lines = "".join(json.dumps({"id": number, "naïve": "café"}, ensure_ascii=False) + "\n" for number in range(500))
    result = read(tmp_path, lines.encode(encoding), "in.ndjson")
    assert result.ndjson is not None
    assert (result.ndjson.record_count, result.ndjson.paths[-1].path) == (500, "naïve")
    assert read(tmp_path, lines.split("\n")[0].encode(encoding), "in.json").format == "json"


def test_nuls_and_fields_beyond_the_csv_modules_limit_are_ordinary_cells(tmp_path: Path) -> None:
    result = read(tmp_path, TABLE + b"4,a\0b,1\n5," + b"x" * 200_000 + b",2\n", "in.csv")
    assert result.csv is not None
    assert (result.csv.row_count, result.csv.bad_row_count) == (5, 0)


def test_a_caller_may_say_delimiter_and_header(tmp_path: Path) -> None:
    result = read(tmp_path, b"1;2,3\n4;5,6\n", "in.csv", csv={"delimiter": ";", "header": "present"})
    assert result.csv is not None
    assert (result.csv.row_count, [column.name for column in result.csv.columns]) == (1, ["1", "2,3"])


def test_a_hundred_thousand_columns_are_counted_and_the_first_described(tmp_path: Path) -> None:
    row = b",".join([b"1"] * 100_000) + b"\n"
    result = read(tmp_path, row * 4, "in.csv")
    assert result.csv is not None
    assert (result.csv.column_count, len(result.csv.columns), result.csv.row_count) == (100_000, 1000, 4)
    assert any("100,000 columns" in warning for warning in result.warnings)


# -- the corpus


@pytest.mark.corpus
def test_csv_spectrum_reads_as_its_json_says(corpus: Path, tmp_path: Path) -> None:
    """Names of columns and number of rows; the values through SQLite, which stores what was read."""
    formats = corpus / "text" / "formats"
    paths = sorted((formats / "csv-spectrum").iterdir())
    for path in paths:
        expected = json.loads((formats / "csv-spectrum-expected" / f"{path.stem}.json").read_text())
        table = read(tmp_path, path.read_bytes(), path.name).csv
        assert table is not None
        assert (table.row_count, table.bad_row_count, table.delimiter, table.header) == (len(expected), 0, ",", True)
        assert [column.name for column in table.columns] == list(expected[0])
        newlines = sum(value.replace("\r\n", "\n").count("\n") for row in expected for value in row.values())
        assert table.embedded_newlines == newlines, path
    assert len(paths) == 11


@pytest.mark.corpus
def test_no_log_prose_or_source_is_taken_for_data(corpus: Path, tmp_path: Path) -> None:
    """But for the tables among the texts of the encodings, which are tables."""
    folders = [corpus / "text" / "formats" / "logs", corpus / "text" / "encodings", corpus / "text" / "hostile"]
    folders += [REPOSITORY / "ingest", REPOSITORY / "docs"]
    paths = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".png")
    ]
    taken = set()
    for path in paths:
        if path.name != "_mozilla_bug638318_text.html":  # mostly zeros: refused
            with path.open("rb") as file:
                if read(tmp_path, file.read(300_000), "in.txt").format in DATA:
                    taken.add(path.name)
    assert taken == {f"nobom-utf{size}.txt" for size in ("16le", "16be", "32le", "32be")}
    assert len(paths) > 500


# -- memory

MEASURE = """
import resource, sys
from pathlib import Path
from processors.registry import load
from processors.work import run_alone
processor = load(["text"])["text"]
processor.warm()
run_alone(processor, Path(sys.argv[1]), scratch=Path(sys.argv[3]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = run_alone(processor, Path(sys.argv[2]), scratch=Path(sys.argv[3])).result
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, result.format)
"""
SMALL = {"csv": TABLE, "ndjson": b'{"a": 1}\n{"a": 2}\n', "json": b'[{"a": 1}]'}


def large(form: str, kind: str) -> Iterator[bytes]:
    """Blocks of 1 MiB without end."""
    block = b"x" * (1 << 20)
    match form, kind:
        case "csv", "rows":
            rows = "".join(f'{number},"{number} ""quoted"",\nname",{number / 7}\n' for number in range(30_000))
            while True:
                yield rows.encode()
        case "csv", "one cell":
            yield b'1,2\n3,"'
            while True:
                yield block
        case "ndjson", "records":
            while True:
                yield b"".join(b'{"a": %d, "b": ["x", null], "c": {"d": 1.5}}\n' % number for number in range(20_000))
        case "ndjson", "one line":
            yield b'{"a": 1}\n' * 10 + b'{"a": "'
            while True:
                yield block
        case "json", "one string":
            yield b'["'
            while True:
                yield block
        case _:
            yield b"["
            while True:
                yield b'{"a": [1, 2, {"b": null}]}, ' * 10_000


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("csv", "rows"),
        ("csv", "one cell"),
        ("ndjson", "records"),
        ("ndjson", "one line"),
        ("json", "one string"),
        ("json", "items"),
    ],
)
def test_memory_does_not_grow_with_data(form: str, kind: str, tmp_path: Path) -> None:
    """32 MiB of it in at most 24 MiB more than a small file takes: a record that is being waited for among them."""
    small, big = tmp_path / f"small.{form}", tmp_path / f"big.{form}"
    small.write_bytes(SMALL[form])
    with big.open("wb") as file:
        for block in islice(large(form, kind), 33):
            file.write(block)
    ran = subprocess.check_output([sys.executable, "-c", MEASURE, small, big, tmp_path], text=True, cwd=REPOSITORY)
    assert int(ran.split()[0]) < 24 * 1024


# -- where it really runs


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    with real_cells(tmp_path_factory.mktemp("cells"), "text") as cells:
        yield cells


def test_a_cell_makes_both_tables_behind_its_walls(cells: Cells) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([["id", "name", "day"], *([n, f"name {n}", "2024-02-29"] for n in range(200_000))])
    ended = cells.run(file.getvalue().encode() + b"bad\n", {"tables": {"formats": ["sqlite", "parquet"]}})
    assert (ended.code, ended.detail) == (RESULT, "")
    assert [path.name for path in ended.outputs()] == ["rejected.ndjson", "table.parquet", "table.sqlite"]
    assert ended.result["tables"]["rows"] == 200_000
    assert [column["type"] for column in ended.result["csv"]["columns"]] == ["integer", "string", "date"]


@pytest.mark.parametrize(
    "data", [b"[" * 3_000_000, b'{"a":' * 500_000, b'"a\n' * 1_000_000, b'{"a":1}\n' * 10 + b"[" * 1_000_000]
)
def test_hostile_data_ends_in_a_result_in_a_cell(data: bytes, cells: Cells) -> None:
    for format in ("csv", "json", "ndjson"):
        assert cells.run(data, {"format": format}).code == RESULT


def test_data_dropped_over_http_is_told_of_and_its_tables_can_be_fetched(client: httpx.Client) -> None:
    job = dropped(client, TABLE, "auto", "table.csv", tables={"formats": ["sqlite", "parquet"]})
    assert (job["state"], job["kind"], job["result"]["format"]) == ("succeeded", "text", "csv")
    assert [column["type"] for column in job["result"]["csv"]["columns"]] == ["integer", "string", "number"]
    outputs = {output["name"]: output for output in job["outputs"]}
    assert client.get(outputs["table.sqlite"]["url"]).content.startswith(b"SQLite format 3\0")
    parquet = client.get(outputs["table.parquet"]["url"]).content
    assert (parquet[:4], parquet[-4:]) == (b"PAR1", b"PAR1")
    lines = b'{"a": 1, "b": "x"}\n{"a": 2}\n'
    job = dropped(client, lines, "text", "x.ndjson")
    assert job["result"]["format"] == "ndjson"
    assert job["result"]["ndjson"]["paths"][-1] == {"path": "b", "types": ["string"], "optional": True}
