"""Transcodes by a program of the operator's own: the same comes out, in a cell too, and nothing is left running."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from ingest.sandbox import Sandbox
from processors.base import AnyProcessor, Cancelled, Rejected
from processors.video import FFMPEG, VideoProcessor
from processors.video.models import Transcoded, VideoResult
from processors.work import run_alone
from tests.cells import Cells
from tests.films import RATE, film, noise, still
from tests.pictures import BLUE, GREEN, RED, WHITE, corners, quarters
from tests.programs import require
from tests.rendering import close
from tests.scenes import beep, decoded, loudness, onsets, scene, times, told


@pytest.fixture(scope="module")
def program() -> str:
    require("ffmpeg")
    found = shutil.which("ffmpeg")
    assert found
    return found


def by(program: str, path: Path, scratch: Path, **settings: Any) -> list[tuple[Transcoded, Path]]:
    params = {"operations": ["probe"], "transcode": {"heights": [2160], **settings}}
    result = run_alone(VideoProcessor(ffmpeg=program), path, params, scratch=scratch).result
    assert isinstance(result, VideoResult)
    return [(made, scratch / "out" / made.file) for made in result.transcodes]


@pytest.mark.parametrize(("video", "suffix"), [("h264", "mp4"), ("hevc", "mp4"), ("vp9", "webm")])
def test_a_film_is_whole_in_every_size(video: str, suffix: str, program: str, tmp_path: Path) -> None:
    path = scene(tmp_path / "a.mp4", still((320, 180)), 30, sound=beep(0.5), tags={"title": "A film", "artist": "X"})
    files = by(program, path, tmp_path, video=video, heights=[180, 90])
    assert [made.file for made, _ in files] == [f"transcode-180p.{suffix}", f"transcode-90p.{suffix}"]
    for made, file in files:
        picture, sound, container = told(file)
        assert (picture["codec_name"], picture["width"], picture["height"]) == (video, made.width, made.height)
        assert int(picture["nb_read_frames"]) == made.frames == 30
        assert picture["color_space"] == "smpte170m"
        assert sound is not None
        assert onsets(file) == pytest.approx([0.5], abs=0.03)
        assert close(corners(decoded(file)), [RED, GREEN, BLUE, WHITE], 40)
        names = {name.lower() for name in container["tags"]}
        assert "title" in names
        assert "artist" not in names


def test_it_is_turned_and_timed_as_by_our_own(program: str, tmp_path: Path) -> None:
    side = film(tmp_path / "a.mp4", still(), 10, rotation=-90)
    ((made, path),) = by(program, side, tmp_path)
    assert (made.width, made.height) == (128, 192)
    assert close(corners(decoded(path)), corners(quarters((192, 128)).rotate(-90, expand=True)), 40)


def test_frames_that_do_not_come_evenly_keep_their_times_and_too_many_are_dropped(program: str, tmp_path: Path) -> None:
    wanted = [0, 33, 71, 100, 134, 1134, 1160, 1201, 1240, 1300]
    source = scene(tmp_path / "a.mkv", noise, 10, stamps=wanted.__getitem__)
    ((_, path),) = by(program, film(tmp_path / "b.mp4", noise, 25), tmp_path, max_fps=10)
    assert max(times(path)) == pytest.approx(24 / RATE, abs=0.1)
    assert len(times(path)) <= 11
    assert source.exists()


def test_sound_is_brought_to_a_loudness(program: str, tmp_path: Path) -> None:
    path = scene(tmp_path / "a.mp4", noise, 75, sound=beep(*(number / 20 for number in range(60))))
    ((_, file),) = by(program, path, tmp_path, loudness=-23)
    assert loudness(file)[0] == pytest.approx(-23, abs=0.5)


def test_what_it_says_when_it_fails_is_told(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'This build has no libx264.' >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(Rejected, match=r"This build has no libx264\."):
        by(str(program), film(tmp_path / "a.mp4", noise, 5), tmp_path)
    assert not (tmp_path / "out").exists()


def test_a_cancel_ends_it_at_once_though_it_hangs(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec tail -f /dev/null\n")
    program.chmod(0o755)
    asked = count()
    with pytest.raises(Cancelled):
        run_alone(
            VideoProcessor(ffmpeg=str(program)),
            film(tmp_path / "a.mp4", noise, 5),
            {"operations": ["probe"], "transcode": {}},
            scratch=tmp_path,
            cancelled=lambda: (tmp_path / "pid").exists() and next(asked) > 3,
        )
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


# -- in a real cell


@pytest.fixture
def cells(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cells]:
    monkeypatch.setenv(FFMPEG, program)
    with closing(Sandbox(["video"], settings={FFMPEG: program})) as sandbox:
        processor: AnyProcessor = VideoProcessor()  # type: ignore[assignment] # of one kind of parameters
        yield Cells(sandbox, tmp_path, processor)


def test_a_cell_runs_it_within_its_walls(cells: Cells, tmp_path: Path) -> None:
    path = scene(tmp_path / "a.mp4", still(), 30, sound=beep(0.5))
    ended = cells.run(path, {"operations": ["probe"], "transcode": {}})
    assert (ended.code, ended.detail) == ("result", "")
    assert ended.result["transcodes"][0]["frames"] == 30


def test_a_cell_that_may_start_none_starts_none(cells: Cells, tmp_path: Path) -> None:
    """Where the kernel has Landlock, the program can't even open the film; elsewhere it is seen, and all ends."""
    limits = VideoProcessor(ffmpeg="").limits
    path = film(tmp_path / "a.mp4", still((1280, 720)), 200)
    ended = cells.run(path, {"operations": ["probe"], "transcode": {}}, limits)
    assert ended.code in ("limit_exceeded", "corrupt_input")
    assert ended.outputs() == []


def test_its_memory_counts(cells: Cells, tmp_path: Path) -> None:
    limits = replace(VideoProcessor(ffmpeg="x").limits, memory_bytes=130 << 20)
    path = film(tmp_path / "a.mp4", still((1280, 720)), 200, options={"preset": "ultrafast"})
    ended = cells.run(path, {"operations": ["probe"], "transcode": {"preset": "small"}}, limits)
    assert ended.code == "out_of_memory"


def test_an_output_that_grows_too_large_is_no_fault_of_the_film(cells: Cells, tmp_path: Path) -> None:
    limits = replace(VideoProcessor(ffmpeg="x").limits, output_bytes=20_000)
    ended = cells.run(scene(tmp_path / "a.mp4", noise, 100), {"operations": ["probe"], "transcode": {}}, limits)
    assert (ended.code, ended.detail) == ("limit_exceeded", "An output is larger than 20000 bytes")
