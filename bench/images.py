"""`make bench-image`: the image kind against naive Pillow, pyvips and sharp, on photos, in interleaved rounds.

CPU seconds are user and system of one warm process on one image, with one thread, four renditions of it; ratios are
medians over the rounds, then the geometric mean over the photos. `python -m bench.images webp jpeg` runs some of it.
"""

import argparse
import math
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.image_files import giants, jpegs, other_inputs
from bench.image_peers import WIDTHS, Peer, Rendered, ToolDied, running, sharp_is_here
from bench.likeness import likeness
from tests.cells import real_cells

MIB = 1 << 20

WEBP, JPEG = {"format": "webp"}, {"format": "jpeg", "quality": 80}
SHARP_WEBP = {"format": "webp", "quality": 80, "effort": 4}  # its defaults, written out
EQUAL_WEBP = {"format": "webp", "quality": 80, "effort": "balanced"}
FAST, VIPS = {"DROPOFF_IMAGE_BACKEND": "fast"}, {"DROPOFF_IMAGE_BACKEND": "vips"}
PEERS_WEBP: Mapping[str, Peer] = {
    "dropoff": Peer("dropoff", WEBP),
    "dropoff, fast": Peer("dropoff", WEBP, FAST),
    "dropoff, vips": Peer("dropoff", WEBP, VIPS),
    "sharp": Peer("sharp", SHARP_WEBP),
    "pyvips": Peer("pyvips", {"format": "webp", "Q": 80, "effort": 4}),
    "naive Pillow": Peer("naive", WEBP),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """What `ours` must reach against `theirs`: speed, SSIM of no more than `blur` below, bytes of at most `bytes`."""

    ours: str
    theirs: str
    first: float
    moonshot: float
    blur: float = 0.002
    bytes: float = math.inf


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    inputs: Callable[[Path], Sequence[Path]]
    peers: Mapping[str, Peer]
    bars: Sequence[Bar]
    most_rounds: int = 99


PARTS: Mapping[str, Part] = {
    "webp": Part(
        "JPEG -> WebP, each at its default effort",
        jpegs,
        PEERS_WEBP,
        [Bar("dropoff", "sharp", 1.4, 2.0, bytes=1.10), Bar("dropoff", "naive Pillow", 2.0, 2.5)],
    ),
    "equal": Part(
        "JPEG -> WebP at equal effort and quality",
        jpegs,
        {
            "dropoff": Peer("dropoff", EQUAL_WEBP),
            "sharp": PEERS_WEBP["sharp"],
            "pyvips": PEERS_WEBP["pyvips"],
            "naive Pillow": PEERS_WEBP["naive Pillow"],
        },
        [Bar("dropoff", "sharp", 1.0, 1.15, bytes=1.01)],
    ),
    "jpeg": Part(
        "JPEG -> JPEG, quality 80",
        jpegs,
        {
            "dropoff": Peer("dropoff", JPEG),
            "dropoff, fast": Peer("dropoff", JPEG, FAST),
            "dropoff, vips": Peer("dropoff", JPEG, VIPS),
            "sharp": Peer("sharp", JPEG),
            "pyvips": Peer("pyvips", {"format": "jpeg", "Q": 80}),
            "naive Pillow": Peer("naive", JPEG),
        },
        [
            Bar("dropoff", "sharp", 1.0, 1.5),
            Bar("dropoff, fast", "sharp", 1.0, 1.5),
            Bar("dropoff, vips", "sharp", 1.6, 2.0),
        ],
    ),
    "inputs": Part(
        "PNG, TIFF, WebP, AVIF -> WebP",
        other_inputs,
        {
            **PEERS_WEBP,
            "dropoff, equal": Peer("dropoff", EQUAL_WEBP),
            "dropoff, vips, equal": Peer("dropoff", EQUAL_WEBP, VIPS),
        },
        [
            Bar("dropoff", "sharp", 0.85, 1.1),
            Bar("dropoff, vips", "sharp", 0.85, 1.1),
            Bar("dropoff, equal", "sharp", 0.85, 1.1),
            Bar("dropoff, vips, equal", "sharp", 0.85, 1.1),
        ],
    ),
    "avif": Part(
        "JPEG -> AVIF, each at its defaults",
        jpegs,
        {"dropoff": Peer("dropoff", {"format": "avif"}), "sharp": Peer("sharp", {"format": "avif"})},
        [Bar("dropoff", "sharp", 20, 40, blur=0)],
        most_rounds=1,  # a minute of sharp's for every photo
    ),
}


@dataclass(slots=True)
class Seen:
    """Of one peer: CPU seconds by input and round; SSIM and bytes by input, which every round repeats."""

    seconds: dict[Path, list[float]] = field(default_factory=dict)
    ssim: dict[Path, float] = field(default_factory=dict)
    bytes: dict[Path, int] = field(default_factory=dict)

    def add(self, source: Path, rendered: Rendered) -> None:
        self.seconds.setdefault(source, []).append(rendered.cpu_seconds)
        if source not in self.ssim:
            self.ssim[source] = statistics.mean(likeness(file, source) for file in rendered.files)
            self.bytes[source] = sum(file.stat().st_size for file in rendered.files)


class Bench:
    def __init__(self, folder: Path, rounds: int, photos: int | None, *, each: bool) -> None:
        self.folder = folder
        self.rounds = rounds
        self.photos = photos
        self.each = each
        self.has_sharp = sharp_is_here()

    def run(self, part: Part) -> None:
        peers = {name: peer for name, peer in part.peers.items() if peer.tool != "sharp" or self.has_sharp}
        inputs = part.inputs(self.folder)[: self.photos]
        rounds = min(self.rounds, part.most_rounds)
        seen = self._rounds(peers, inputs, rounds)
        widths = ", ".join(map(str, WIDTHS))
        print(f"\n{part.title} ({len(inputs)} images, widths {widths}, {rounds} interleaved rounds)")
        for name, own in seen.items():
            milliseconds = statistics.geometric_mean(statistics.median(times) * 1000 for times in own.seconds.values())
            ssim = statistics.mean(own.ssim.values())
            print(f"  {name:22} {milliseconds:7.0f} ms CPU   SSIM {ssim:.4f}   {sum(own.bytes.values()) / 1e3:7.0f} kB")
        if self.each:
            for source in inputs:
                times = (f"{name} {statistics.median(own.seconds[source]) * 1000:.0f}" for name, own in seen.items())
                print(f"    {source.name}: {', '.join(times)}")
        for bar in part.bars:
            if bar.ours in seen and bar.theirs in seen:
                print(f"  {judge(bar, seen[bar.ours], seen[bar.theirs])}", flush=True)

    def _rounds(self, peers: Mapping[str, Peer], inputs: Sequence[Path], rounds: int) -> dict[str, Seen]:
        """Each image through each peer once a round; the order rotates. The first image warms them, uncounted."""
        seen = {name: Seen() for name in peers}
        names = list(peers)
        with ExitStack() as stack:
            workers = {name: stack.enter_context(running(peer)) for name, peer in peers.items()}
            for turn in range(-1, rounds):
                for source in inputs if turn >= 0 else inputs[:1]:
                    for name in names[turn % len(names) :] + names[: turn % len(names)]:
                        with tempfile.TemporaryDirectory(dir=self.folder) as output:
                            rendered = workers[name].render(source, Path(output))
                            if turn >= 0:
                                seen[name].add(source, rendered)
        return seen

    def memory(self) -> None:
        """Of Dropoff as it runs, in a cell that a warm zygote forked, and of everybody in a fresh process."""
        peers = {name: peer for name, peer in PEERS_WEBP.items() if peer.tool != "sharp" or self.has_sharp}
        print("\npeak resident memory over WebP of one image, MiB")
        for title, inputs, bars in (
            ("JPEG up to 24 MP", jpegs(self.folder), "bar 135, moonshot 100"),
            ("50 MP of any sort", giants(self.folder), "bar 300, moonshot 200"),
        ):
            for place, peak in (("as served: in a cell", self._peak_of_a_cell), ("in a fresh process", self._peak)):
                print(f"  {title}, {place} ({bars})")
                for name, peer in peers.items():
                    peaks = {source.name: bytes_ for source in inputs if (bytes_ := peak(peer, source))}
                    if peaks:
                        each = ", ".join(f"{source} {bytes_ / MIB:.0f}" for source, bytes_ in peaks.items())
                        print(f"    {name:14} {max(peaks.values()) / MIB:6.0f}   ({each})", flush=True)

    def _peak(self, peer: Peer, source: Path) -> int | None:
        """Nothing if the tool doesn't take such a file."""
        with tempfile.TemporaryDirectory(dir=self.folder) as output, running(peer) as worker:
            try:
                worker.render(source, Path(output))
            except ToolDied:
                return None
            return worker.peak_bytes()

    def _peak_of_a_cell(self, peer: Peer, source: Path) -> int | None:
        """What `attempts[].peak_rss_bytes` of a job says. Nothing if the file isn't taken, or the tool isn't ours."""
        if peer.tool != "dropoff":
            return None
        renditions = [{"name": f"w{width}", "width": width, **peer.options} for width in WIDTHS]
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            with real_cells(Path(scratch), "image", settings=peer.environment) as cells:
                ended = cells.run(source, {"renditions": renditions})
            return ended.rss_bytes if ended.code == "result" else None


def judge(bar: Bar, ours: Seen, theirs: Seen) -> str:
    """A line with the ratios, and whether they reach the bars."""
    ratios = [
        statistics.median(other / mine for mine, other in zip(own, theirs.seconds[source], strict=True))
        for source, own in ours.seconds.items()
    ]
    speed = statistics.geometric_mean(ratios)
    clearer = statistics.mean(ours.ssim.values()) - statistics.mean(theirs.ssim.values())
    size = sum(ours.bytes.values()) / sum(theirs.bytes.values())
    fair = clearer >= -bar.blur and size <= bar.bytes
    reached = "moonshot" if speed >= bar.moonshot else "first bar" if speed >= bar.first else "missed"
    bytes_bar = "" if math.isinf(bar.bytes) else f" (bar {bar.bytes:.2f})"
    return (
        f"{bar.ours} vs {bar.theirs}: {speed:.2f}x [{min(ratios):.2f}-{max(ratios):.2f}]"
        f" (bar {bar.first:g}, moonshot {bar.moonshot:g}), SSIM {clearer:+.4f} (bar {-bar.blur:+g}),"
        f" bytes {size:.2f}x{bytes_bar}: {reached if fair else 'missed: blur or bytes'}"
    )


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bench.images")
    parts = (*PARTS, "memory")
    arguments.add_argument("parts", nargs="*", help=f"some of {', '.join(parts)}; default all")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--photos", type=int, default=None, help="only so many of the images")
    arguments.add_argument("--each", action="store_true", help="tell the milliseconds for each image too")
    given = arguments.parse_args()
    if unknown := set(given.parts) - set(parts):
        arguments.error(f"unknown parts: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), given.rounds, given.photos, each=given.each)
        if not bench.has_sharp:
            print("there is no node or no npm here, so sharp is left out")
        for part in given.parts or parts:
            if part == "memory":
                bench.memory()
            else:
                bench.run(PARTS[part])
    return 0


if __name__ == "__main__":
    sys.exit(main())
