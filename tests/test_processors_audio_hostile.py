"""Hostile sounds: each ends in a right result or a typed rejection, soon, and in little memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from processors.audio import AudioProcessor
from processors.audio.models import AudioResult
from processors.base import Rejected
from processors.work import run_alone
from tests.hostile import End, ends
from tests.hostile_sounds import HEARD, MB, REJECTED
from tests.tones import sine, write

ALL = {"silence": {}, "audio": {"loudness": -16}}


@pytest.mark.parametrize("name", REJECTED)
def test_what_cannot_be_heard_is_rejected_with_a_reason(name: str, tmp_path: Path) -> None:
    code, make_bytes = REJECTED[name]
    path = tmp_path / "sound"
    path.write_bytes(make_bytes())
    with pytest.raises(Rejected) as rejected:
        run_alone(AudioProcessor(), path, ALL, scratch=tmp_path)
    assert rejected.value.code == code
    assert rejected.value.detail.endswith(".")


@pytest.mark.parametrize("form", ["m4a", "opus", "mp3"])
@pytest.mark.parametrize("name", HEARD)
def test_what_can_be_heard_is_heard_to_its_end(name: str, form: str, tmp_path: Path) -> None:
    seconds, make_bytes = HEARD[name]
    path = tmp_path / "sound"
    path.write_bytes(make_bytes())
    params = {"silence": {}, "audio": {"format": form}}
    result = run_alone(AudioProcessor(), path, params, scratch=tmp_path).result
    assert isinstance(result, AudioResult)
    assert result.duration == pytest.approx(seconds, abs=0.001)
    assert result.sound is not None
    assert result.waveform is not None


def test_a_sound_cut_anywhere_is_heard_as_far_as_it_goes_or_rejected(tmp_path: Path) -> None:
    files = []
    for name, codec in (("a.mp3", "libmp3lame"), ("a.flac", "flac"), ("a.m4a", "aac"), ("a.ogg", "libopus")):
        data = write(tmp_path / name, sine(440, -10), seconds=1, codec=codec).read_bytes()
        for part in range(20):
            files.append(tmp_path / f"{part}-{name}")
            files[-1].write_bytes(data[: len(data) * part // 20])
    (tmp_path / "scratch").mkdir()
    found = ends("audio", files, tmp_path / "scratch")
    heard = {name: end.result["duration"] for name, end in found.items() if end.result}
    assert {end.code for end in found.values()} <= {"result", "corrupt_input", "unsupported_input"}
    assert heard["18-a.mp3"] > heard["9-a.mp3"] > 0.3
    assert heard["18-a.flac"] > 0.5
    assert all(0 < seconds <= 1.1 for seconds in heard.values())


@pytest.mark.corpus
def test_every_hostile_film_ends_in_a_result_or_a_rejection(corpus: Path, tmp_path: Path) -> None:
    paths = sorted((corpus / "video" / "hostile").iterdir())
    found = ends("audio", paths, tmp_path)
    assert {end.code for end in found.values()} <= {
        "result", "corrupt_input", "unsupported_input", "limit_exceeded",
    }  # fmt: skip
    assert max(end.cpu_seconds for end in found.values()) < 20
    assert heard(found["audioonly.mp4"]) > 1


def heard(end: End) -> float:
    assert end.result is not None
    seconds = end.result["duration"]
    assert isinstance(seconds, float)
    return seconds


MEASURED = """
import re, sys
from pathlib import Path
from processors.audio import processor
from processors.base import Rejected
from processors.work import run_alone
try:
    run_alone(processor, Path(sys.argv[1]), {"silence": {}, "audio": {"loudness": -16}}, scratch=Path(sys.argv[2]))
except Rejected:
    pass
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]))
"""


@pytest.mark.parametrize("name", ["65,535 channels", "8 channels", "768 kHz", "a picture of 40 MB", "1e30"])
def test_no_sound_takes_much_memory(name: str, tmp_path: Path) -> None:
    make_bytes = (REJECTED | HEARD)[name][1]  # type: ignore[operator]
    path = tmp_path / "sound"
    path.write_bytes(make_bytes())
    ran = subprocess.run([sys.executable, "-c", MEASURED, path, tmp_path], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 120 * MB


def test_the_limits_of_a_request_hold(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(440, -10), seconds=2)
    with pytest.raises(Rejected) as rejected:
        run_alone(AudioProcessor(), path, {"limits": {"max_seconds": 1}}, scratch=tmp_path)
    assert rejected.value.code == "limit_exceeded"
