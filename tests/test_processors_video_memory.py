"""Large films, in the memory that a cell has; `python -m bench.videos memory` tries every sort of film."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import pytest

from ingest.sandbox import Sandbox
from processors.media.memory import MIB
from processors.media.models import MEMORY_BYTES
from processors.registry import load
from processors.video import MEMORY, models
from processors.video.budget import Budget
from processors.video.encoding import Order
from processors.video.ladder import rungs
from processors.video.look import Look
from tests.cells import RESULT, Cells, Ended, real_cells
from tests.films import film, still
from tests.hostile_films import GREEDY

MOST_BYTES = 200 << 20
PICTURES = {"poster": {}, "storyboard": {"accuracy": "exact"}, "preview": {}}
FULL_HD, SIZE_4K, SIZE_5K = (1920, 1080), (3840, 2160), (5120, 2880)
FRAMES = 32  # more than wait in any decoder or encoder


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    """Of an operator who allows no more than what is usual."""
    with closing(Sandbox(["video"], settings={MEMORY: "200"})) as sandbox:
        yield Cells(sandbox, tmp_path_factory.mktemp("cells"), load(["video"])["video"])


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures wait in its decoder."""
    path = tmp_path_factory.mktemp("large") / "a.mp4"
    return film(path, still(FULL_HD), FRAMES, options={"preset": "ultrafast", "refs": "4", "bf": "2"})


def predicted(path: Path, settings: Mapping[str, Any], most_bytes: int = MOST_BYTES) -> int:
    """Bytes: of all decodings that it takes, the most."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        look = Look.at(stream, next(container.decode(stream)))
        transcode = models.Transcode.model_validate(settings)
        budget = Budget(stream.codec_context, Order(look, transcode, "transcode"), most_bytes)
        sizes = [size for _, size in rungs(look.display, transcode.heights)]
        return max(budget.need(way).total for way in budget.ways(sizes))


def transcode(cells: Cells, path: Path, settings: Mapping[str, Any]) -> Ended:
    return cells.run(path, {"operations": ["probe"], "transcode": settings})


@pytest.mark.parametrize(
    ("video", "heights"),
    [("h264", [720]), ("h264", [1080]), ("h264", [720, 480, 240]), ("hevc", [1080]), ("vp9", [720]), ("av1", [1080])],
)
def test_an_encoding_takes_what_was_told_before_and_no_more_than_200_mib(
    video: str, heights: Sequence[int], cells: Cells, large: Path
) -> None:
    settings = {"video": video, "heights": heights}
    ended = transcode(cells, large, settings)
    assert (ended.code, ended.detail) == (RESULT, "")
    assert ended.rss_bytes <= predicted(large, settings) <= MOST_BYTES
    assert predicted(large, settings) <= 1.5 * ended.rss_bytes


def test_a_film_in_hevc_takes_what_was_told_too(cells: Cells, tmp_path: Path) -> None:
    """Its decoder gives out several pictures at once."""
    options = {"preset": "ultrafast", "x265-params": "log-level=none:bframes=3:ref=3"}
    path = film(tmp_path / "a.mp4", still(SIZE_4K), 12, "libx265", options=options)
    ended = transcode(cells, path, {"heights": [240]})
    assert (ended.code, ended.detail) == (RESULT, "")
    assert ended.rss_bytes <= predicted(path, {"heights": [240]}) <= MOST_BYTES


def test_4k_is_made_1080p_with_little_more_than_usual(tmp_path: Path) -> None:
    options = {"preset": "ultrafast", "refs": "4", "bf": "2"}
    path = film(tmp_path / "a.mp4", still(SIZE_4K), 12, options=options)
    with real_cells(tmp_path, "video") as cells:
        ended = transcode(cells, path, {"heights": [1080]})
    assert (ended.code, ended.detail) == (RESULT, "")
    assert ended.rss_bytes <= predicted(path, {"heights": [1080]}, MEMORY_BYTES) <= 256 * MIB


def test_what_would_take_more_is_refused_at_once_if_the_operator_does_not_allow_it(
    cells: Cells, large: Path, tmp_path: Path
) -> None:
    settings = {"video": "vp9", "heights": [1080]}
    refused = transcode(cells, large, settings)
    assert (refused.code, refused.outputs()) == ("limit_exceeded", [])
    assert "200 are the most" in refused.detail
    with closing(Sandbox(["video"], settings={MEMORY: "300"})) as sandbox:
        allowed = transcode(Cells(sandbox, tmp_path, cells.processor), large, settings)
    assert (allowed.code, allowed.detail) == (RESULT, "")
    assert MOST_BYTES < allowed.rss_bytes <= predicted(large, settings, 300 * MIB)


@pytest.mark.parametrize(("references", "accuracy"), [(1, "exact"), (6, "keyframe")])
def test_pictures_that_need_many_others_are_not_decoded_one_after_the_other(
    references: int, accuracy: str, cells: Cells, tmp_path: Path
) -> None:
    """Each takes 22 MB. What headers promise counts: how many of them a decoder will keep isn't tried out."""
    options = {"preset": "ultrafast", "refs": str(references)}
    ended = cells.run(film(tmp_path / "a.mp4", still(SIZE_5K), 8, options=options), PICTURES)
    assert (ended.code, ended.result["storyboard"]["accuracy"]) == (RESULT, accuracy)
    assert ended.rss_bytes <= MOST_BYTES


def test_a_picture_that_does_not_fit_is_refused_with_its_size(cells: Cells, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still((5760, 3240)), 1, "libx264", "yuv444p10le", options={"preset": "ultrafast"})
    ended = cells.run(path)
    assert ended.code == "limit_exceeded"
    assert ended.detail.startswith(
        "A picture of the video takes 106 MiB of memory (5,760 x 3,240 pixels in yuv444p10le)"
    )
    assert ended.rss_bytes <= MOST_BYTES


def test_what_its_headers_do_not_tell_meets_a_wall(cells: Cells) -> None:
    ended = cells.run(GREEDY["a million edits"]())
    assert ended.code in {"limit_exceeded", "corrupt_input"}
    assert ended.rss_bytes <= MOST_BYTES
