"""What is told of a file, beside what ffprobe tells of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from processors.base import Rejected
from processors.media.models import VideoStream
from processors.video import VideoProcessor
from processors.video.models import VideoResult
from processors.work import run_alone
from tests.ffprobes import ffmpeg, ffprobe
from tests.films import film, noise, sound, still
from tests.test_processors_media_progress import dense, uneven

TINY = ("-f", "lavfi", "-i", "testsrc2=size=192x128:rate=25:duration=1")
LONG = ("-f", "lavfi", "-i", "testsrc2=size=192x128:rate=30000/1001:duration=6")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1")


def probe(path: Path, scratch: Path, **params: Any) -> VideoResult:
    result = run_alone(VideoProcessor(), path, {"operations": ["probe"], **params}, scratch=scratch).result
    assert isinstance(result, VideoResult)
    return result


def shown(result: VideoResult) -> VideoStream:
    assert result.video is not None
    return result.video


def fraction(text: str) -> float:
    above, _, below = text.partition("/")
    return float(above) / float(below)


def known(value: str | None) -> str | None:
    return None if value in (None, "unknown", "und", "[0][0][0][0]") else value


def agrees(result: VideoResult, told: Mapping[str, Any]) -> bool:
    """Field by field, so that a failing assertion shows which."""
    duration = float(told["format"]["duration"])
    assert result.duration == pytest.approx(duration, abs=0.11)  # edit lists
    assert result.size == int(told["format"]["size"])
    assert (result.bit_rate or 0) * (result.duration or 0) == pytest.approx(
        int(told["format"]["bit_rate"]) * duration, rel=0.02
    )
    videos = [one for one in told["streams"] if one["codec_type"] == "video" and not one["disposition"]["attached_pic"]]
    audios = [one for one in told["streams"] if one["codec_type"] == "audio"]
    if videos:
        assert_video(shown(result), videos[0])
    assert len(result.audio) == len(audios)
    for ours, theirs in zip(result.audio, audios, strict=True):
        assert (ours.codec, ours.channels) == (theirs["codec_name"], theirs["channels"])
        assert (ours.sample_rate, ours.layout) == (int(theirs["sample_rate"]), theirs.get("channel_layout"))
        assert ours.language == known(theirs.get("tags", {}).get("language"))
    subtitles = [one["codec_name"] for one in told["streams"] if one["codec_type"] == "subtitle"]
    assert [one.codec for one in result.subtitles] == subtitles
    chapters = [(one["tags"].get("title"), float(one["start_time"])) for one in told["chapters"]]
    assert [(chapter.title, chapter.start) for chapter in result.chapters] == chapters
    return True


def assert_video(ours: VideoStream, theirs: Mapping[str, Any]) -> None:
    assert (ours.codec, ours.pixel_format) == (theirs["codec_name"], theirs["pix_fmt"])
    assert ours.profile in (theirs.get("profile"), None)
    assert (ours.coded_width, ours.coded_height) == (theirs["width"], theirs["height"])
    assert ours.frame_rate == pytest.approx(fraction(theirs["avg_frame_rate"]), abs=0.01)
    assert ours.frames == (int(theirs["nb_frames"]) if "nb_frames" in theirs else None)
    assert ours.is_default == bool(theirs["disposition"]["default"])
    assert ours.language == known(theirs.get("tags", {}).get("language"))
    assert known(theirs.get("color_primaries")) == ours.colour.primaries
    assert known(theirs.get("color_transfer")) == ours.colour.transfer
    assert known(theirs.get("color_space")) in (ours.colour.space, None)  # ours is of a frame: VP8's says it
    assert ours.is_interlaced == (theirs.get("field_order", "progressive") not in ("progressive", "unknown"))
    if theirs["codec_name"] == "h264":
        assert ours.has_b_frames == bool(theirs["has_b_frames"])
        assert ours.level == theirs["level"] / 10
    turns = [data["rotation"] for data in theirs.get("side_data_list", ()) if "rotation" in data]
    assert ours.rotation == (-turns[0] % 360 if turns else 0)


# -- made files


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("h264.mp4", ["-c:v", "libx264", "-profile:v", "main", "-level", "3.1"]),
        ("turned.mov", ["-c:v", "libx264", "-metadata:s:v", "rotate=90"]),
        ("interlaced.mpg", ["-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-b:v", "500k"]),
        ("film.webm", ["-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libopus"]),
        ("film.mkv", ["-c:v", "libx265", "-x265-params", "log-level=none", "-c:a", "flac"]),
        ("film.ts", ["-c:v", "libx264", "-c:a", "mp2"]),
        ("film.avi", ["-c:v", "mpeg4", "-c:a", "libmp3lame"]),
        ("colour.mp4", ["-c:v", "libx264", "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]),
    ],
)
def test_it_tells_what_ffprobe_tells(name: str, arguments: list[str], tmp_path: Path) -> None:
    path = tmp_path / name
    ffmpeg(*TINY, *TONE, *arguments, "-metadata:s:a", "language=fra", "-shortest", path)
    assert agrees(probe(path, tmp_path), ffprobe(path))


def test_chapters_subtitles_languages_and_titles_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    (tmp_path / "a.txt").write_text(
        ";FFMETADATA1\ntitle=A film\nencoder=x\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=1000\ntitle=Two\n"
    )
    path = tmp_path / "a.mkv"
    ffmpeg(
        *TINY, *TONE, "-i", tmp_path / "a.srt", "-i", tmp_path / "a.txt", "-map_metadata", "3",
        "-map", "0", "-map", "1", "-map", "2", "-c:v", "mpeg4", "-c:s", "srt",
        "-metadata:s:s", "language=deu", "-metadata:s:s", "title=Untertitel", "-disposition:s", "forced", path,
    )  # fmt: skip
    result = probe(path, tmp_path)
    assert agrees(result, ffprobe(path))
    assert [(chapter.title, chapter.start, chapter.end) for chapter in result.chapters] == [
        ("One", 0.0, 0.4),
        ("Two", 0.4, 1.0),
    ]
    (subtitle,) = result.subtitles
    assert (subtitle.codec, subtitle.is_text, subtitle.language) == ("subrip", True, "deu")
    assert (subtitle.title, subtitle.is_forced, subtitle.is_default) == ("Untertitel", True, False)
    assert (result.format, result.tags, result.other_streams) == ("matroska", {"title": "A film"}, [])


def test_a_place_is_told_only_to_who_asks_and_a_device_to_nobody(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    ffmpeg(
        *TINY, "-c:v", "mpeg4", "-movflags", "use_metadata_tags", "-metadata", "title=Holiday",
        "-metadata", "com.apple.quicktime.location.ISO6709=+47.3769+008.5417+408.000/",
        "-metadata", "com.apple.quicktime.model=iPhone 99", path,
    )  # fmt: skip
    result, asked = probe(path, tmp_path), probe(path, tmp_path, gps="keep")
    assert (result.place, result.tags) == (None, {"title": "Holiday"})
    assert asked.place is not None
    assert (asked.place.latitude, asked.place.longitude, asked.place.altitude) == (47.3769, 8.5417, 408.0)
    assert "iPhone" not in asked.model_dump_json()


def test_a_cover_is_no_video(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=red:size=64x64", "-frames:v", "1", tmp_path / "a.png")
    path = tmp_path / "a.m4a"
    ffmpeg(
        *TONE,
        "-i",
        tmp_path / "a.png",
        "-map",
        "0",
        "-map",
        "1",
        "-c:v",
        "copy",
        "-disposition:v",
        "attached_pic",
        path,
    )
    result = probe(path, tmp_path)
    assert (result.video, result.other_streams, result.format) == (None, ["cover"], "m4a")
    assert result.playable.web


# -- frame rates, frames


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.ts"])
def test_a_steady_rate_is_not_called_variable(name: str, tmp_path: Path) -> None:
    path = dense(tmp_path / name)
    assert shown(probe(path, tmp_path)).is_variable_frame_rate is False


def jittering(number: int) -> int:
    return number * 4 + number * 7 % 3


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("stamps", [uneven, jittering])
def test_frames_off_the_beat_make_the_rate_variable(name: str, stamps: Callable[[int], int], tmp_path: Path) -> None:
    path = dense(tmp_path / name, stamps)
    assert shown(probe(path, tmp_path)).is_variable_frame_rate is True


def test_frames_out_of_order_are_not_off_the_beat(tmp_path: Path) -> None:
    ffmpeg(*LONG, "-c:v", "libx264", "-bf", "8", tmp_path / "a.mp4")
    for name in ("a.mkv", "a.ts"):
        ffmpeg("-i", tmp_path / "a.mp4", "-c", "copy", tmp_path / name)
        assert shown(probe(tmp_path / name, tmp_path)).is_variable_frame_rate is False


def test_sound_alone_is_described_and_pictures_are_left_out_with_a_warning(tmp_path: Path) -> None:
    path = sound(tmp_path / "a.m4a")
    result = run_alone(VideoProcessor(), path, {"operations": ["poster", "storyboard"]}, scratch=tmp_path).result
    assert isinstance(result, VideoResult)
    assert (result.video, result.poster, len(result.audio)) == (None, None, 1)
    assert result.warnings == ["There is no video in this file, only sound: poster, storyboard left out."]


def test_sound_that_can_not_be_decoded_is_a_failure(tmp_path: Path) -> None:
    data = bytearray(sound(tmp_path / "a.m4a").read_bytes())
    start, end = data.index(b"mdat") + 4, data.index(b"moov")
    data[start : end - 4] = b"\xff" * (end - 4 - start)
    (tmp_path / "b.m4a").write_bytes(data)
    with pytest.raises(Rejected, match="Not a single frame of the sound"):
        probe(tmp_path / "b.m4a", tmp_path)


def test_a_file_that_is_cut_off_is_described_with_a_warning(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", noise, 20, container_options={"movflags": "+faststart"})
    whole = path.read_bytes()
    assert probe(path, tmp_path).warnings == []
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert probe(path, tmp_path).warnings == ["The file is cut off: its end is missing."]


@pytest.mark.parametrize("matrix", [bytes(36), b"\xff" * 36, b"\x7f\xff\xff\xff" * 9])
def test_a_matrix_that_turns_into_nowhere_is_no_rotation(matrix: bytes, tmp_path: Path) -> None:
    """That of `tkhd`, where the film lies on its side."""
    path = film(tmp_path / "a.mp4", still(), 5, rotation=-90)
    data = path.read_bytes()
    at = data.index(b"tkhd") + 4 + 40
    path.write_bytes(data[:at] + matrix + data[at + 36 :])
    assert shown(probe(path, tmp_path)).rotation == 0


# -- the corpus


@pytest.mark.corpus
def test_every_ordinary_clip_and_every_odd_one_of_the_corpus_agrees_with_ffprobe(corpus: Path, tmp_path: Path) -> None:
    odd = ("rot90_meta.mp4", "rot90.mov", "hdr10.mp4", "h265_10.mp4", "odd.mp4", "vfr.mp4", "attach.mkv", "seg.ts")
    paths = [*(corpus / "video" / "clips").iterdir(), *(corpus / "video" / "hostile" / name for name in odd)]
    for path in paths:
        assert agrees(probe(path, tmp_path), ffprobe(path)), path


@pytest.mark.corpus
def test_hdr_odd_sizes_and_variable_rates_of_the_corpus_are_told(corpus: Path, tmp_path: Path) -> None:
    told = {name: probe(corpus / "video" / "hostile" / f"{name}.mp4", tmp_path) for name in ("hdr10", "odd", "vfr")}
    hdr = shown(told["hdr10"]).hdr
    assert hdr is not None
    assert (hdr.kind, hdr.max_luminance, hdr.max_content_light, hdr.max_average_light) == ("hdr10", 1000, 1000, 400)
    assert (shown(told["hdr10"]).bit_depth, shown(told["odd"]).chroma) == (10, "4:4:4")
    assert shown(told["odd"]).coded_width == 641
    assert {name: shown(result).is_variable_frame_rate for name, result in told.items()} == {
        "hdr10": False,
        "odd": False,
        "vfr": True,
    }
