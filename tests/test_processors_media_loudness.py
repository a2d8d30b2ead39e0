"""Loudness: the levels that the standard names, and those that FFmpeg's own program tells."""

from dataclasses import astuple
from pathlib import Path

import pytest

from processors.media.loudness import gain_db, measure
from processors.media.models import Loudness
from processors.media.opening import choose_audio
from tests.readers import level
from tests.tones import RATE, Opened, silence, sine, write


def loudness(path: Path, tmp_path: Path, layout: str | None = None) -> Loudness:
    with Opened(path, tmp_path, "loudness") as source, source.open() as container:
        return measure(source, choose_audio(container), layout=layout)


def faded(n: int, count: int) -> float:
    """A tenth of a second at both ends: a sudden one rings."""
    return min(1.0, n / 4800, (count - n) / 4800)


@pytest.mark.parametrize("dbfs", [-23.0, -33.0, -3.0, -60.0])
def test_a_stereo_tone_is_as_loud_as_the_standard_says(dbfs: float, tmp_path: Path) -> None:
    """EBU Tech 3341, case 1 and 2: 1 kHz in both channels at -23 dBFS has -23 LUFS."""
    path = write(tmp_path / "a.wav", sine(1000, dbfs), sine(1000, dbfs), seconds=4, codec="pcm_f32le")
    told = loudness(path, tmp_path)
    assert told.integrated == pytest.approx(dbfs, abs=0.1)
    assert told.range == pytest.approx(0, abs=0.1)
    assert told.true_peak == pytest.approx(dbfs, abs=0.1)


def test_the_quiet_parts_are_gated(tmp_path: Path) -> None:
    """EBU Tech 3341, case 3: what is more than 10 LU below the rest doesn't count."""

    def tone(n: int) -> float:
        return sine(1000, -23 if 32_000 <= n < 288_000 else -36, 16_000)(n)

    told = loudness(write(tmp_path / "a.wav", tone, tone, seconds=20, rate=16_000), tmp_path)
    assert told.integrated == pytest.approx(-23.0, abs=0.15)


def test_a_peak_between_the_samples_is_found(tmp_path: Path) -> None:
    """A quarter of the sample rate, an eighth of a turn late: each sample has 0.707 of the height (BS.1770 annex 2)."""

    def tone(n: int) -> float:
        return faded(n, RATE) * 0.5 * (1 if n % 4 in (0, 1) else -1)

    told = loudness(write(tmp_path / "a.wav", tone, codec="pcm_f32le"), tmp_path)
    assert told.true_peak == pytest.approx(-3.01, abs=0.1)


def test_a_peak_at_the_very_end_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", lambda n: 0.5 if n > 50_300 else 0.001, seconds=1.05, codec="pcm_f32le")
    told = loudness(path, tmp_path)
    assert told.true_peak is not None
    assert told.true_peak > -7


@pytest.mark.parametrize("seconds", [1.0, 0.01])
def test_digital_silence_has_no_loudness(seconds: float, tmp_path: Path) -> None:
    told = loudness(write(tmp_path / "a.wav", silence, silence, seconds=seconds), tmp_path)
    assert (told.integrated, told.range, told.true_peak) == (None, None, None)


def test_below_the_gate_there_is_a_peak_and_no_loudness(tmp_path: Path) -> None:
    told = loudness(write(tmp_path / "a.wav", sine(1000, -80), codec="pcm_f32le"), tmp_path)
    assert (told.integrated, told.range) == (None, None)
    assert told.true_peak == pytest.approx(-80, abs=0.1)


@pytest.mark.parametrize(("name", "codec"), [("a.wav", "pcm_s16le"), ("a.m4a", "aac"), ("a.mp3", "libmp3lame")])
def test_it_agrees_with_ffmpeg(name: str, codec: str, tmp_path: Path) -> None:
    def swelling(n: int) -> float:
        return faded(n, 4 * RATE) * sine(440, -40 + n / 8000)(n)

    path = write(tmp_path / name, swelling, lambda n: faded(n, 4 * RATE) * sine(997, -20)(n), seconds=4, codec=codec)
    told = loudness(path, tmp_path)
    other = level(path)
    assert told.integrated == pytest.approx(other.integrated, abs=0.1)
    assert told.range == pytest.approx(other.range, abs=0.1)
    assert told.true_peak == pytest.approx(other.true_peak, abs=0.1)


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["outfoxing.mp3", "bbb480.mp4", "small_video.mp4"])
def test_it_agrees_with_ffmpeg_on_real_sounds(name: str, corpus: Path, tmp_path: Path) -> None:
    path = corpus / "video" / "clips" / name
    told = loudness(path, tmp_path)
    assert (told.integrated, told.range, told.true_peak) == pytest.approx(astuple(level(path)), abs=0.1)


def test_a_mix_is_measured_as_it_will_be_heard(tmp_path: Path) -> None:
    """One of two channels, mixed into one of half the height."""
    path = write(tmp_path / "a.wav", sine(1000, -20), silence, seconds=2)
    assert loudness(path, tmp_path).integrated == pytest.approx(-23, abs=0.1)
    assert loudness(path, tmp_path, "mono").integrated == pytest.approx(-29, abs=0.1)


@pytest.mark.parametrize(
    ("integrated", "true_peak", "target", "gain"),
    [
        (-23.0, -10.0, -16.0, 7.0),
        (-23.0, -4.0, -16.0, 3.0),
        (-9.0, 0.5, -16.0, -7.0),
        (-20.0, 0.5, -16.0, 0.0),
        (None, None, -16.0, 0.0),
        (-23.0, None, -16.0, 7.0),
    ],
)
def test_the_gain_stops_where_the_peaks_would_be_clipped(
    integrated: float | None, true_peak: float | None, target: float, gain: float
) -> None:
    told = Loudness(integrated=integrated, range=None, true_peak=true_peak)
    assert gain_db(told, target) == pytest.approx(gain)
