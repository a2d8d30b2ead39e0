"""Subtitles as WebVTT, beside what FFmpeg makes of them."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from processors.base import Cancelled, Rejected
from processors.media.progress import Plan
from processors.video import VideoProcessor
from processors.video.models import SubtitlesMade, VideoResult
from processors.work import run_alone
from tests.cells import real_cells
from tests.ffprobes import ffmpeg
from tests.films import film, still
from tests.test_processors_media_probe import TINY

SRT = """1
00:00:00,100 --> 00:00:00,400
Hello, <i>world</i>

2
00:00:00,400 --> 00:00:00,650
Two lines,
<b>the second bold</b>

3
00:00:00,700 --> 00:00:00,950
Fish & chips 3 > 2

"""
Cue = tuple[str, str, str]
CUE = re.compile(r"(?:^|\n)((?:\d+:)?\d\d:\d\d\.\d{3}) --> ((?:\d+:)?\d\d:\d\d\.\d{3})\n(.+?)(?=\n\n|\n*$)", re.DOTALL)


def cues(text: str) -> list[Cue]:
    assert text.startswith("WEBVTT\n")
    return [(f"00:{start}"[-12:], f"00:{end}"[-12:], words) for start, end, words in CUE.findall(text)]


def make(path: Path, scratch: Path) -> tuple[list[SubtitlesMade], VideoResult]:
    result = run_alone(VideoProcessor(), path, {"operations": ["subtitles"]}, scratch=scratch).result
    assert isinstance(result, VideoResult)
    return result.subtitle_files, result


def read(scratch: Path, made: SubtitlesMade) -> list[Cue]:
    return cues((scratch / "out" / made.file).read_text())


def subtitled(path: Path, codec: str, srt: str = SRT, *options: str) -> Path:
    source = path.parent / "in.srt"
    source.write_text(srt)
    ffmpeg(*TINY, "-i", source, "-map", "0", "-map", "1", "-c:v", "mpeg4", "-c:s", codec, *options, path)
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mkv", "srt"), ("a.mkv", "ass"), ("a.mkv", "webvtt"), ("a.mp4", "mov_text"), ("a.mov", "mov_text")],
)
def test_times_and_texts_are_those_of_ffmpeg(name: str, codec: str, tmp_path: Path) -> None:
    path = subtitled(tmp_path / name, codec, SRT, "-metadata:s:s", "language=eng")
    (made,), result = make(path, tmp_path)
    ffmpeg("-i", path, "-map", "0:s:0", tmp_path / "theirs.vtt")
    theirs = [
        (start, end, words.replace("&amp;", "&")) for start, end, words in cues((tmp_path / "theirs.vtt").read_text())
    ]
    ours = read(tmp_path, made)
    assert [cue[:2] for cue in ours] == [cue[:2] for cue in theirs]
    assert [words for *_, words in ours[:2]] == [words for *_, words in theirs[:2]]
    assert ours[2][2] == "Fish &amp; chips 3 &gt; 2"
    assert (made.file, made.language, made.cues) == ("subtitles-1-eng.vtt", "eng", 3)
    assert result.warnings == []


def test_every_stream_has_a_file_of_its_own_and_keeps_its_title(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    (tmp_path / "b.srt").write_text(SRT.replace("Hello", "Bonjour"))
    path = tmp_path / "a.mkv"
    ffmpeg(
        *TINY, "-i", tmp_path / "a.srt", "-i", tmp_path / "b.srt", "-map", "0", "-map", "1", "-map", "2",
        "-c:v", "mpeg4", "-c:s:0", "srt", "-c:s:1", "ass", "-metadata:s:s:0", "title=Forced",
        "-disposition:s:0", "forced", "-metadata:s:s:1", "language=fra", path,
    )  # fmt: skip
    first, second = make(path, tmp_path)[0]
    assert (first.file, first.title, first.is_forced) == ("subtitles-1.vtt", "Forced", True)
    assert (second.file, second.language, second.is_forced) == ("subtitles-2-fra.vtt", "fra", False)
    assert read(tmp_path, first)[0][2].startswith("Hello")
    assert read(tmp_path, second)[0][2].startswith("Bonjour")


def test_times_count_from_where_the_film_begins(tmp_path: Path) -> None:
    """As FFmpeg does it, of a film whose clock starts at ten seconds."""
    path = subtitled(tmp_path / "a.mkv", "srt", SRT, "-output_ts_offset", "10")
    (made,), _ = make(path, tmp_path)
    ffmpeg("-i", path, "-map", "0:s:0", tmp_path / "theirs.vtt")
    assert [cue[:2] for cue in read(tmp_path, made)] == [cue[:2] for cue in cues((tmp_path / "theirs.vtt").read_text())]


def crafted(path: Path, codec: str, cue: bytes | None = None, language: str = "und") -> Path:
    """A film with a subtitle stream that holds these very bytes, or nothing."""
    with av.open(str(film(path.parent / "film.mkv", still(), 5))) as source, av.open(str(path), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0], opaque=True)
        text = target.add_mux_stream(codec, time_base=Fraction(1, 1000))
        text.metadata["language"] = language
        if cue is not None:
            packet: av.Packet[Any] = av.Packet(cue)
            packet.stream, packet.time_base = text, Fraction(1, 1000)
            packet.pts, packet.dts, packet.duration = 0, 0, 150
            target.mux(packet)
        for one in source.demux(video=0):
            if one.size:
                one.stream = video
                target.mux(one)
    return path


def test_pictures_of_text_are_said_and_left_out(tmp_path: Path) -> None:
    made, result = make(crafted(tmp_path / "a.mkv", "dvd_subtitle"), tmp_path)
    assert made == []
    assert result.warnings == ["Subtitles were left out: dvd_subtitle is pictures of text."]
    assert [stream.is_text for stream in result.subtitles] == [False]


def test_a_film_without_subtitles_has_none(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    ffmpeg(*TINY, "-c:v", "mpeg4", path)
    made, result = make(path, tmp_path)
    assert (made, result.warnings, (tmp_path / "out").exists()) == ([], [], False)


def test_hostile_subtitles_are_text_and_nothing_else(tmp_path: Path) -> None:
    evil = b"<script>x</script>\n\n00:00:00.000 --> 09:00:00.000\nNOTE\n\nSTYLE\n"
    (made,), _ = make(crafted(tmp_path / "a.mkv", "subrip", evil, "../../etc"), tmp_path)
    assert (made.file, made.cues) == ("subtitles-1.vtt", 1)
    assert (tmp_path / "out" / made.file).read_text() == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.150\nx\n00:00:00.000 --&gt; 09:00:00.000\nNOTE\nSTYLE\n"
    )


def test_a_film_may_have_more_languages_than_a_cell_may_have_open_files(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(SRT)
    texts = ["-map", "1"] * 60
    ffmpeg(*TINY, "-i", tmp_path / "a.srt", "-map", "0", *texts, "-c:v", "mpeg4", "-c:s", "srt", tmp_path / "a.mkv")
    with real_cells(tmp_path, "video") as cells:
        ended = cells.run(tmp_path / "a.mkv", {"operations": ["subtitles"]}, VideoProcessor("").limits)
    assert (ended.code, ended.detail) == ("result", "")


def test_subtitles_that_were_given_up_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processors.video.subtitles.MOST_WAITING", 1)
    path = subtitled(tmp_path / "a.mkv", "srt")

    def late() -> bool:  # asked at every report, even one that isn't sent
        if any(tmp_path.glob("*.vtt")):
            raise Rejected("limit_exceeded", "It takes too long.")
        return False

    params = {"operations": ["subtitles"], "on_error": "partial"}
    finished = run_alone(VideoProcessor(), path, params, scratch=tmp_path, cancelled=late)
    assert isinstance(finished.result, VideoResult)
    assert [one.name for one in finished.result.errors] == ["subtitles"]
    assert finished.outputs == ()


def test_a_cancel_is_heard_while_ffmpeg_looks_for_the_next_cue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one cue, at the end, and FFmpeg reads all the film before it without giving a packet."""
    monkeypatch.setattr("processors.media.source.HEARD_BYTES", 1)
    path = subtitled(tmp_path / "a.mkv", "srt")
    heard: list[None] = []
    monkeypatch.setattr(Plan, "alive", lambda _plan: heard.append(None))
    make(path, tmp_path)
    assert heard
    monkeypatch.undo()
    monkeypatch.setattr("processors.media.source.HEARD_BYTES", 1)
    count = iter(range(1000))
    with pytest.raises(Cancelled):
        run_alone(
            VideoProcessor(),
            path,
            {"operations": ["subtitles"]},
            scratch=tmp_path / "again",
            cancelled=lambda: next(count) > 3,
        )
