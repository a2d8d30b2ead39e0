"""Loudness by EBU R 128, beside what Debian's ffmpeg measures, and the gain that is drawn from it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from processors.base import Cancelled, NoParams, Report
from processors.media.loudness import gain_db, measure
from processors.media.models import InputLimits, Loudness
from processors.media.opening import choose_audio
from processors.media.progress import Plan
from processors.media.source import Source
from processors.work import FileWork
from tests.sounds import Wave, heard, played, tone


def measured(
    path: Path, reports: list[Report] | None = None, *, cancelled: bool = False, layout: str | None = None
) -> Loudness:
    with path.open("rb") as file:
        work = FileWork(
            params=NoParams(),
            name=path.name,
            media_type="audio/x",
            size=path.stat().st_size,
            scratch=path.parent,
            descriptor=file.fileno(),
            on_report=(reports if reports is not None else []).append,
            cancelled=lambda: cancelled,
        )
        source = Source(work, InputLimits(), Plan(work, {"loudness": 1}, 60))
        with source.open() as container:
            return measure(source, choose_audio(container), layout=layout)


def test_a_tone_of_minus_23_dbfs_in_both_channels_has_minus_23_lufs(tmp_path: Path) -> None:
    """EBU Tech 3341, case 1: a stereo sine of 1 kHz; 997 Hz here, so that peaks fall between samples."""
    told = measured(played(tmp_path / "a.wav", tone(-22.8), seconds=5))  # 32,000 of 32,767 are 0.2 dB less
    assert told.integrated == pytest.approx(-23.0, abs=0.1)
    assert told.true_peak == pytest.approx(-23.0, abs=0.1)
    assert told.range == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(
    ("name", "codec", "layout", "rate", "waves"),
    [
        ("a.wav", "pcm_s16le", "mono", 44_100, [tone(-10)]),
        ("a.flac", "flac", "stereo", 48_000, [tone(-30), tone(-12, 300)]),
        ("a.m4a", "aac", "stereo", 32_000, [tone(-6)]),
        ("a.mka", "libopus", "stereo", 48_000, [lambda at: tone(-8 if at < 1 else -20)(at)]),
        ("a.wav", "pcm_s16le", "5.1", 48_000, [tone(-20), tone(-25, 500), tone(-30)]),
    ],
)
def test_it_is_what_another_ffmpeg_measures(
    name: str, codec: str, layout: str, rate: int, waves: Sequence[Wave], tmp_path: Path
) -> None:
    path = played(tmp_path / name, *waves, codec=codec, layout=layout, rate=rate)
    integrated, _, peak = heard(path)
    told = measured(path)
    assert told.integrated == pytest.approx(integrated, abs=0.15)
    assert told.true_peak == pytest.approx(peak, abs=0.3)


def test_it_can_be_heard_as_what_it_will_become(tmp_path: Path) -> None:
    """Two equal channels made one: 3 dB less, as the sum of energies has it."""
    path = played(tmp_path / "a.wav", tone(-20))
    stereo, mono = measured(path), measured(path, layout="mono")
    assert stereo.integrated is not None
    assert mono.integrated == pytest.approx(stereo.integrated - 3.0, abs=0.1)


def test_silence_has_no_loudness_and_no_peak(tmp_path: Path) -> None:
    told = measured(played(tmp_path / "a.wav", lambda _: 0.0))
    assert told == Loudness(integrated=None, range=None, true_peak=None)


def test_a_sound_shorter_than_the_meter_looks_has_none(tmp_path: Path) -> None:
    assert measured(played(tmp_path / "a.wav", tone(-20), seconds=0.05)).integrated is None


def test_it_says_how_far_it_is_and_hears_a_cancel(tmp_path: Path) -> None:
    path = played(tmp_path / "a.wav", tone(-20))
    reports: list[Report] = []
    measured(path, reports)
    assert (reports[0].unit, reports[0].message) == ("%", "measuring loudness")
    with pytest.raises(Cancelled):
        measured(path, cancelled=True)


@pytest.mark.parametrize(
    ("integrated", "peak", "target", "gain"),
    [
        (-30.0, -20.0, -23, 7.0),  # made louder
        (-10.0, 0.5, -23, -13.0),  # made softer, also from above the ceiling
        (-30.0, -4.0, -16, 3.0),  # as much as the peaks allow
        (-20.0, 0.3, -16, 0.0),  # above the ceiling already
        (None, None, -23, 0.0),  # silence
        (-23.0, None, -16, 7.0),
    ],
)
def test_the_gain_reaches_the_target_or_the_ceiling(
    integrated: float | None, peak: float | None, target: float, gain: float
) -> None:
    assert gain_db(Loudness(integrated=integrated, range=0.0, true_peak=peak), target) == pytest.approx(gain)
