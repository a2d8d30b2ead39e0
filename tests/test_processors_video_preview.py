"""Previews, as ffprobe and Pillow see them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageSequence
from pydantic import ValidationError

from processors.base import Rejected, Report
from processors.video import VideoProcessor
from processors.video.models import Preview, VideoResult
from processors.work import run_alone
from tests.films import RATE, counted, film, number_of, still
from tests.pictures import BLUE, GREEN, RED, WHITE, corners
from tests.programs import require
from tests.rendering import close
from tests.storyboards import made

SECONDS = 4


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film") / "a.mp4", counted, SECONDS * RATE, options={"g": "5"})


def probed(path: Path) -> dict[str, Any]:
    require("ffprobe")
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", str(path)]
    told: dict[str, Any] = json.loads(subprocess.check_output(command))
    return told


@pytest.mark.parametrize("format_", ["webp", "gif"])
def test_an_animation_shows_the_film_from_beginning_to_end(format_: str, path: Path, tmp_path: Path) -> None:
    result = made(path, tmp_path, {"preview": {"format": format_, "seconds": 2, "fps": 5, "width": 96}})
    assert result.preview is not None
    assert (result.preview.file, result.preview.frames) == (f"preview.{format_}", 10)
    with Image.open(tmp_path / "out" / result.preview.file) as image:
        frames = [(number_of(frame), frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
        assert (image.size, image.info["loop"]) == ((96, 64), 0)
    numbers = [number for number, _ in frames]
    assert len(numbers) == 10
    assert all(abs(number - (10 * n + 5)) <= 3 for n, number in enumerate(numbers))  # a keyframe each 5
    assert {duration for _, duration in frames} == {200}


def test_an_mp4_is_silent_and_begins_with_its_index(path: Path, tmp_path: Path) -> None:
    made(path, tmp_path, {"preview": {"format": "mp4", "seconds": 2, "fps": 5, "width": 97}})
    target = tmp_path / "out" / "preview.mp4"
    told = probed(target)
    (stream,) = told["streams"]
    assert (stream["codec_name"], stream["pix_fmt"], stream["width"], stream["height"]) == ("h264", "yuv420p", 96, 64)
    assert (stream["nb_read_frames"], float(told["format"]["duration"])) == ("10", 2.0)
    data = target.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("format_", ["webp", "gif"])
def test_ffprobe_counts_the_frames_that_the_result_tells(format_: str, path: Path, tmp_path: Path) -> None:
    result = made(path, tmp_path, {"preview": {"format": format_, "seconds": 1, "fps": 7}})
    assert result.preview is not None
    with Image.open(tmp_path / "out" / result.preview.file) as image:
        assert getattr(image, "n_frames", 1) == result.preview.frames == 7
    if format_ == "gif":
        assert probed(tmp_path / "out" / "preview.gif")["streams"][0]["nb_read_frames"] == "7"


@pytest.mark.parametrize("format_", ["webp", "gif", "mp4"])
def test_colours_stay_what_they_are(format_: str, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still(), 50, options={"g": "5"})
    made(path, tmp_path, {"preview": {"format": format_, "seconds": 1, "fps": 4}})
    target = tmp_path / "out" / f"preview.{format_}"
    if format_ == "mp4":
        require("ffmpeg")
        command = ["ffmpeg", "-v", "error", "-i", str(target), "-frames:v", "1", str(tmp_path / "frame.png")]
        subprocess.run(command, check=True)
        target = tmp_path / "frame.png"
    with Image.open(target) as image:
        assert close(corners(image.convert("RGB")), [RED, GREEN, BLUE, WHITE], 30)


def test_frames_between_keyframes_are_shown_where_keyframes_are_few(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", counted, 100, options={"g": "1000"})
    result = made(path, tmp_path, {"preview": {"seconds": 2, "fps": 5}})
    assert result.preview is not None
    with Image.open(tmp_path / "out" / "preview.webp") as image:
        numbers = [number_of(frame) for frame in ImageSequence.Iterator(image)]
    assert numbers == [10 * n + 5 for n in range(10)]


def test_it_never_plays_longer_than_the_film(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", counted, RATE)
    result = made(path, tmp_path, {"preview": {"seconds": 60, "fps": 5}})
    assert result.preview is not None
    assert result.preview.frames == 5


def test_a_single_frame_is_a_preview_too(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still(), 1)
    for format_ in ("webp", "gif", "mp4"):
        result = made(path, tmp_path / format_, {"preview": {"format": format_}})
        assert result.preview is not None
        assert result.preview.frames == 1


def test_nothing_but_the_preview_is_left(path: Path, tmp_path: Path) -> None:
    made(path, tmp_path, {"preview": {}})
    assert [str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()] == ["out/preview.webp"]


def test_more_frames_than_anybody_looks_at_are_refused() -> None:
    assert Preview(seconds=10, fps=30).fps == 30
    with pytest.raises(ValidationError, match="300"):
        Preview(seconds=11, fps=30)


def test_a_preview_that_was_given_up_leaves_no_file_and_the_others_are_made(path: Path, tmp_path: Path) -> None:
    def late(report: Report) -> None:
        if report.stage == "preview":
            raise Rejected("limit_exceeded", "It takes too long.")

    params = {"operations": ["poster", "storyboard", "preview"], "on_error": "partial"}
    finished = run_alone(VideoProcessor(), path, params, scratch=tmp_path, on_report=late)
    assert isinstance(finished.result, VideoResult)
    assert [one.name for one in finished.result.errors] == ["preview"]
    assert finished.result.storyboard is not None
    assert {output.name for output in finished.outputs} == {
        *("poster.webp", "storyboard.webp", "storyboard.vtt", "storyboard.json")
    }
    assert {file.name for file in (tmp_path / "out").iterdir()} == {output.name for output in finished.outputs}
