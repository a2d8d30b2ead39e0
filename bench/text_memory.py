"""Peak memory over one file of 1 GiB, in lines and in a single line: of a cell, from a warm zygote, as a worker has it.

The whole kind runs, as for a bare upload. Beside the peak stands what a file of one line takes: what a cell has anyway.
"""

from pathlib import Path

from bench.rounds import MIB, verdict
from bench.text_statistics import FILE_BYTES, languages, write
from tests.cells import RESULT, Cells, real_cells


def run(folder: Path, rounds: int) -> None:
    path = folder / "text"
    with real_cells(folder, "text") as cells:
        least = _peak(cells, b"one line\n")
        for name, pieces in (
            ("lines", languages()),
            ("one line", (line.replace("\n", " ") for line in languages())),
            ("line ends alone", iter(["\n" * MIB])),
        ):
            write(path, pieces, FILE_BYTES)
            peak = max(_peak(cells, path) for _ in range(min(rounds, 3)))
            print(f"  {name:16} {peak:6.1f} MiB, of one line {least:5.1f} {verdict(peak, 40, 32)}", flush=True)
            path.unlink()


def _peak(cells: Cells, data: bytes | Path) -> float:
    ended = cells.run(data)
    assert ended.code == RESULT, ended.detail
    return ended.rss_bytes / MIB
