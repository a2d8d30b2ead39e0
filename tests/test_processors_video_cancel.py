"""A cancel ends a cell, wherever it is; `python -m bench.videos cancel` says how soon."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ingest.sandbox import Stop
from processors.base import Report
from tests.cells import Cells, real_cells
from tests.films import film, noise

MOST_SECONDS = 5  # half a second is what is promised, on a machine that has nothing else to do


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    with real_cells(tmp_path_factory.mktemp("cells"), "video") as cells:
        yield cells


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One keyframe, so that its last frame needs all of them; and nothing in it repeats."""
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    return film(path, noise, 750, options={"preset": "ultrafast", "g": "10000", "sc_threshold": "0"})


@pytest.mark.parametrize(
    ("stage", "params"),
    [
        ("storyboard", {"storyboard": {"accuracy": "exact"}}),
        ("transcode", {"operations": ["transcode"], "transcode": {"heights": [128], "preset": "small"}}),
        ("hls", {"operations": ["hls"], "hls": {"ladder": [128, 64]}}),
    ],
)
def test_a_cell_is_gone_soon_and_leaves_nothing(
    stage: str, params: Mapping[str, Any], cells: Cells, long_film: Path
) -> None:
    stop = Stop()
    asked: list[float] = []

    def hear(report: Report) -> None:
        if report.stage == stage:
            asked.append(time.monotonic())
            stop.request("cancel")

    ended = cells.run(long_film, params, on_report=hear, stop=stop)
    assert time.monotonic() - asked[0] < MOST_SECONDS
    assert (ended.code, ended.outputs()) == ("Cancelled", [])
