"""Large pictures, in the memory that a cell has; `python -m bench.videos memory` tries every sort of film."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cells import RESULT, Cells, real_cells
from tests.films import film, still
from tests.hostile_films import GREEDY

MOST_BYTES = 200 << 20
PICTURES = {"poster": {}, "storyboard": {"accuracy": "exact"}, "preview": {}}
SIZE_5K = (5120, 2880)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    with real_cells(tmp_path_factory.mktemp("cells"), "video") as cells:
        yield cells


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
