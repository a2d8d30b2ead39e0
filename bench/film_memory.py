"""How much memory a cell takes for any film or sound: those of the corpus, hostile ones too, and large ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.clips import CORPUS, LARGE, Clips
from processors.registry import load
from processors.video.encoders import ENCODERS
from tests.cells import Cells

MIB = 1 << 20
BAR, MOONSHOT = 200, 120  # MiB

# What may fail is left out of the result, so that each operation is tried.
PARTIAL = {"on_error": "partial"}
JOBS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "defaults": ("video", PARTIAL),
    "exact storyboard, preview": (
        "video",
        {"storyboard": {"accuracy": "exact"}, "operations": ["preview"], **PARTIAL},
    ),
    "transcode to 240": (
        "video",
        {"operations": ["transcode"], "transcode": {"heights": [240]}, **PARTIAL},
    ),
    "hls, web, audio, waveform, subtitles": (
        "video",
        {"operations": ["web", "hls", "audio", "waveform", "subtitles"], "hls": {"ladder": [240]}, **PARTIAL},
    ),
    "sound: all": (
        "audio",
        {"operations": ["probe", "cover", "waveform", "loudness", "silence", "audio"], **PARTIAL},
    ),
}
ENCODINGS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{
        f"{size} to {height}p, {codec}": (
            clip,
            {"operations": ["transcode"], "transcode": {"video": codec, "heights": [height]}},
        )
        for codec in ENCODERS
        for size, clip, height in (("1080p", "20 s", 720), ("1080p", "20 s", 1080), ("4K", "4K H.264", 720))
    },
    "4K to 1080p, h264": ("4K H.264", {"operations": ["transcode"], "transcode": {"heights": [1080]}}),
    "1080p to 720p, 480p and 240p": ("20 s", {"operations": ["transcode"], "transcode": {"heights": [720, 480, 240]}}),
    "HLS of 1080p": ("20 s", {"hls": {}}),
}


def measure(cells: Cells, found: Clips) -> None:
    print(f"\npeak resident memory of a cell, MiB (bar {BAR}, moonshot {MOONSHOT}): the worst clip, the median")
    films = _corpus("hostile") + _corpus("clips")
    large = [found[name] for name in LARGE]
    for title, (kind, params) in JOBS.items():
        for sort, paths in (("corpus", films), ("4K and 8K", large if kind == "video" else [])):
            if paths:
                print(f"  {title:38} {sort:10} {_row(cells, kind, params, paths)}", flush=True)
    for title, (name, params) in ENCODINGS.items():
        print(f"  {title:38} {name:10} {_row(cells, 'video', params, [found[name]])}", flush=True)


def _corpus(name: str) -> list[Path]:
    folder = CORPUS.parent / name
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _row(cells: Cells, kind: str, params: Mapping[str, Any], paths: Sequence[Path]) -> str:
    processor = load([kind])[kind]
    peaks: list[tuple[int, str]] = []
    codes: dict[str, int] = {}
    for path in paths:
        ended = cells.run(path, params, processor=processor)
        peaks.append((ended.rss_bytes, path.name))
        codes[ended.code] = codes.get(ended.code, 0) + 1
    peaks.sort(reverse=True)
    worst, name = peaks[0]
    reached = "moonshot" if worst <= MOONSHOT * MIB else "first bar" if worst <= BAR * MIB else "missed"
    ends = ", ".join(f"{code} {count}" for code, count in sorted(codes.items()))
    return f"{worst / MIB:4.0f} ({name}), median {peaks[len(peaks) // 2][0] / MIB:.0f}: {reached}   ({ends})"
