"""The sheet of a storyboard: where its tiles are, and what fits on one."""

from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from processors.video.models import Storyboard
from processors.video.sheet import MOST_PIXELS, Sheet, tile_size
from processors.video.tiles import Tile
from processors.webp import MAX_SIDE
from tests.films import counted, film, number_of, still
from tests.storyboards import made, storyboard


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds, each frame a keyframe."""
    return film(tmp_path_factory.mktemp("film") / "a.mp4", counted, 100, options={"g": "1"})


@pytest.mark.parametrize(("format_", "name"), [("webp", "webp"), ("jpeg", "jpg"), ("png", "png")])
def test_the_sheet_is_in_the_format_that_is_asked_for(format_: str, name: str, path: Path, tmp_path: Path) -> None:
    told, tiles = storyboard(path, tmp_path, tiles=6, columns=4, format=format_)
    with Image.open(tmp_path / "out" / f"storyboard.{name}") as image:
        assert (image.format, image.size) == (format_.upper(), (4 * 192, 2 * 128))
    assert (told.columns, told.tile_width, told.tile_height) == (4, 192, 128)
    assert [tile.number for tile in tiles] == [8, 25, 42, 58, 75, 92]


@pytest.mark.parametrize(("width", "size"), [(96, (96, 64)), (640, (192, 128)), (16, (16, 11))])
def test_tiles_are_as_wide_as_asked_and_never_enlarged(
    width: int, size: tuple[int, int], path: Path, tmp_path: Path
) -> None:
    told, _ = storyboard(path, tmp_path, tiles=3, tile_width=width)
    assert (told.tile_width, told.tile_height) == size


def test_an_interval_gives_as_many_tiles_as_it_takes(path: Path, tmp_path: Path) -> None:
    told, tiles = storyboard(path, tmp_path, interval_s=0.5)
    assert told.tiles == 8
    assert all(tile.end - tile.start == pytest.approx(0.5, abs=0.002) for tile in tiles)


@pytest.mark.parametrize(("interval", "tiles"), [(0.04, "150"), (1e-320, "1,000,000,000")])
def test_an_interval_of_more_than_a_hundred_tiles_is_made_longer_and_that_is_told(
    interval: float, tiles: str, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", still((32, 32)), 150, options={"g": "1", "preset": "ultrafast"})
    result = made(path, tmp_path, {"storyboard": {"interval_s": interval}})
    assert result.storyboard is not None
    assert result.storyboard.tiles == 100
    assert any(tiles in warning for warning in result.warnings)


def test_a_film_on_its_side_has_tiles_upright(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still(), 5, rotation=-90)
    told, _ = storyboard(path, tmp_path, tiles=2)
    assert (told.tile_width, told.tile_height) == (128, 192)


@pytest.mark.parametrize("columns", [1, 7, 20])
@pytest.mark.parametrize("displayed", [(3840, 2160), (2160, 3840), (16_000, 16), (16, 16_000)])
def test_no_sheet_is_larger_than_webp_and_memory_allow(displayed: tuple[int, int], columns: int) -> None:
    settings = Storyboard(tiles=100, columns=columns, tile_width=640)
    width, height = tile_size(displayed, settings, 100)
    assert min(width, height) >= 1
    assert columns * width <= MAX_SIDE
    assert -(-100 // columns) * height <= MAX_SIDE
    assert 100 * width * height <= MOST_PIXELS


def tiles(count: int) -> list[Tile]:
    """An hour and a half each."""
    return [Tile(n * 5400.5, (n + 1) * 5400.5, n * 5400.5 + 0.25, counted(n + 1)) for n in range(count)]


def test_long_times_are_written_as_webvtt_wants_them() -> None:
    sheet = Sheet(Storyboard(columns=2), tiles(3))
    assert sheet.vtt() == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 01:30:00.500\nstoryboard.webp#xywh=0,0,192,128\n\n"
        "01:30:00.500 --> 03:00:01.000\nstoryboard.webp#xywh=192,0,192,128\n\n"
        "03:00:01.000 --> 04:30:01.500\nstoryboard.webp#xywh=0,128,192,128\n"
    )


def test_each_tile_lies_where_it_is_said_to_lie(tmp_path: Path) -> None:
    sheet = Sheet(Storyboard(columns=2, format="png"), tiles(3))
    target = tmp_path / "sheet.png"
    target.write_bytes(sheet.encode())
    with Image.open(target) as image:
        parts = [(0, 0), (192, 0), (0, 128), (192, 128)]
        assert [number_of(image.crop((x, y, x + 192, y + 128))) for x, y in parts] == [1, 2, 3, 0]


def test_cues_never_overlap_whatever_the_length(tmp_path: Path) -> None:
    for frames in (3, 31, 99):
        path = film(tmp_path / f"{frames}.mp4", counted, frames, options={"preset": "ultrafast"})
        _, shown = storyboard(path, tmp_path / str(frames), tiles=7)
        assert all(before.end == after.start for before, after in pairwise(shown))
        assert all(tile.start < tile.end for tile in shown)
