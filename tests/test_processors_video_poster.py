"""Which frame stands for a film."""

import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageStat

from tests.films import RATE, black, counted, film, noise, number_of, still
from tests.storyboards import made


def poster(path: Path, scratch: Path, settings: dict[str, Any], **more: Any) -> tuple[Image.Image, float]:
    result = made(path, scratch, {"poster": settings, **more})
    assert result.poster is not None
    assert result.poster.at is not None
    with Image.open(scratch / "out" / result.poster.file) as image:
        assert image.size == (result.poster.width, result.poster.height)
        return image.convert("RGB"), result.poster.at


def brightness(image: Image.Image) -> float:
    return ImageStat.Stat(image.convert("L")).mean[0]


def mostly_black(number: int) -> Image.Image:
    """A second of light in four."""
    return noise(number) if 50 <= number < 75 else black(number)


ACCURACIES = [{}, {"storyboard": {"accuracy": "exact"}}, {"storyboard": {"accuracy": "keyframe"}}]


@pytest.mark.parametrize("gop", ["10", "1000"])
@pytest.mark.parametrize("more", ACCURACIES)
def test_it_is_never_black_where_any_tile_is_not(more: dict[str, Any], gop: str, tmp_path: Path) -> None:
    """With one keyframe, in the dark, the beginning is looked through."""
    path = film(tmp_path / "a.mp4", mostly_black, 100, options={"g": gop})
    image, at = poster(path, tmp_path, {}, **more)
    assert brightness(image) > 60
    assert 50 / RATE <= at < 75 / RATE


@pytest.mark.parametrize("more", ACCURACIES)
def test_it_shows_the_frame_of_the_time_that_it_tells(more: dict[str, Any], tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", counted, 120, options={"g": "30"})
    image, at = poster(path, tmp_path, {}, **more)
    assert number_of(image) == round(at * RATE)


@pytest.mark.parametrize(("seconds", "frame"), [(0, 0), (1.5, 38), (1.52, 38), (99, 119), (math.inf, 119)])
@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mkv"])
def test_the_very_frame_of_a_second_is_shown(name: str, seconds: float, frame: int, tmp_path: Path) -> None:
    path = film(tmp_path / name, counted, 120, options={"g": "30"})
    for more in ACCURACIES:
        image, at = poster(path, tmp_path / f"{len(str(more))}", {"at": seconds}, **more)
        assert (number_of(image), round(at * RATE)) == (frame, frame)


@pytest.mark.parametrize("more", ACCURACIES)
def test_of_frames_too_large_for_more_the_nearest_keyframe_is_shown_and_not_the_liveliest(
    more: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("processors.video.shots.EXACT_BYTES", 0)
    path = film(tmp_path / "a.mp4", counted, 120, options={"g": "30", "sc_threshold": "0"})
    for seconds, frame in ((0, 0), (0.5, 0), (0.7, 30), (99, 90)):
        image, at = poster(path, tmp_path / f"{seconds}", {"at": seconds}, **more)
        assert (number_of(image), round(at * RATE)) == (frame, frame)


@pytest.mark.parametrize(("format_", "extension"), [("webp", "webp"), ("jpeg", "jpg")])
def test_it_is_in_the_format_and_width_that_are_asked_for(format_: str, extension: str, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still(), 10)
    image, _ = poster(path, tmp_path, {"format": format_, "width": 96})
    assert image.size == (96, 64)
    with Image.open(tmp_path / "out" / f"poster.{extension}") as file:
        assert file.format == format_.upper()


def test_a_poster_alone_leaves_no_storyboard(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", noise, 10)
    made(path, tmp_path, {"poster": {}})
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["poster.webp"]


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg2video"])
def test_a_transport_stream_with_one_keyframe_has_a_poster(codec: str, tmp_path: Path) -> None:
    """It is sought by time, and what is found lies behind the keyframe."""
    path = film(tmp_path / "a.ts", noise, 24, codec, options={"g": "100", "x265-params": "log-level=none"})
    assert made(path, tmp_path, {"poster": {}}).poster
    assert made(path, tmp_path / "b", {"poster": {}, "storyboard": {"accuracy": "keyframe"}}).storyboard
