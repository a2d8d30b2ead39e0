"""The audio kind: what a sound is, and what is made of it."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pydantic import ValidationError

from processors.audio import AudioProcessor
from processors.audio.models import AudioParams, AudioResult
from processors.base import AnyProcessor, Rejected, RejectionCode, Report
from processors.registry import load
from processors.video import VideoProcessor
from processors.video.models import VideoResult
from processors.work import Finished, run_alone
from tests.architecture import REPOSITORY
from tests.contracts.processor import ProcessorContract
from tests.films import film, sound, still
from tests.hostile_sounds import wav
from tests.readers import ffprobe, level, samples
from tests.tones import RATE, silence, sine, write

TUNE = REPOSITORY / "samples" / "tune.mp3"
CLIP = REPOSITORY / "samples" / "clip.mp4"
EVERYTHING = {"operations": ["probe", "cover", "waveform", "loudness", "silence", "audio"]}


@pytest.fixture(scope="module")
def processor() -> AnyProcessor:
    return load(["audio"])["audio"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    folder = tmp_path_factory.mktemp("sounds")
    return [
        TUNE,
        sound(folder / "a.m4a"),
        write(folder / "a.flac", sine(440, -10), seconds=0.5, codec="flac"),
        write(folder / "a.ogg", sine(440, -10), seconds=0.5, codec="libopus"),
    ]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Sequence[tuple[bytes, RejectionCode]]:
    folder = tmp_path_factory.mktemp("bad")
    return [
        (b"", "corrupt_input"),
        (b"ffconcat version 1.0\nfile 'other.mp3'\n", "unsupported_input"),
        (film(folder / "silent.mp4", still(), 5).read_bytes(), "corrupt_input"),
        (wav(b""), "corrupt_input"),
    ]


class TestAudioContract(ProcessorContract):
    module = "processors.audio"


def process(path: Path, scratch: Path, params: Mapping[str, Any] | None = None) -> tuple[AudioResult, Finished]:
    scratch.mkdir(exist_ok=True)
    finished = run_alone(AudioProcessor(), path, params, scratch=scratch)
    assert isinstance(finished.result, AudioResult)
    return finished.result, finished


def test_a_sound_is_described(tmp_path: Path) -> None:
    result, _ = process(sound(tmp_path / "a.m4a"), tmp_path)
    assert result.video is None
    (stream,) = result.audio
    assert (stream.codec, stream.sample_rate, stream.channels) == ("aac", 48_000, 2)


def test_a_bare_upload_gets_a_cover_a_waveform_and_its_loudness(tmp_path: Path) -> None:
    result, finished = process(TUNE, tmp_path)
    assert [(output.name, output.media_type) for output in finished.outputs] == [
        ("cover.webp", "image/webp"),
        ("waveform.json", "application/json"),
    ]
    assert result.duration == pytest.approx(4.0, abs=0.01)
    with Image.open(tmp_path / "out" / "cover.webp") as image:
        assert image.size == (320, 320)
    assert result.waveform is not None
    assert result.waveform.points == len(json.loads((tmp_path / "out" / "waveform.json").read_text())["data"]) / 2
    assert result.loudness is not None
    assert result.loudness.integrated == pytest.approx(level(TUNE).integrated, abs=0.1)
    assert (result.silences, result.sound, result.errors, result.warnings) == (None, None, [], [])


def test_everything_can_be_asked_for_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", lambda n: 0.0 if 48_000 <= n < 96_000 else sine(440, -20)(n), seconds=3)
    params = {**EVERYTHING, "waveform": {"points": 60, "format": "dat"}, "audio": {"format": "opus", "loudness": -16}}
    result, finished = process(path, tmp_path, params)
    assert {output.name for output in finished.outputs} == {"waveform.dat", "sound.opus"}
    assert result.silences is not None
    assert [(one.start, one.end) for one in result.silences] == [pytest.approx((1, 2), abs=0.01)]
    assert level(tmp_path / "out" / "sound.opus").integrated == pytest.approx(-16, abs=0.3)
    assert len(samples(tmp_path / "out" / "sound.opus")) == 3 * RATE


def test_an_operation_is_done_where_its_settings_are_given(tmp_path: Path) -> None:
    result, finished = process(TUNE, tmp_path, {"operations": ["probe"], "audio": {}})
    assert [output.name for output in finished.outputs] == ["sound.m4a"]
    assert (result.waveform, result.loudness, result.cover) == (None, None, None)


def test_the_length_is_that_which_was_heard(tmp_path: Path) -> None:
    """The header says four times as much."""
    data = bytearray(write(tmp_path / "a.flac", sine(440, -10), seconds=1, codec="flac").read_bytes())
    data[22:26] = (4 * RATE).to_bytes(4, "big")
    path = tmp_path / "b.flac"
    path.write_bytes(data)
    assert process(path, tmp_path)[0].duration == 1.0


def test_the_sound_of_a_film_is_a_sound(tmp_path: Path) -> None:
    result, _ = process(CLIP, tmp_path, EVERYTHING)
    assert result.video is None
    assert result.cover is None
    assert result.sound is not None
    assert ffprobe(tmp_path / "out" / "sound.m4a")["format"]["nb_streams"] == 1


@pytest.mark.parametrize("operations", [["waveform"], ["audio"], ["probe"]])
def test_a_film_without_sound_is_rejected_whatever_is_asked(operations: list[str], tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still(), 5)
    with pytest.raises(Rejected, match="no sound"):
        process(path, tmp_path, {"operations": operations, "on_error": "partial"})


def too_long(folder: Path) -> Path:
    """By its header half a second, and really two."""
    data = bytearray(write(folder / "a.flac", sine(440, -10), seconds=2, codec="flac").read_bytes())
    data[22:26] = (RATE // 2).to_bytes(4, "big")
    path = folder / "b.flac"
    path.write_bytes(data)
    return path


def test_what_could_not_be_done_is_told_where_that_is_wanted(tmp_path: Path) -> None:
    params = {**EVERYTHING, "limits": {"max_seconds": 1}}
    with pytest.raises(Rejected) as rejected:
        process(too_long(tmp_path), tmp_path, params)
    assert rejected.value.code == "limit_exceeded"
    result, finished = process(too_long(tmp_path), tmp_path / "partial", {**params, "on_error": "partial"})
    assert finished.outputs == ()
    assert [(one.name, one.code) for one in result.errors] == [
        (name, "limit_exceeded") for name in ("waveform", "loudness", "silence", "audio")
    ]


def test_progress_is_weighted_over_all_that_is_asked_for_and_never_goes_back(tmp_path: Path) -> None:
    reports: list[Report] = []
    path = write(tmp_path / "a.wav", sine(440, -10), silence, seconds=3)
    run_alone(AudioProcessor(), path, EVERYTHING, scratch=tmp_path, on_report=reports.append)
    assert list(dict.fromkeys(report.stage for report in reports)) == ["probe", "listening", "audio"]
    told = [report.done for report in reports if report.total]
    assert all(before <= after for before, after in pairwise(told))


@pytest.mark.parametrize("params", [
    {"operations": []}, {"operations": ["poster"]}, {"waveform": {"points": 15}}, {"waveform": {"points": 20_001}},
    {"waveform": {"bits": 12}}, {"waveform": {"format": "png"}}, {"audio": {"format": "wav"}},
    {"audio": {"loudness": 0}}, {"audio": {"bit_rate": 1}}, {"silence": {"threshold_db": 0}},
    {"silence": {"min_seconds": 0}}, {"waveform": True}, {"limits": {"max_seconds": 10**9}}, {"anything": 1},
])  # fmt: skip
def test_params_out_of_range_are_refused(params: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AudioParams.model_validate(params)


# -- the same for films


def test_a_film_gives_its_sound_and_its_waveform(tmp_path: Path) -> None:
    params = {"operations": ["probe", "audio", "waveform"], "waveform": {"points": 100}, "audio": {"format": "mp3"}}
    finished = run_alone(VideoProcessor(), CLIP, params, scratch=tmp_path)
    result = finished.result
    assert isinstance(result, VideoResult)
    assert result.sound is not None
    assert result.waveform is not None
    assert {output.name for output in finished.outputs} == {"sound.mp3", "waveform.json"}
    assert result.sound.duration == pytest.approx(3.0, abs=0.05)
    assert ffprobe(tmp_path / "out" / "sound.mp3")["streams"][0]["codec_name"] == "mp3"
    assert 80 <= result.waveform.points <= 100


def test_a_silent_film_has_neither(tmp_path: Path) -> None:
    params = {"operations": ["probe", "audio", "waveform"], "on_error": "partial"}
    finished = run_alone(VideoProcessor(), film(tmp_path / "a.mp4", still(), 5), params, scratch=tmp_path)
    assert isinstance(finished.result, VideoResult)
    assert [(one.name, one.code) for one in finished.result.errors] == [
        ("audio", "corrupt_input"),
        ("waveform", "corrupt_input"),
    ]
    assert finished.outputs == ()
