"""`make bench`: interleaved rounds, medians, ratios. `python -m bench large small` runs some of it."""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from bench import cells, load, reads, table
from bench.load import Target
from bench.peers import dropoff, nginx, nginx_program, rss_bytes, tutorial

GIB = 1 << 30
SMALL_COUNT, SMALL_SIZE, CONNECTIONS = 2000, 100 << 10, 16

Peer = Callable[[Path], AbstractContextManager[Target]]


class Bench:
    def __init__(self, folder: Path, rounds: int, large_bytes: int) -> None:
        self.folder = folder
        self.rounds = rounds
        self.large_bytes = large_bytes

    def peers(self) -> dict[str, Peer]:
        found: dict[str, Peer] = {
            "dropoff": lambda folder: dropoff(folder, workers=0),
            "tutorial": tutorial,
        }
        if nginx_program():
            found["nginx 1m"] = nginx
        return found

    def rounds_of(
        self, peers: Mapping[str, Peer], run: Callable[[Target], float], *, tidy: bool = True
    ) -> dict[str, list[float]]:
        """Each peer once a round, each time freshly started in an empty folder; the order rotates.

        Unless `tidy`, the folders stay until the end, with 200 MB in each: who deletes thousands of files makes the
        next creations slow on ext4 without a journal, which looks for numbers that were not in use lately.
        """
        seconds: dict[str, list[float]] = {name: [] for name in peers}
        names = list(peers)
        for turn in range(self.rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                folder = Path(tempfile.mkdtemp(dir=self.folder))
                with peers[name](folder) as target:
                    seconds[name].append(run(target))
                if tidy:
                    shutil.rmtree(folder)
        return seconds

    def large(self) -> None:
        def run(target: Target) -> float:
            self._warm_pages()
            return load.large(target, self.large_bytes)

        seconds = self.rounds_of(self.peers(), run)
        megabytes = self.large_bytes / 1e6
        self._print(f"one multipart upload of {self.large_bytes >> 20} MiB", seconds, megabytes, "MB/s")

    def small(self) -> None:
        peers = self.peers()
        peers["dropoff, cells on"] = lambda folder: dropoff(folder, workers=2)

        def run(target: Target) -> float:
            return load.small(target, SMALL_COUNT, SMALL_SIZE, CONNECTIONS)

        seconds = self.rounds_of(peers, run, tidy=False)
        title = f"{SMALL_COUNT} uploads of {SMALL_SIZE >> 10} KiB on {CONNECTIONS} connections"
        self._print(title, seconds, SMALL_COUNT, "files/s")

    def memory(self) -> None:
        """Growth of the whole tree's resident memory while one more body streams through."""
        growths = []
        folder = self.folder / "run"
        folder.mkdir()
        with dropoff(folder, workers=0) as target:
            load.large(target, self.large_bytes)
            before = rss_bytes(target.pids())
            for _ in range(self.rounds):
                load.large(target, self.large_bytes)
                after = rss_bytes(target.pids())
                growths.append((after - before) / self.large_bytes * GIB / (1 << 20))
                before = after
        shutil.rmtree(folder)
        print("\nRSS growth of the server per further GiB of body, MiB")
        print(f"  median {statistics.median(growths):.2f}   rounds {' '.join(f'{one:.2f}' for one in growths)}")

    def _warm_pages(self) -> None:
        """A virtual machine hands out cold pages: whoever came first would be punished."""
        path = self.folder / "warm"
        with path.open("wb") as file:
            for _ in range(self.large_bytes // load.BLOCK):
                file.write(bytes(load.BLOCK))
        path.unlink()

    def _print(self, title: str, seconds: Mapping[str, list[float]], amount: float, unit: str) -> None:
        print(f"\n{title} ({self.rounds} interleaved rounds)")
        for name, own in seconds.items():
            rates = [amount / one for one in own]
            line = f"  {name:18} {statistics.median(rates):8.0f} {unit} [{min(rates):.0f}-{max(rates):.0f}]"
            for peer, others in seconds.items():
                if peer != name and not peer.startswith("dropoff") and name.startswith("dropoff"):
                    ratio = statistics.median(other / mine for mine, other in zip(own, others, strict=True))
                    line += f"   {ratio:.2f}x {peer}"
            print(line, flush=True)


def main() -> int:
    parts = ("large", "small", "memory", "cells", "reads", "table")
    arguments = argparse.ArgumentParser(prog="bench")
    arguments.add_argument("parts", nargs="*", help=f"some of {', '.join(parts)}; default all")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--large-mib", type=int, default=1024)
    # Not where temporary files go: that may be memory, where a sync costs nothing.
    arguments.add_argument("--folder", type=Path, default=Path.cwd(), help="where the servers keep their files")
    given = arguments.parse_args()
    if unknown := set(given.parts) - set(parts):
        arguments.error(f"unknown parts: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="bench-", dir=given.folder) as folder:
        bench = Bench(Path(folder), given.rounds, given.large_mib << 20)
        runs: dict[str, Callable[[], None]] = {
            "large": bench.large,
            "small": bench.small,
            "memory": bench.memory,
            "cells": lambda: cells.measure(Path(folder)),
            "reads": lambda: reads.measure(Path(folder)),
            "table": lambda: table.measure(Path(folder), given.rounds),
        }
        for part in given.parts or parts:
            runs[part]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
