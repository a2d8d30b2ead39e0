"""CSV with types over the whole file, against Python's `csv.reader`, which only takes it apart."""

import csv
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.rounds import MIB, interleaved, judge
from processors.text.content import Text
from processors.text.data import csv_shape, runs
from processors.text.encoding import Encoding
from processors.text.models import TextParams
from processors.text.passes import Passes
from processors.text.shape import Examined
from processors.work import FileWork

BYTES = 128 * MIB
WORDS = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "größe", "naïve", "kappa", "lambda"),
    *("mu", "東京", "nu", "xi", "omicron"),
)
HEADER = ("id", "name", "amount", "day", "active", "score", "comment", "at")


def rows(seed: int = 1) -> list[list[object]]:
    """Every type, a tenth of one column empty, a cell in fifty quoted with quotes and a newline in it."""
    rng = random.Random(seed)
    return [
        [
            number,
            f"{rng.choice(WORDS)} {rng.choice(WORDS)}",
            round(rng.random() * 1000, 2),
            f"2024-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}",
            rng.choice(("true", "false")),
            rng.randrange(1_000_000) if rng.random() < 0.9 else "",
            'he said "x",\nthen left' if rng.random() < 0.02 else " ".join(rng.choices(WORDS, k=6)),
            f"2024-05-{rng.randrange(1, 29):02}T{rng.randrange(24):02}:00:{rng.randrange(60):02}Z",
        ]
        for number in range(50_000)
    ]


def write(path: Path) -> None:
    table = rows()
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        while file.tell() < BYTES:
            writer.writerows(table)


def take_apart(path: Path) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass


def type_by_duckdb(path: Path, threads: int) -> None:
    """Its own guess of the types, over the whole file too."""
    import duckdb

    connection = duckdb.connect(config={"threads": threads})
    connection.sql(f"SELECT count(*), count(COLUMNS(*)) FROM read_csv('{path}', sample_size = -1)").fetchall()


def examined(path: Path, examine: Callable[[Text], Examined], params: TextParams | None = None) -> Examined:
    """The stage alone, over a file that is known to be UTF-8."""
    with path.open("rb") as file:
        size = path.stat().st_size
        work = FileWork(
            params=params or TextParams(),
            name=path.name,
            media_type="text/plain",
            size=size,
            scratch=path.parent,
            descriptor=file.fileno(),
        )
        head = file.read(64 << 10).decode("utf-8", "ignore")
        return examine(Text(work, Passes(work, 1), Encoding("utf-8", "validated"), True, head))


def without_re2(work: Callable[[], object]) -> None:
    """In a process that ends with it."""
    runs.is_installed = lambda: False  # type: ignore[assignment]
    work()


def run(folder: Path, rounds: int) -> None:
    path = folder / "rows.csv"
    write(path)
    runs.warm()
    examine = partial(examined, path, partial(csv_shape.examine, ","))
    ours = examine()
    print(f"  {BYTES // MIB} MiB, {ours.part.row_count:,} rows of {len(HEADER)} columns")  # type: ignore[union-attr]
    seen = interleaved(
        {
            "csv.reader": lambda: take_apart(path),
            "dropoff, RE2": examine,
            "dropoff, stdlib alone": partial(without_re2, examine),
            "DuckDB, 1 thread": lambda: type_by_duckdb(path, 1),
            "DuckDB, 2 threads": lambda: type_by_duckdb(path, 2),
        },
        rounds,
    )
    judge(seen, "dropoff, stdlib alone", "csv.reader", 3, 1.5)
    judge(seen, "dropoff, RE2", "csv.reader", 0.3, 0.2)
    judge(seen, "DuckDB, 2 threads", "csv.reader", 0.3, 0.2)
