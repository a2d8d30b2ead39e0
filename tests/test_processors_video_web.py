"""The web version: what is copied, what isn't and why, and that nothing is lost on the way."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import pytest

from processors.base import Cancelled, Report
from processors.media import remux
from processors.media.models import AudioStream, VideoStream
from processors.video import VideoProcessor
from processors.video.models import VideoResult, WebMade
from processors.video.web import plan
from processors.work import run_alone
from tests.ffprobes import ffmpeg, ffprobe, hashes
from tests.films import film, noise, sound, still
from tests.isobmff_boxes import index_comes_first, outer_boxes
from tests.test_processors_media_playable import audio, video
from tests.test_processors_media_probe import TINY, TONE

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "3")


def make(path: Path, scratch: Path, **params: Any) -> WebMade:
    result = run_alone(VideoProcessor(), path, {"operations": ["web"], **params}, scratch=scratch).result
    assert isinstance(result, VideoResult)
    assert result.web is not None
    return result.web


def made(path: Path, scratch: Path, **params: Any) -> Path:
    web = make(path, scratch, **params)
    assert (web.how, web.file is not None) == ("remuxed", True), web
    return scratch / "out" / str(web.file)


def times(path: Path, stream: str) -> list[tuple[float, float]]:
    """Showing and decoding time of each packet, in seconds, in the order of decoding."""
    told = ffprobe(path, "-select_streams", stream, "-show_packets")["packets"]
    return sorted(((float(one["pts_time"]), float(one["dts_time"])) for one in told), key=lambda pair: pair[1])


def copied_by_ffmpeg(path: Path, target: Path) -> Path:
    ffmpeg("-i", path, "-map", "0:v?", "-map", "0:a?", "-c", "copy", "-movflags", "+faststart", target)
    return target


def same(ours: Path, theirs: Path) -> bool:
    """Every packet, byte for byte, at the same time to within Matroska's millisecond."""
    for stream in ("v:0", "a:0"):
        assert hashes(ours, stream) == hashes(theirs, stream)
        for one, other in zip(times(ours, stream), times(theirs, stream), strict=True):
            assert one == pytest.approx(other, abs=0.0011)
    return True


# -- what is copied


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a.mp4", [*H264, "-c:a", "aac"]),
        ("a.mov", [*H264, "-c:a", "aac"]),
        ("a.mkv", [*H264, "-c:a", "aac"]),
        ("a.mkv", [*H264, "-c:a", "libmp3lame"]),
        ("a.ts", [*H264, "-c:a", "aac"]),
        ("a.mp4", ["-c:v", "libx264", "-movflags", "+frag_keyframe+empty_moov", "-g", "5", "-pix_fmt", "yuv420p"]),
        ("a.avi", ["-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p", "-c:a", "libmp3lame"]),
    ],
)
def test_packets_and_their_times_are_those_of_ffmpeg_with_the_index_in_front(
    name: str, arguments: list[str], tmp_path: Path
) -> None:
    ffmpeg(*TINY, *TONE, *arguments, "-shortest", tmp_path / name)
    ours = made(tmp_path / name, tmp_path)
    assert index_comes_first(ours)
    assert same(ours, copied_by_ffmpeg(tmp_path / name, tmp_path / "theirs.mp4"))
    assert ffmpeg("-i", ours, "-f", "null", "-") == b""


@pytest.mark.parametrize(
    ("video_codec", "audio_codec", "suffix"),
    [
        ("libvpx", "libvorbis", "webm"),
        ("libvpx-vp9", "libopus", "webm"),
        ("libvpx-vp9", "aac", "mp4"),
        ("libsvtav1", "libopus", "mp4"),
        ("libx264", "libopus", "mp4"),
    ],
)
def test_codecs_go_where_they_are_at_home(video_codec: str, audio_codec: str, suffix: str, tmp_path: Path) -> None:
    source = tmp_path / "a.mkv"
    fast = ["-cpu-used", "8", "-deadline", "realtime"] if "vpx" in video_codec else []
    if video_codec == "libsvtav1":
        film(tmp_path / "av1.mkv", still(), 10, "libsvtav1")
        ffmpeg("-i", tmp_path / "av1.mkv", *TONE, "-c:v", "copy", "-c:a", audio_codec, source)
    else:
        ffmpeg(*TINY, *TONE, "-c:v", video_codec, *fast, "-pix_fmt", "yuv420p", "-c:a", audio_codec, source)
    ours = made(source, tmp_path)
    assert ours.name == f"web.{suffix}"
    assert hashes(ours, "v:0") == hashes(source, "v:0")
    assert hashes(ours, "a:0") == hashes(source, "a:0")


@pytest.mark.parametrize("rotation", [-90, 90, 180])
def test_a_film_on_its_side_stays_so(rotation: int, tmp_path: Path) -> None:
    source = film(tmp_path / "a.mov", still(), 5, rotation=rotation)
    (stream,) = ffprobe(made(source, tmp_path))["streams"]
    (original,) = ffprobe(source)["streams"]
    assert stream["side_data_list"][0]["rotation"] == original["side_data_list"][0]["rotation"] != 0


def test_a_fragmented_file_is_made_for_who_asks(tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", noise, 20, options={"g": "5"})
    ours = made(source, tmp_path, web={"container": "fmp4"})
    types = [type_ for type_, _ in outer_boxes(ours)]
    assert types[:2] == ["ftyp", "moov"]
    assert types.count("moof") >= 4
    assert hashes(ours, "v:0") == hashes(source, "v:0")


def test_all_playable_sounds_are_copied_with_their_languages_and_others_left_out(tmp_path: Path) -> None:
    source = tmp_path / "a.mkv"
    ffmpeg(
        *TINY, *TONE, *TONE, *TONE, "-map", "0", "-map", "1", "-map", "2", "-map", "3", *H264,
        "-c:a:0", "ac3", "-c:a:1", "aac", "-c:a:2", "libmp3lame",
        "-metadata:s:a:1", "language=deu", "-metadata:s:a:2", "language=fra", "-disposition:a:2", "default", source,
    )  # fmt: skip
    streams = [one for one in ffprobe(made(source, tmp_path))["streams"] if one["codec_type"] == "audio"]
    assert [(one["codec_name"], one["tags"]["language"]) for one in streams] == [("aac", "deu"), ("mp3", "fra")]
    assert streams[1]["disposition"]["default"] == 1


def test_sound_alone_gets_its_index_in_front(tmp_path: Path) -> None:
    source = sound(tmp_path / "a.m4a")
    ours = made(source, tmp_path)
    assert index_comes_first(ours)
    assert hashes(ours, "a:0") == hashes(source, "a:0")


def test_room_that_is_too_small_is_made_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = film(tmp_path / "a.mp4", noise, 60)
    monkeypatch.setattr(remux, "room", lambda *_: 100)
    ours = made(source, tmp_path)
    assert index_comes_first(ours)
    assert hashes(ours, "v:0") == hashes(source, "v:0")


# -- what isn't


def test_an_original_that_plays_is_left_alone(tmp_path: Path) -> None:
    source = film(tmp_path / "a.mp4", still(), 5, container_options={"movflags": "+faststart"})
    web = make(source, tmp_path)
    assert (web.how, web.file, web.reasons) == ("unchanged", None, ["The original plays as it is."])
    again = make(made(film(tmp_path / "b.mov", still(), 5), tmp_path), tmp_path / "again")
    assert again.how == "unchanged"


@pytest.mark.parametrize(
    "metadata",
    [("creation_time=2024-05-05T05:05:05Z",), ("location=+47.3769+008.5417/",), ("comment=Serial 123", "make=Phone")],
)
def test_an_original_that_plays_but_tells_too_much_is_copied_without_that(
    metadata: tuple[str, ...], tmp_path: Path
) -> None:
    source = tmp_path / "a.mp4"
    words = [word for entry in (*metadata, "title=Mine") for word in ("-metadata", entry)]
    ffmpeg(*TINY, *H264, *words, "-movflags", "+faststart+use_metadata_tags", source)
    ours = made(source, tmp_path)
    told = ffprobe(ours)["format"]["tags"]
    assert {name for name in told if name not in ("major_brand", "minor_version", "compatible_brands")} == {"title"}
    assert not any(entry.partition("=")[2].encode() in ours.read_bytes() for entry in metadata)
    (tmp_path / "kept").mkdir()
    assert make(source, tmp_path / "kept", strip_metadata=False).how == "unchanged"


def test_metadata_is_kept_for_who_asks(tmp_path: Path) -> None:
    source = tmp_path / "a.mov"
    place = "com.apple.quicktime.location.ISO6709"
    ffmpeg(*TINY, *H264, "-metadata", f"{place}=+47.3+008.5/", "-movflags", "use_metadata_tags", source)
    assert ffprobe(made(source, tmp_path, strip_metadata=False))["format"]["tags"][place] == "+47.3+008.5/"


@pytest.mark.parametrize(
    ("name", "arguments", "reason"),
    [
        ("a.mkv", ["-c:v", "libx265", "-x265-params", "log-level=none"], "HEVC"),
        ("a.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv444p"], "profile High 4:4:4"),
        ("a.mov", ["-c:v", "prores"], "prores"),
        ("a.mkv", [*H264, "-c:a", "ac3"], "ac3"),
        ("a.mkv", [*H264, "-c:a", "libvorbis"], "vorbis sound doesn't go into MP4"),
        ("a.avi", [*H264, "-c:a", "libmp3lame"], "AVI doesn't say when"),
    ],
)
def test_what_would_have_to_be_re_encoded_is_not_and_the_reason_is_said(
    name: str, arguments: list[str], reason: str, tmp_path: Path
) -> None:
    ffmpeg(*TINY, *TONE, *arguments, tmp_path / name)
    web = make(tmp_path / name, tmp_path)
    assert (web.how, web.file) == ("none", None)
    assert reason in web.reasons[0]
    assert not (tmp_path / "out").exists()


def test_times_past_all_bounds_are_a_reason_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    ffmpeg(*TINY, *TONE, *H264, "-bf", "0", "-c:a", "aac", path)
    path.write_bytes(postponed(path.read_bytes(), 1 << 62))
    web = make(path, tmp_path)
    assert (web.how, web.reasons) == ("none", ["It can't be copied: its times are past all bounds."])


def postponed(matroska: bytes, to: int) -> bytes:
    """The first cluster is said to be shown at another time, in milliseconds (RFC 9559, 5.1.3.1)."""
    start = matroska.index(b"\x1f\x43\xb6\x75") + 4
    at = matroska.index(b"\xe7", start + 1)
    end = at + 2 + (matroska[at + 1] & 0x7F)
    time = b"\xe7\x88" + to.to_bytes(8)
    grown = int.from_bytes(matroska[start:at]) + len(time) - (end - at)
    segment = matroska.index(b"\x18\x53\x80\x67") + 4
    unknown = matroska[:segment] + b"\x01" + b"\xff" * 7 + matroska[segment + 8 : start]
    return unknown + grown.to_bytes(at - start) + time + matroska[end:]


@pytest.mark.parametrize(
    ("name", "arguments", "codecs", "copied"),
    [
        ("a.mkv", ["-c:v", "libx265", "-x265-params", "log-level=none", "-c:a", "aac"], ["h264", "aac"], "a:0"),
        ("a.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv444p", "-c:a", "aac"], ["h264", "aac"], "a:0"),
        ("a.mkv", [*H264, "-c:a", "ac3"], ["h264", "aac"], "v:0"),
        ("a.mkv", [*H264, "-c:a", "libvorbis"], ["h264", "aac"], "v:0"),
        ("a.webm", ["-c:v", "libvpx-vp9", "-c:a", "libopus"], ["vp9", "opus"], None),
        ("a.avi", [*H264, "-c:a", "libmp3lame"], ["h264", "mp3"], "a:0"),
    ],
)
def test_who_always_wants_a_file_gets_one_and_only_what_must_be_is_encoded(
    name: str, arguments: list[str], codecs: list[str], copied: str | None, tmp_path: Path
) -> None:
    source = tmp_path / name
    ffmpeg(*TINY, *TONE, *arguments, source)
    web = make(source, tmp_path, web={"policy": "always"})
    if copied is None:
        assert web.how == "unchanged"
        return
    assert web.how == "transcoded"
    path = tmp_path / "out" / str(web.file)
    assert [one["codec_name"] for one in ffprobe(path)["streams"]] == codecs
    assert hashes(path, copied) == hashes(source, copied)
    assert index_comes_first(path)
    before, after = (ffprobe(one, "-count_frames", "-select_streams", "v:0") for one in (source, path))
    assert after["streams"][0]["nb_read_frames"] == before["streams"][0]["nb_read_frames"]
    assert float(after["format"]["duration"]) == pytest.approx(float(before["format"]["duration"]), abs=0.1)
    assert [one.name for one in (tmp_path / "out").iterdir()] == [path.name]


GOOD, BAD = video("h264", "High"), video("hevc", "Main")
AAC, AC3, VORBIS = audio("aac", "LC"), audio("ac3"), audio("vorbis")


@pytest.mark.parametrize(
    ("shown", "sounds", "encode", "kept"),
    [
        (GOOD, [AAC], (False, False), (0,)),
        (GOOD, [], (False, False), ()),
        (GOOD, [AC3], (False, True), ()),
        (GOOD, [AC3, AAC], (False, False), (1,)),
        (GOOD, [VORBIS, AAC], (False, False), (1,)),
        (GOOD, [VORBIS], (False, True), ()),
        (BAD, [AAC], (True, False), (0,)),
        (BAD, [AC3], (True, True), ()),
        (None, [AAC], (False, False), (0,)),
        (video("vp8"), [AAC], (False, True), ()),
    ],
)
def test_the_plan_says_what_must_be_re_encoded(
    shown: VideoStream | None, sounds: list[AudioStream], encode: tuple[bool, bool], kept: tuple[int, ...]
) -> None:
    recipe = plan("matroska", shown, sounds, "mp4")
    assert ((recipe.encode_video, recipe.encode_audio), recipe.audio) == (encode, kept)
    assert bool(recipe.faults) == (any(encode) or len(kept) < len(sounds))


# -- how it goes


def test_progress_comes_from_the_loop_and_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remux, "REPORT_PACKETS", 1)
    monkeypatch.setattr("processors.work.REPORT_SECONDS", 0)
    source = film(tmp_path / "a.mp4", noise, 100)
    reports: list[Report] = []
    run_alone(VideoProcessor(), source, {"operations": ["web"]}, scratch=tmp_path, on_report=reports.append)
    fractions = [report.done for report in reports if report.stage == "web"]
    assert len(fractions) >= 100
    assert fractions == sorted(fractions)
    assert fractions[-1] == 100
    assert fractions[-2] < 100


def test_a_cancel_is_heard_amid_the_copy_and_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remux, "REPORT_PACKETS", 1)
    source = film(tmp_path / "a.mp4", noise, 100)
    calls = iter(range(10_000))
    with pytest.raises(Cancelled):
        run_alone(
            VideoProcessor(),
            source,
            {"operations": ["web"]},
            scratch=tmp_path,
            cancelled=lambda: next(calls) > 50,
        )
    assert not (tmp_path / "web.part").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["clips/bbb480.mp4", "hostile/rot90_meta.mp4", "hostile/vfr.mp4", "hostile/seg.ts"])
def test_films_of_the_corpus_are_copied_as_ffmpeg_copies_them(name: str, corpus: Path, tmp_path: Path) -> None:
    ours = made(corpus / "video" / name, tmp_path)
    assert index_comes_first(ours)
    assert same(ours, copied_by_ffmpeg(corpus / "video" / name, tmp_path / "theirs.mp4"))


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["attach.mkv", "decord_corrupted.mp4", "corrupt_nal.mp4", "trunc_fl_100000.mp4"])
def test_odd_and_damaged_films_of_the_corpus_end_in_a_file_or_a_reason(name: str, corpus: Path, tmp_path: Path) -> None:
    web = make(corpus / "video" / "hostile" / name, tmp_path)
    if web.file is None:
        assert web.reasons
    else:
        with av.open(str(tmp_path / "out" / web.file)) as container:
            assert next(container.decode(video=0))


def attributes(path: Path, scratch: Path) -> Mapping[str, Any]:
    return run_alone(VideoProcessor(), path, {"operations": ["web"]}, scratch=scratch).outputs[0].attributes


def test_the_output_is_described(tmp_path: Path) -> None:
    assert attributes(film(tmp_path / "a.mov", still(), 5), tmp_path) == {"width": 192, "height": 128}
