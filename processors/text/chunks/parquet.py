"""Chunks as lines of JSON to Parquet, by DuckDB."""

from collections.abc import Callable
from pathlib import Path

from processors.text.duck import Duck

COLUMNS = {
    "index": "BIGINT",
    "start": "BIGINT",
    "end": "BIGINT",
    "start_byte": "BIGINT",
    "end_byte": "BIGINT",
    "headings": "VARCHAR[]",
    "text": "VARCHAR",
}


def write(lines: Path, target: Path, scratch: Path, alive: Callable[[], None]) -> None:
    """All columns of `COLUMNS`, in the order of the lines. Both files lie within `scratch`."""
    with Duck(scratch, alive) as duck:
        duck.run(
            "COPY (SELECT * FROM read_json($lines, format = 'newline_delimited', columns = $columns)) TO $target "
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048)",
            {"lines": str(lines), "target": str(target), "columns": COLUMNS},
        )
