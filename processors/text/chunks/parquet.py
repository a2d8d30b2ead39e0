"""Lines of JSON to Parquet, by DuckDB where it is installed."""

from importlib.util import find_spec
from pathlib import Path

from processors.base import Rejected

MEDIA_TYPE = "application/vnd.apache.parquet"
IS_HERE = find_spec("duckdb") is not None
COLUMNS = {
    "index": "BIGINT",
    "start": "BIGINT",
    "end": "BIGINT",
    "start_byte": "BIGINT",
    "end_byte": "BIGINT",
    "headings": "VARCHAR[]",
    "text": "VARCHAR",
}


def warm() -> None:
    if IS_HERE:
        import duckdb  # noqa: F401


def require() -> None:
    if not IS_HERE:
        raise Rejected("unsupported_input", "Parquet needs the extra tables: pip install 'dropoff[tables]'.")


def write(lines: Path, target: Path) -> None:
    """All columns of `COLUMNS`, in the order of the lines."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "async_threads": 0,
        "memory_limit": "160MB",
        "temp_directory": str(lines.parent / "duckdb"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(config=config) as database:
        database.execute(
            "COPY (SELECT * FROM read_json($lines, format = 'newline_delimited', columns = $columns)) TO $target "
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048)",
            {"lines": str(lines), "target": str(target), "columns": COLUMNS},
        )
