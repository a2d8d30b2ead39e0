"""How soon a cell is gone after its cancel, whatever it is at: decoding, encoding, or making a stream."""

import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.clips import Clips
from ingest.sandbox import Stop
from processors.base import Report
from tests.cells import Cells

BAR = 0.5  # seconds
TIMES = 20

JOBS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "decode, 1080p": ("60 s long", "storyboard", {"operations": ["probe"], "storyboard": {"accuracy": "exact"}}),
    "transcode, 1080p": ("60 s long", "transcode", {"operations": ["transcode"]}),
    "transcode, 1080p to AV1": ("60 s long", "transcode", {"transcode": {"video": "av1", "heights": [1080]}}),
    "HLS, 1080p": ("60 s long", "hls", {"operations": ["hls"]}),
}


def measure(cells: Cells, found: Clips) -> None:
    print(f"\nfrom a cancel to the end of the cell, ms (bar {BAR * 1000:.0f}): p50 / max of {TIMES}")
    for title, (clip, stage, params) in JOBS.items():
        seconds = [cancelled(cells, found[clip], stage, params, number % 4) for number in range(TIMES)]
        reached = "reached" if max(seconds) <= BAR else "missed"
        told = f"{statistics.median(seconds) * 1000:.0f} / {max(seconds) * 1000:.0f}"
        print(f"  {title:28} {told}: {reached}", flush=True)


def cancelled(cells: Cells, path: Path, stage: str, params: Mapping[str, Any], reports: int = 0) -> float:
    """Seconds from the wish, after so many reports of `stage`, until the cell and all it started are gone."""
    stop, asked, left = Stop(), 0.0, reports

    def hear(report: Report) -> None:
        nonlocal asked, left
        if report.stage != stage or asked:
            return
        if left:
            left -= 1
            return
        asked = time.monotonic()
        stop.request("cancel")

    ended = cells.run(path, params, on_report=hear, stop=stop)
    gone = time.monotonic()
    if ended.code != "Cancelled":
        raise ValueError(f"{path.name}: {stage} ended with {ended.code} before it could be cancelled")
    return gone - asked
