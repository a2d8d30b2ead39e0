"""Silences: where a plain look at the samples finds none above the threshold."""

from pathlib import Path
from typing import Any

import pytest

from processors.media.models import Interval, Silence
from processors.media.opening import choose_audio
from processors.media.silence import MOST, Silences
from processors.media.sound import listen
from tests.tones import Opened, Wave, silence, sine, write


def find(path: Path, scratch: Path, **settings: Any) -> list[tuple[float, float]]:
    listener = Silences(Silence(**settings))
    with Opened(path, scratch, "silence") as source, source.open() as container:
        heard = listen(source, choose_audio(container), [listener], "silence")
    return [(one.start, one.end) for one in listener.intervals(heard.seconds)]


def with_gaps(*gaps: tuple[float, float], quiet: Wave = silence) -> Wave:
    tone = sine(440, -10)
    return lambda n: quiet(n) if any(start <= n / 48_000 < end for start, end in gaps) else tone(n)


@pytest.mark.parametrize(
    "gaps",
    [
        [(1.0, 2.0)],
        [(0.0, 0.8), (1.5, 2.25)],
        [(0.3, 0.9), (1.0, 1.7), (2.4, 3.0)],
        [(0.0, 3.0)],
        [],
    ],
)
def test_every_silence_is_found_also_at_both_ends(gaps: list[tuple[float, float]], tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", with_gaps(*gaps), seconds=3)
    found = find(path, tmp_path)
    assert len(found) == len(gaps)
    for one, gap in zip(found, gaps, strict=True):
        assert one == pytest.approx(gap, abs=0.002)


def test_short_ones_are_not_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", with_gaps((0.5, 0.9), (1.2, 1.25)), seconds=2)
    assert find(path, tmp_path / "default") == []
    assert len(find(path, tmp_path / "shorter", min_seconds=0.3)) == 1
    assert len(find(path, tmp_path / "short", min_seconds=0.05)) == 2


def test_many_short_ones_in_one_block_are_all_told(tmp_path: Path) -> None:
    """The blocks of this FLAC file, of 96 ms, are longer than a silence."""
    gaps = [(start / 10, start / 10 + 0.06) for start in range(20)]
    path = write(tmp_path / "a.flac", with_gaps(*gaps), seconds=2.05, codec="flac")
    assert find(path, tmp_path, min_seconds=0.05) == [pytest.approx(gap, abs=0.003) for gap in gaps]


def test_the_threshold_counts(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", with_gaps((1, 2), quiet=sine(440, -45)), seconds=3)
    assert find(path, tmp_path / "default") == []
    assert find(path, tmp_path / "higher", threshold_db=-40) == [pytest.approx((1, 2), abs=0.003)]


def test_it_is_silent_where_all_channels_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", with_gaps((0.5, 2.0)), with_gaps((1.0, 2.5)), seconds=3)
    assert find(path, tmp_path) == [pytest.approx((1.0, 2.0), abs=0.003)]


def test_no_more_are_kept_than_a_person_could_read() -> None:
    listener = Silences(Silence())
    for number in range(MOST + 1):
        listener._since = number
        listener._end(number + 0.5)
    assert listener.intervals(MOST + 2)[-1] == Interval(start=MOST - 1, end=MOST - 0.5)
    assert listener.overflowed
