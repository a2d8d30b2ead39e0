"""Lines of JSON to Parquet, by DuckDB (the extra `tables`)."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from processors.base import Rejected
from processors.text.data.parquet import connected, is_installed, literal, run

MEDIA_TYPE = "application/vnd.apache.parquet"
GROUP_ROWS = 2048  # the fewest that DuckDB takes: of the longest chunks, 40 MB
COLUMNS = {
    "index": "BIGINT",
    "start": "BIGINT",
    "end": "BIGINT",
    "start_byte": "BIGINT",
    "end_byte": "BIGINT",
    "headings": "VARCHAR[]",
    "text": "VARCHAR",
}


def require() -> None:
    if not is_installed():
        raise Rejected("unsupported_input", "Parquet needs the extra tables: pip install 'dropoff[tables]'.")


def write(lines: Path, target: Path, scratch: Path, alive: Callable[[], None]) -> None:
    """All of `COLUMNS`, in the order of the lines, which lie in `scratch`. `alive` may raise."""
    columns = ", ".join(f"\"{name}\": '{kind}'" for name, kind in COLUMNS.items())
    with closing(connected(":memory:", scratch)) as connection:
        rows = f"SELECT * FROM read_json('{literal(lines)}', format = 'newline_delimited', columns = {{{columns}}})"  # noqa: S608
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {GROUP_ROWS}"
        run(connection, f"COPY ({rows}) TO '{literal(target)}' ({options})", alive)
