"""What browsers play: each rule once, and files as they are made."""

from pathlib import Path
from typing import Any

import pytest

from processors.media.layout import Layout
from processors.media.models import AudioStream, Colour, VideoStream
from processors.media.playable import audio_fault, verdict, video_fault
from tests.ffprobes import ffmpeg
from tests.test_processors_media_probe import TINY, TONE, probe

TRACK: dict[str, Any] = {"codec_tag": None, "language": None, "title": None, "is_default": True, "is_forced": False}
STREAMABLE = Layout("mp4", index_first=True)


def video(codec: str, profile: str | None = None, **told: Any) -> VideoStream:
    fields: dict[str, Any] = {
        "level": 4.0, "width": 64, "height": 64, "coded_width": 64, "coded_height": 64, "rotation": 0,
        "frame_rate": 25.0, "is_variable_frame_rate": False, "has_b_frames": False, "frames": None,
        "pixel_format": "yuv420p", "bit_depth": 8,
        "chroma": "4:2:0", "colour": Colour(primaries=None, transfer=None, space=None, range=None), "hdr": None,
        "is_interlaced": False, "bit_rate": None,
    }  # fmt: skip
    return VideoStream(codec=codec, profile=profile, **(TRACK | fields | told))


def audio(codec: str, profile: str | None = None) -> AudioStream:
    return AudioStream(
        codec=codec, profile=profile, sample_rate=48_000, channels=2, layout="stereo", bit_rate=None, **TRACK
    )


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (video("h264", "High"), None),
        (video("h264", "Constrained Baseline", pixel_format="yuvj420p"), None),
        (video("h264", "High 10", pixel_format="yuv420p10le"), "profile High 10"),
        (video("h264", "High", level=6.1), "level 6.1"),
        (video("vp9", "Profile 2", pixel_format="yuv420p10le"), "8 bits"),
        (video("vp8"), None),
        (video("vp9", "Profile 0"), None),
        (video("av1", "Main", pixel_format="yuv420p10le"), None),
        (video("av1", "High", chroma="4:4:4"), "4:4:4"),
        (video("hevc", "Main"), "Safari"),
        (video("mpeg4"), "mpeg4"),
    ],
)
def test_each_video_codec_has_its_rule(stream: VideoStream, said: str | None) -> None:
    fault = video_fault(stream)
    assert fault is None if said is None else fault is not None and said in fault


@pytest.mark.parametrize(
    ("stream", "plays"),
    [(audio("aac", "LC"), True), (audio("aac", "HE-AAC"), True), (audio("aac", "Main"), False)]
    + [(audio(codec), True) for codec in ("mp3", "opus", "vorbis", "flac", "pcm_s16le")]
    + [(audio(codec), False) for codec in ("ac3", "amr_nb", "pcm_mulaw", "alac", "unknown")],
)
def test_each_audio_codec_has_its_rule(stream: AudioStream, plays: bool) -> None:
    assert (audio_fault(stream) is None) is plays


@pytest.mark.parametrize(
    ("format_", "shown", "sounds", "plays"),
    [
        ("mp4", video("h264", "Main"), [audio("aac", "LC")], True),
        ("mp4", video("vp8"), [], False),
        ("webm", video("vp9"), [audio("opus")], True),
        ("webm", video("h264", "Main"), [], False),
        ("mov", video("h264", "Main"), [], False),
        ("matroska", video("vp9"), [audio("opus")], False),
        ("mp4", video("h264", "Main"), [audio("aac", "LC"), audio("ac3")], False),
        ("mp3", None, [audio("mp3")], True),
        ("wav", None, [audio("pcm_s16le")], True),
        ("mp4", None, [audio("vorbis")], False),
        ("mp4", None, [], False),
    ],
)
def test_codecs_and_container_must_go_together(
    format_: str, shown: VideoStream | None, sounds: list[AudioStream], plays: bool
) -> None:
    told = verdict(STREAMABLE, format_, shown, sounds)
    assert (told.web, bool(told.reasons)) == (plays, not plays)


def test_what_plays_may_still_have_something_wrong_with_it() -> None:
    late = verdict(Layout("mp4", index_first=False), "mp4", video("h264", "Main", is_interlaced=True), [])
    assert (late.web, len(late.reasons)) == (True, 2)
    assert "end of the file" in late.reasons[0]
    assert "interlaced" in late.reasons[1]
    assert "Safari" in verdict(STREAMABLE, "mp4", video("av1", "Main"), []).reasons[0]


@pytest.mark.parametrize(
    ("name", "arguments", "web"),
    [
        ("a.mp4", ["-c:v", "libx264", "-movflags", "+faststart"], True),
        ("a.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv422p"], False),
        ("a.webm", ["-c:v", "libvpx", "-c:a", "libvorbis"], True),
        ("a.mkv", ["-c:v", "libx264"], False),
    ],
)
def test_made_files_are_judged(name: str, arguments: list[str], web: bool, tmp_path: Path) -> None:
    pixels = [] if "-pix_fmt" in arguments else ["-pix_fmt", "yuv420p"]
    ffmpeg(*TINY, *TONE, *arguments, *pixels, "-shortest", tmp_path / name)
    told = probe(tmp_path / name, tmp_path).playable
    assert (told.web, bool(told.reasons)) == (web, not web)
