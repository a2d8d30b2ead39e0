"""What is measured: the jobs, their peers, and the bars that must be reached."""

import shutil
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bench import film_checks
from bench.film_peers import (
    Dropoff,
    Peer,
    Program,
    Used,
    Warm,
    copied,
    fps_filter,
    keyframes,
    script,
    seeks,
    transcoded,
)
from tests.cells import Cells

Params = Mapping[str, Any]
Measure = Literal["wall", "CPU"]
Command = Callable[..., Sequence[str]]

FFPROBE = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-show_chapters", "-of", "json", "{clip}"]


def storyboard(accuracy: str, **more: object) -> Params:
    return {
        "operations": ["probe", "poster", "storyboard"],
        "storyboard": {"tiles": 25, "accuracy": accuracy, **more},
        **({"poster": more} if more else {}),
    }


KEYFRAME, EXACT = storyboard("keyframe"), storyboard("exact")
KEYFRAME_JPEG = storyboard("keyframe", format="jpeg")
WEB: Params = {"operations": ["web"]}
TRANSCODE: Params = {"operations": ["transcode"], "transcode": {"heights": [720]}}
WAVEFORM: Params = {"operations": ["waveform"], "waveform": {"points": 2000}}
PROBE: Params = {"operations": ["probe"]}

# FFmpeg's own shortcuts: packets that aren't looked at, no deblocking, and no threads that wait for each other.
SHORTCUTS = ("-discard", "nokey", "-skip_loop_filter", "all", "-threads", "1")
BEST = {"60 s long": (1.2, 2.0), "60 s phone": (2.5, 4.0), "600 s long": (4.5, 8.0), "600 s phone": (20.0, 30.0)}


def figure(used: Used, measure: Measure) -> float:
    return used.seconds if measure == "wall" else used.cpu_seconds


@dataclass(frozen=True, slots=True)
class Bar:
    """How many times as quick as the best of `theirs` we must be; or, for a cost, how many times as slow we may be."""

    ours: str
    theirs: Sequence[str]
    first: float
    moonshot: float
    measure: Measure = "wall"
    is_cost: bool = False

    def typical(self, runs: Sequence[Used]) -> float:
        return statistics.median(figure(run, self.measure) for run in runs)

    def reached(self, ratio: float) -> str:
        first, moonshot = (ratio <= bar if self.is_cost else ratio >= bar for bar in (self.first, self.moonshot))
        return "moonshot" if moonshot else "first bar" if first else "missed"


@dataclass(frozen=True, slots=True)
class Part:
    title: str
    peers: Mapping[str, Peer]
    check: Callable[[Used], str]
    bars: Sequence[Bar]
    most_rounds: int = 99


class Catalogue:
    """All parts, for these cells and these ffmpegs."""

    def __init__(self, cells: Cells, programs: Mapping[str, str]) -> None:
        self._cells = cells
        self._programs = programs

    def parts(self) -> dict[str, Part]:
        return {
            "keyframe": self._against_decoding("keyframe", KEYFRAME, 20, 25),
            "exact": self._against_decoding("exact", EXACT, 1.4, 2.5),
            **{f"best-{clip.replace(' s ', '-')}": self._against_the_best(clip) for clip in BEST},
            "length": self._length(),
            "remux": self._remux(),
            "transcode": self._transcode(),
            "transcodes": self._transcodes(),
            "probe": self._probe(),
            "waveform": self._waveform(),
        }

    def _ours(self, clip: str, params: Params, kind: str = "video", jobs: int = 1) -> Dropoff:
        return Dropoff(clip, self._cells, kind, params, jobs)

    def _each(self, clip: str, command: Command, label: str, *more: Any, jobs: int = 1) -> dict[str, Peer]:
        """The same by each of the ffmpegs."""
        return {f"{name}{label}": Program(clip, command(path, *more), jobs) for name, path in self._programs.items()}

    def _against_decoding(self, accuracy: str, params: Params, first: float, moonshot: float) -> Part:
        clip = "60 s long"
        peers: dict[str, Peer] = {
            "dropoff": self._ours(clip, params),
            "decode all": Program(clip, script("storyboard")),
            **self._each(clip, fps_filter, ", fps filter", 60),
        }
        title = f"poster + 25 tiles + VTT, 60 s 1080p, {accuracy}, vs decode all"
        return Part(title, peers, film_checks.sheet, [Bar("dropoff", ["decode all"], first, moonshot)])

    def _against_the_best(self, clip: str) -> Part:
        """Judged twice: against keyframes as people know them, and with every shortcut that FFmpeg has."""
        seconds = int(clip.split()[0])
        plain = self._each(clip, keyframes, ", keyframes", seconds)
        others = {
            **self._each(clip, keyframes, ", keyframes, shortcuts", seconds, *SHORTCUTS),
            **self._each(clip, seeks, ", 25 seeks, shortcuts", seconds, *SHORTCUTS),
        }
        own = {"dropoff": self._ours(clip, KEYFRAME), "dropoff, JPEG": self._ours(clip, KEYFRAME_JPEG)}
        bars = [Bar("dropoff", theirs, *BEST[clip]) for theirs in ([*plain], [*plain, *others])]
        title = f"poster + 25 tiles from keyframes, {clip} GOP, vs ffmpeg in one process"
        return Part(title, own | plain | others, film_checks.sheet, bars, most_rounds=5 if seconds == 60 else 3)

    def _length(self) -> Part:
        peers = {f"dropoff, {clip}": self._ours(clip, KEYFRAME) for clip in BEST}
        bars = [
            Bar(f"dropoff, 600 s {gop}", [f"dropoff, 60 s {gop}"], 3, 1.5, is_cost=True) for gop in ("long", "phone")
        ]
        return Part("cost of a 600 s clip over a 60 s clip, storyboard", peers, film_checks.sheet, bars)

    def _remux(self) -> Part:
        own: dict[str, Peer] = {
            "dropoff": self._ours("600 s long", WEB),
            "dropoff, warm": Warm("600 s long", "video", WEB),
        }
        peers = own | self._each("600 s long", copied, "")
        bars = [Bar(name, ["ffmpeg"], 1.0, 1.2) for name in own]
        return Part("remux of 600 s to MP4 with its index first", peers, film_checks.film, bars)

    def _transcode(self) -> Part:
        peers = {"dropoff": self._ours("20 s", TRANSCODE), **self._each("20 s", transcoded, "")}
        bars = [Bar("dropoff", ["ffmpeg"], 0.8, 1.0), Bar("dropoff", ["ffmpeg"], 0.92, 1.0, "CPU")]
        return Part("transcode of 20 s from 1080p to 720p", peers, film_checks.film, bars, most_rounds=3)

    def _transcodes(self) -> Part:
        peers = {"dropoff": self._ours("20 s", TRANSCODE, jobs=2), **self._each("20 s", transcoded, "", jobs=2)}
        bars = [Bar("dropoff", ["ffmpeg"], 0.8, 1.0)]
        return Part("the same, two at once", peers, film_checks.film, bars, most_rounds=3)

    def _probe(self) -> Part:
        clip = "60 s long"
        peers: dict[str, Peer] = {"dropoff": self._ours(clip, PROBE), "dropoff, warm": Warm(clip, "video", PROBE)}
        if shutil.which("ffprobe"):
            peers["ffprobe"] = Program(clip, FFPROBE)
        return Part(
            "probe of 60 s",
            peers,
            film_checks.told,
            [Bar(own, ["ffprobe"], 5, 10) for own in ("dropoff", "dropoff, warm")],
        )

    def _waveform(self) -> Part:
        clip = "20 min"
        piped = self._each(clip, lambda path: script("waveform", path), " and numpy")
        peers = {"dropoff": self._ours(clip, WAVEFORM, "audio"), **piped}
        title = "waveform of 20 min of MP3, 2,000 pairs, vs ffmpeg piped into numpy"
        return Part(title, peers, film_checks.peaks, [Bar("dropoff", [*piped], 0.85, 1.5)])
