"""`make bench-video`: the kinds for video and audio against FFmpeg's programs, in interleaved rounds.

Dropoff is measured as it runs: a warm zygote, a fresh cell for each job, by the wall clock from the order of the cell
to its end; where a row says "warm", by a clock inside a warm process. Its peers are whole processes. Ratios are medians
over the rounds. `python -m bench.videos keyframe probe` runs some of it.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import clips, film_cancels, film_memory
from bench.clips import Clips
from bench.film_parts import Bar, Catalogue, Measure, Part, figure
from bench.film_peers import Used, Warm, ffmpegs, run_at_once, version
from tests.cells import Cells, real_cells

MIB = 1 << 20
MEASURES: tuple[Measure, ...] = ("wall", "CPU")
NAMES = (
    *("keyframe", "exact", "best-60-long", "best-60-phone", "best-600-long", "best-600-phone", "length"),
    *("remux", "transcode", "transcodes", "probe", "waveform", "cancel", "memory"),
)

# What has no peer, and is measured in ms or MiB.
ABSOLUTE: Mapping[str, Callable[[Cells, Clips], None]] = {
    "cancel": film_cancels.measure,
    "memory": film_memory.measure,
}


class Bench:
    def __init__(self, folder: Path, found: Clips, rounds: int) -> None:
        self.folder = folder
        self.clips = found
        self.rounds = rounds

    def run(self, part: Part) -> None:
        rounds = min(self.rounds, part.most_rounds)
        print(f"\n{part.title} ({rounds} interleaved rounds)")
        seen, made = self._rounds(part, rounds)
        for name, runs in seen.items():
            print(f"  {name:34} {figures(runs)}   {made[name]}")
        for bar in part.bars:
            if bar.ours in seen and set(bar.theirs) & set(seen):
                print(f"  {judge(bar, seen)}", flush=True)
        for peer in part.peers.values():
            if isinstance(peer, Warm):
                peer.close()
        if len(set(made.values())) > 1:
            print("  the outputs are not equal: see above")

    def _rounds(self, part: Part, rounds: int) -> tuple[Mapping[str, Sequence[Used]], Mapping[str, str]]:
        """Each peer once a round, in an order that rotates; the clips are in memory."""
        seen: dict[str, list[Used]] = {name: [] for name in part.peers}
        made: dict[str, str] = {}
        names = list(part.peers)
        paths = {name: self.clips[part.peers[name].clip] for name in names}
        for path in set(paths.values()):
            _warm(path)
        for turn in range(rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                folder = Path(tempfile.mkdtemp(dir=self.folder))
                used = run_at_once(part.peers[name], paths[name], folder)
                seen[name] += used[:1]
                if name not in made:
                    made[name] = part.check(used[0])
                shutil.rmtree(folder)
        return seen, made


def _warm(path: Path) -> None:
    with path.open("rb") as file:
        while file.read(MIB):
            pass


def figures(runs: Sequence[Used]) -> str:
    seconds = statistics.median(run.seconds for run in runs)
    cpu_seconds = statistics.median(run.cpu_seconds for run in runs)
    peak = max(run.rss_bytes for run in runs)
    return f"{seconds * 1000:8.0f} ms   {cpu_seconds * 1000:8.0f} ms CPU   {peak / MIB:4.0f} MiB"


def judge(bar: Bar, seen: Mapping[str, Sequence[Used]]) -> str:
    """A line with the ratios to the best of the others, and whether the one that counts reaches the bars."""
    theirs = min((name for name in bar.theirs if name in seen), key=lambda name: bar.typical(seen[name]))
    ratios = {measure: compared(bar, measure, seen[theirs], seen[bar.ours]) for measure in MEASURES}
    counted = ratios[bar.measure]
    reached = bar.reached(statistics.median(counted))
    told = ", ".join(f"{statistics.median(own):.2f}x {measure}" for measure, own in ratios.items())
    limit = "at most " if bar.is_cost else ""
    return (
        f"{bar.ours} {'over' if bar.is_cost else 'vs'} {theirs}: {told} [{min(counted):.2f}-{max(counted):.2f}]"
        f" ({bar.measure} bar {limit}{bar.first:g}, moonshot {bar.moonshot:g}): {reached}"
    )


def compared(bar: Bar, measure: Measure, theirs: Sequence[Used], ours: Sequence[Used]) -> list[float]:
    """One ratio for each round."""
    ratios = [figure(a, measure) / figure(b, measure) for a, b in zip(theirs, ours, strict=True)]
    return [1 / ratio for ratio in ratios] if bar.is_cost else ratios


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bench.videos")
    arguments.add_argument("parts", nargs="*", help=f"some of {', '.join(NAMES)}; default all")
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    if unknown := set(given.parts) - set(NAMES):
        arguments.error(f"unknown parts: {', '.join(unknown)}")
    programs = ffmpegs()
    print(", ".join(f"{name} {version(path)}" for name, path in programs.items()))
    if clips.is_made():
        print("there is no corpus here, so the clips are made from a test pattern")
    found = Clips(next(iter(programs.values())))
    # Not where temporary files go: that may be memory, where a write costs nothing.
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=Path.cwd()) as folder,
        real_cells(Path(folder), "video") as cells,
    ):
        bench = Bench(Path(folder), found, given.rounds)
        table = Catalogue(cells, programs).parts()
        for name in given.parts or NAMES:
            if name in ABSOLUTE:
                ABSOLUTE[name](cells, found)
            else:
                bench.run(table[name])
    return 0


if __name__ == "__main__":
    sys.exit(main())
