"""Transcodes, read back by Debian's ffprobe and ffmpeg: sizes, times, colours, sound."""

import math
import re
from dataclasses import replace
from fractions import Fraction
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from processors.base import Cancelled, Report
from processors.video import VideoProcessor
from processors.video.models import Transcoded, VideoParams, VideoResult
from processors.work import run_alone
from tests.cells import real_cells
from tests.ffprobes import ffprobe
from tests.films import RATE, black, film, noise, still
from tests.pictures import BLUE, GREEN, RED, WHITE, corners, quarters
from tests.rendering import close
from tests.scenes import beep, decoded, loudness, lumas, onsets, scene, times, told


def transcode(path: Path, scratch: Path, **settings: Any) -> tuple[list[tuple[Transcoded, Path]], VideoResult]:
    """Each file with what is said of it."""
    params = {"operations": ["probe"], "transcode": {"heights": [2160], **settings}}
    scratch.mkdir(exist_ok=True)
    result = run_alone(VideoProcessor(), path, params, scratch=scratch).result
    assert isinstance(result, VideoResult)
    return [(made, scratch / "out" / made.file) for made in result.transcodes], result


def one(path: Path, scratch: Path, **settings: Any) -> tuple[Transcoded, Path]:
    (made,), _ = transcode(path, scratch, **settings)
    return made


def flash(number: int) -> Image.Image:
    """White at one second, for two frames."""
    return Image.new("RGB", (192, 128), (255,) * 3) if number in (25, 26) else black(number)


@pytest.mark.parametrize(
    ("video", "audio", "codecs", "suffix"),
    [
        ("h264", "aac", ("h264", "aac"), "mp4"),
        ("hevc", "aac", ("hevc", "aac"), "mp4"),
        ("vp9", "aac", ("vp9", "opus"), "webm"),
        ("av1", "opus", ("av1", "opus"), "mp4"),
        ("h264", "copy", ("h264", "aac"), "mp4"),
        ("h264", "none", ("h264", None), "mp4"),
    ],
)
def test_every_codec_gives_a_whole_film_in_the_right_colours(
    video: str, audio: str, codecs: tuple[str, str | None], suffix: str, tmp_path: Path
) -> None:
    made, path = one(scene(tmp_path / "a.mp4", still(), 30, sound=beep(0.5)), tmp_path, video=video, audio=audio)
    picture, sound, container = told(path)
    assert path.name == f"transcode-128p.{suffix}"
    assert (picture["codec_name"], sound and sound["codec_name"]) == codecs
    assert (made.codec, made.width, made.height, made.frames) == (video, 192, 128, 30)
    assert (picture["width"], picture["height"], int(picture["nb_read_frames"])) == (192, 128, 30)
    assert picture["pix_fmt"] == "yuv420p"
    assert made.duration == pytest.approx(1.2)
    assert float(container["duration"]) == pytest.approx(1.2, abs=0.03)
    assert made.bytes == path.stat().st_size
    assert close(corners(decoded(path)), [RED, GREEN, BLUE, WHITE], 40)
    if sound:
        assert onsets(path) == pytest.approx([0.5], abs=0.03)


@pytest.mark.parametrize("frames", [1, 2, 3])
@pytest.mark.parametrize("video", ["h264", "hevc", "vp9", "av1"])
def test_a_film_of_a_few_frames_is_whole(video: str, frames: int, tmp_path: Path) -> None:
    made, path = one(film(tmp_path / "a.mp4", noise, frames), tmp_path, video=video)
    assert made.frames == frames
    assert times(path) == pytest.approx([number / RATE for number in range(frames)], abs=0.001)


def test_one_pass_makes_every_height_and_none_is_larger_than_the_film(tmp_path: Path) -> None:
    path = scene(tmp_path / "a.mp4", still((640, 360)), 30, sound=beep(0.5))
    files, _ = transcode(path, tmp_path, heights=[720, 240, 1080, 120])
    assert [(made.file, made.width, made.height) for made, _ in files] == [
        ("transcode-360p.mp4", 640, 360),
        ("transcode-240p.mp4", 426, 240),
        ("transcode-120p.mp4", 214, 120),
    ]
    for made, file in files:
        picture, sound, _ = told(file)
        assert (picture["width"], picture["height"], int(picture["nb_read_frames"])) == (made.width, made.height, 30)
        assert sound is not None
        assert onsets(file) == pytest.approx([0.5], abs=0.03)
        assert close(corners(decoded(file)), [RED, GREEN, BLUE, WHITE], 40)


@pytest.mark.parametrize(("anticlockwise", "size"), [(-90, (128, 192)), (90, (128, 192)), (180, (192, 128))])
def test_a_film_on_its_side_is_turned_for_good(anticlockwise: int, size: tuple[int, int], tmp_path: Path) -> None:
    made, path = one(film(tmp_path / "a.mp4", still(), 10, rotation=anticlockwise), tmp_path)
    picture, *_ = told(path)
    assert (made.width, made.height) == (picture["width"], picture["height"]) == size
    assert "side_data_list" not in picture
    assert close(corners(decoded(path)), corners(quarters((192, 128)).rotate(anticlockwise, expand=True)), 40)


def test_of_heights_that_come_to_the_same_the_first_counts(tmp_path: Path) -> None:
    """4:2:0 wants even sides: 101 is 100, though the width would be another."""
    files, _ = transcode(film(tmp_path / "a.mp4", still((192, 108)), 10), tmp_path, heights=[101, 100, 60])
    assert [made.height for made, _ in files] == [100, 60]


def test_pixels_become_square(tmp_path: Path) -> None:
    made, path = one(film(tmp_path / "a.mp4", still((160, 120)), 10, aspect=Fraction(16, 11)), tmp_path)
    picture, *_ = told(path)
    assert (made.width, made.height, picture["sample_aspect_ratio"]) == (232, 120, "1:1")


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "size"),
    [
        ("a.mov", "prores_ks", "yuv422p10le", (192, 128)),
        ("a.mkv", "libx264", "yuv444p", (193, 129)),
        ("a.mkv", "libx264", "yuv420p10le", (192, 128)),
        ("a.avi", "mjpeg", "yuvj420p", (192, 128)),
        ("a.mkv", "libx264rgb", "rgb24", (192, 128)),
        ("a.ts", "mpeg2video", "yuv420p", (192, 128)),
        ("a.mkv", "libsvtav1", "yuv420p", (191, 127)),
    ],
)
def test_whatever_the_pixels_were_h264_has_eight_bits_of_limited_range(
    name: str, codec: str, pix_fmt: str, size: tuple[int, int], tmp_path: Path
) -> None:
    _, path = one(film(tmp_path / name, still(size), 10, codec, pix_fmt), tmp_path)
    picture, *_ = told(path)
    assert (picture["pix_fmt"], picture["color_range"], int(picture["nb_read_frames"])) == ("yuv420p", "tv", 10)
    assert (picture["width"], picture["height"]) == (size[0] // 2 * 2, size[1] // 2 * 2)
    assert close(corners(decoded(path)), [RED, GREEN, BLUE, WHITE], 40)


@pytest.mark.parametrize(
    ("size", "colour", "written"),
    [
        ((192, 128), None, "smpte170m"),  # a small film that doesn't say is BT.601
        ((1280, 720), None, "bt709"),  # a large one BT.709, and so is what is made of it, however small
        ((192, 128), (1, 1, 1), "bt709"),
    ],
)
def test_colours_are_written_down_so_that_no_player_must_guess(
    size: tuple[int, int], colour: tuple[int, int, int] | None, written: str, tmp_path: Path
) -> None:
    options = {"preset": "ultrafast"}
    _, path = one(scene(tmp_path / "a.mp4", still(size), 5, colour=colour, options=options), tmp_path, heights=[120])
    picture, *_ = told(path)
    assert (picture["color_space"], picture["color_transfer"], picture["color_primaries"]) == (written,) * 3


def test_times_are_kept_where_frames_do_not_come_evenly(tmp_path: Path) -> None:
    """A phone's: stamps in milliseconds, with jitter and a pause."""
    wanted = [0, 33, 71, 100, 134, 1134, 1160, 1201, 1240, 1300]
    source = scene(tmp_path / "a.mp4", noise, 10, stamps=wanted.__getitem__, time_base=Fraction(1, 1000))
    _, path = one(source, tmp_path)
    assert times(path) == pytest.approx([stamp / 1000 for stamp in wanted], abs=0.0006)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_picture_and_sound_stay_together_and_start_where_the_film_does(name: str, tmp_path: Path) -> None:
    """The picture begins a second late, and flashes two seconds in with a beep; a transport stream starts at 1.4."""
    source = scene(tmp_path / name, flash, 50, stamps=lambda number: number + 25, sound=beep(2.0))
    _, path = one(source, tmp_path)
    bright = [at for at, luma in zip(times(path), lumas(path), strict=True) if luma > 100]
    assert bright[0] == pytest.approx(2.0, abs=0.025)
    assert onsets(path) == pytest.approx([2.0], abs=0.03)
    assert times(path)[0] == pytest.approx(1.0, abs=0.025)


@pytest.mark.parametrize(("max_fps", "frames"), [(10, 10), (12.5, 13), (25, 25), (60, 25)])
def test_frames_are_dropped_evenly_and_never_moved(max_fps: float, frames: int, tmp_path: Path) -> None:
    made, path = one(film(tmp_path / "a.mp4", noise, 25), tmp_path, max_fps=max_fps)
    shown = times(path)
    assert made.frames == len(shown) == frames
    assert all(abs(at * RATE - round(at * RATE)) < 0.01 for at in shown)
    assert max(after - before for before, after in pairwise(shown)) <= 1 / min(max_fps, RATE) + 0.04


def test_interlaced_frames_are_made_whole(tmp_path: Path) -> None:
    """Two fields that alternate, and are told to: combed where they are woven into one picture."""

    def combed(number: int) -> Image.Image:
        lines = (bytes([200]) * 192, bytes(192))
        return Image.frombytes("L", (192, 128), (lines[number % 2] + lines[1 - number % 2]) * 64).convert("RGB")

    source = scene(tmp_path / "a.ts", combed, 10, "mpeg2video", is_interlaced=True, options={"qscale": "2"})
    _, path = one(source, tmp_path, crf=10)
    picture, *_ = told(path)
    assert picture["field_order"] == "progressive"
    column = decoded(path, 5).convert("L").crop((96, 32, 97, 96)).tobytes()
    source_column = decoded(source, 5).convert("L").crop((96, 32, 97, 96)).tobytes()
    assert max(source_column) - min(source_column) > 120
    assert max(column) - min(column) < 120


def test_hdr_becomes_sdr_unless_it_is_to_stay(tmp_path: Path) -> None:
    """PQ looks flat where it is merely relabelled: shadows must become darker, and lights brighter."""
    source = scene(
        tmp_path / "a.mkv",
        lambda number: Image.new("RGB", (192, 128), ((80, 176)[number],) * 3),
        2,
        "libx265",
        "yuv420p10le",
        colour=(9, 16, 9),
        options={"x265-params": "log-level=none:bframes=0"},
    )
    _, path = one(source, tmp_path / "a", crf=10)
    picture, *_ = told(path)
    assert (picture["color_transfer"], picture["color_space"], picture["pix_fmt"]) == ("bt709", "bt709", "yuv420p")
    dark, light = lumas(path)
    assert dark < 70
    assert light > 182
    _, kept = one(source, tmp_path / "b", video="hevc", tonemap="off")
    picture, *_ = told(kept)
    assert (picture["color_transfer"], picture["color_space"]) == ("smpte2084", "bt2020nc")
    assert picture["pix_fmt"] == "yuv420p10le"
    assert lumas(kept) == pytest.approx([80, 176], abs=3)


@pytest.mark.parametrize(
    ("peak", "target", "reached"),
    [(0.03, -23, -23), (0.9, -23, -23), (0.1, -5, -5), (0.03, None, -30.5)],
)
def test_sound_is_brought_to_a_loudness(peak: float, target: float | None, reached: float, tmp_path: Path) -> None:
    source = scene(tmp_path / "a.mp4", black, 75, sound=lambda now: peak * math.sin(math.tau * 997 * now))
    _, path = one(source, tmp_path, loudness=target)
    assert loudness(path)[0] == pytest.approx(reached, abs=0.4)


def test_peaks_stay_below_the_ceiling_and_are_not_compressed(tmp_path: Path) -> None:
    """Soft, but for a beep that leaves room for 5 dB."""
    source = scene(tmp_path / "a.mp4", black, 75, sound=lambda now: 0.02 * math.sin(1000 * now) + beep(1.0)(now))
    _, path = one(source, tmp_path, loudness=-10)
    assert loudness(path)[1] == pytest.approx(-1, abs=0.5)


def test_what_a_file_says_of_itself_stays_behind_but_for_its_title(tmp_path: Path) -> None:
    tags = {"title": "A film", "artist": "Somebody", "location": "+48.2082+016.3738/"}
    source = scene(tmp_path / "a.mov", still(), 5, sound=beep(), tags=tags)
    _, path = one(source, tmp_path / "a")
    assert {name: tag for name, tag in told(path)[2]["tags"].items() if name in tags} == {"title": "A film"}
    assert b"48.2082" in source.read_bytes()
    assert b"48.2082" not in path.read_bytes()
    (tmp_path / "b").mkdir()
    run_alone(VideoProcessor(), source, {"transcode": {}, "strip_metadata": False}, scratch=tmp_path / "b")
    assert told(tmp_path / "b" / "out" / "transcode-128p.mp4")[2]["tags"]["artist"] == "Somebody"


@pytest.mark.parametrize("video", ["h264", "hevc", "vp9", "av1"])
def test_the_same_film_gives_the_same_frames_at_the_same_times_again(video: str, tmp_path: Path) -> None:
    """To the bit it need not: x264 itself decides otherwise, now and then, for the same pixels."""
    source = scene(tmp_path / "a.mp4", noise, 40, sound=beep(1.0))
    first, again = (one(source, tmp_path / name, video=video)[1] for name in ("a", "b"))
    assert shown(first) == shown(again)
    assert first.stat().st_size == pytest.approx(again.stat().st_size, rel=0.02)


def shown(path: Path) -> list[str]:
    return [frame["pts_time"] for frame in ffprobe(path, "-select_streams", "v:0", "-show_frames")["frames"]]


def test_the_index_comes_before_the_pictures(tmp_path: Path) -> None:
    _, path = one(scene(tmp_path / "a.mp4", noise, 25, sound=beep()), tmp_path)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


# -- how it goes


def test_progress_is_told_from_the_frames_and_is_whole_only_in_the_end(tmp_path: Path) -> None:
    reports: list[Report] = []
    params = {"operations": ["probe"], "transcode": {"loudness": -23}}
    path = scene(tmp_path / "a.mp4", still((1280, 720)), 100, sound=beep(1.0), options={"preset": "ultrafast"})
    run_alone(VideoProcessor(), path, params, scratch=tmp_path, on_report=reports.append)
    made = [report for report in reports if report.stage == "transcode"]
    assert [report.done for report in made] == sorted(report.done for report in made)
    assert any(re.fullmatch(r"frame \d+, \d+\.\dx", report.message) for report in made)
    assert all(report.done < 99.5 for report in made if report.message != "written")


def test_a_cancel_is_heard_between_frames_and_leaves_nothing(tmp_path: Path) -> None:
    path = scene(tmp_path / "a.mp4", noise, 100)
    asked, scratch = count(), tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(Cancelled):
        run_alone(
            VideoProcessor(),
            path,
            {"operations": ["probe"], "transcode": {}},
            scratch=scratch,
            cancelled=lambda: next(asked) > 60,
        )
    assert [file for file in scratch.rglob("*") if file.is_file()] == []
    assert next(asked) == 62


def test_a_film_that_breaks_off_is_transcoded_as_far_as_it_goes(tmp_path: Path) -> None:
    path = scene(tmp_path / "a.mkv", noise, 60)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    made, file = one(path, tmp_path)
    assert 10 < made.frames < 60
    assert int(told(file)[0]["nb_read_frames"]) == made.frames


def test_a_quality_that_the_codec_does_not_have_is_refused() -> None:
    assert VideoParams.model_validate({"transcode": {"video": "av1", "crf": 60}})
    with pytest.raises(ValidationError, match="51"):
        VideoParams.model_validate({"transcode": {"video": "h264", "crf": 60}})


@pytest.mark.parametrize("params", [{"transcode": {}}, {"hls": {}}, {"web": {}}])
def test_an_output_that_grows_too_large_is_no_fault_of_the_film(params: dict[str, Any], tmp_path: Path) -> None:
    path = scene(tmp_path / "a.mkv", noise, 100, sound=beep(1.0))
    with real_cells(tmp_path, "video") as cells:
        limits = replace(VideoProcessor("").limits, output_bytes=20_000)
        ended = cells.run(path, {"operations": ["probe"], **params}, limits)
    assert (ended.code, ended.detail) == ("limit_exceeded", "An output is larger than 20000 bytes")
