"""docs/text.md shows every parameter of data with an example that works, and every field of its results."""

from pathlib import Path
from typing import get_args

import pytest

from processors.text import TextProcessor
from processors.text.data.cells import type_of
from processors.text.data.models import (
    BadRecord,
    ColumnType,
    Csv,
    CsvColumn,
    CsvTable,
    JsonDocument,
    JsonError,
    JsonLines,
    SchemaPath,
    Structure,
    Tables,
    TablesMade,
)
from processors.text.data.table import FILES, MOST_COLUMNS, OUTPUT_RATIO, OUTPUT_ROOM, REJECTED
from processors.text.models import TextResult
from processors.work import run_alone
from tests.contracts.page import Page, page
from tests.model_tables import examples

SECTIONS = page("text", ("CSV and TSV", "JSON", "NDJSON", "Tables"))


class TestDataPage(Page):
    document = SECTIONS
    params = (Csv, Structure, Tables)
    results = (CsvTable, CsvColumn, BadRecord, JsonDocument, JsonError, SchemaPath, JsonLines, TablesMade)


def test_every_type_output_and_bound_is_told() -> None:
    assert all(f"| {kind} | " in SECTIONS for kind in get_args(ColumnType))
    assert type_of({"null"}) == "string"
    assert all(f"| `{name}` | " in SECTIONS for name, _ in (*FILES.values(), REJECTED))
    assert f"{MOST_COLUMNS:,} columns and takes up to {OUTPUT_RATIO} times" in SECTIONS
    assert f"{OUTPUT_ROOM >> 20} MiB" in SECTIONS


@pytest.mark.parametrize("number", range(len(examples(SECTIONS))))
def test_every_example_about_data_works(number: int, tmp_path: Path) -> None:
    params = examples(SECTIONS)[number]
    texts = {"csv": b"a;b\n1;2\n", "json": b'{"a": [1]}', "ndjson": b'{"a": 1}\n{"a": 2}\n'}
    path = tmp_path / "in.csv"
    path.write_bytes(texts[params.get("format", "csv")])
    result = run_alone(TextProcessor(), path, params, scratch=tmp_path).result
    assert isinstance(result, TextResult)
    assert result.format == params.get("format", "csv")
    assert result.errors == []
    assert (result.tables is not None) == ("tables" in params)
