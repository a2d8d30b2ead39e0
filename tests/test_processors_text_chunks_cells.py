"""Chunks of hostile texts in real cells: they end, in little memory, and their outputs are bounded."""

from pathlib import Path

import pytest

from processors.text.chunks.writing import FREE_BYTES, RATIO
from tests.cells import real_cells

HOSTILE = {
    "one word": b"x" * (1 << 18),
    "dots": b"." * (1 << 16),
    "stops": b". " * (1 << 18),
    "white space": b"a" + b" " * (1 << 21) + b"b",
    "empty lines": b"\n" * (1 << 18),
    "marks": b"a" + "\u0301".encode() * (1 << 18),
    "joiners": "👩\u200d".encode() * (1 << 16),
    "flags": "🇩🇪".encode() * (1 << 16),
    "brackets": "「".encode() * (1 << 16),
    "ideographs": "語".encode() * (1 << 18),
    "Thai": "ปีนี้".encode() * (1 << 16),
    "sections": b"# a\nb\n" * (1 << 16),
    "long headings": (b"# " + b"h" * 290 + b"\n\nb\n\n") * 3000,
    "escapes": b'"\\' * (1 << 18),
}


def test_hostile_texts_are_cut_in_linear_time_and_little_memory(tmp_path: Path) -> None:
    with real_cells(tmp_path, "text") as cells:
        for name, data in HOSTILE.items():
            for strategy in ("structure", "words", "characters"):
                ended = cells.run(data, {"chunks": {"strategy": strategy, "max_characters": 500, "overlap": 100}})
                assert ended.code == "result" or (ended.code, name) == ("limit_exceeded", "sections"), (name, ended)
                assert ended.cpu_seconds < 20, (name, strategy)
                assert ended.rss_bytes < 121 << 21, (name, strategy)
                written = sum(path.stat().st_size for path in ended.outputs())
                assert written <= RATIO * len(data) + FREE_BYTES, (name, strategy)


def test_parquet_of_the_largest_chunks_is_written_in_a_cell(tmp_path: Path) -> None:
    """DuckDB finds its extensions within, and may look for its cgroup and nothing else."""
    duckdb = pytest.importorskip("duckdb")
    text = "".join(f"Sentence {n} of them, with a number. " for n in range(600_000)).encode()
    with real_cells(tmp_path, "text") as cells:
        ended = cells.run(text, {"chunks": {"max_characters": 20_000, "overlap": 9_000, "formats": ["parquet"]}})
        assert ended.code == "result", ended
        (path,) = ended.outputs()
        assert ended.rss_bytes < 256 << 20
    with duckdb.connect() as database:
        (count,) = database.execute("SELECT count(*) FROM read_parquet($path)", {"path": str(path)}).fetchone()
    assert count == ended.result["chunks"]["count"]
