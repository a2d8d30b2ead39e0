"""The audio kind: what a sound is, and what is made of it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from processors.audio import AudioProcessor
from processors.audio.models import AudioResult
from processors.base import AnyProcessor, RejectionCode
from processors.registry import load
from processors.work import run_alone
from tests.contracts.processor import ProcessorContract
from tests.films import film, sound, still


@pytest.fixture(scope="module")
def processor() -> AnyProcessor:
    return load(["audio"])["audio"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    folder = tmp_path_factory.mktemp("sounds")
    return [sound(folder / "a.m4a")]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Sequence[tuple[bytes, RejectionCode]]:
    folder = tmp_path_factory.mktemp("bad")
    return [
        (b"", "corrupt_input"),
        (b"ffconcat version 1.0\nfile 'other.mp3'\n", "unsupported_input"),
        (film(folder / "silent.mp4", still(), 5).read_bytes(), "corrupt_input"),
    ]


class TestAudioContract(ProcessorContract):
    module = "processors.audio"


def test_a_sound_is_described(tmp_path: Path) -> None:
    finished = run_alone(AudioProcessor(), sound(tmp_path / "a.m4a"), scratch=tmp_path)
    assert isinstance(finished.result, AudioResult)
    assert finished.result.video is None
    (stream,) = finished.result.audio
    assert (stream.codec, stream.sample_rate, stream.channels) == ("aac", 48_000, 2)
