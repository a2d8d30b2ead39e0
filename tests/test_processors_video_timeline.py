"""What a container tells of its keyframes, and when it has to be read through for that."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from processors.media.models import InputLimits
from processors.media.opening import choose_video, open_media
from processors.video.timeline import Timeline, middles
from tests.films import RATE, counted, film, retimed

FRAMES = 100
GOP = {"g": "20", "keyint_min": "20", "sc_threshold": "0"}


@contextmanager
def timeline(path: Path) -> Iterator[tuple[Timeline, int]]:
    """And how many packets were read for it."""
    ticks: list[int] = []
    with path.open("rb") as file, open_media(file, InputLimits()) as container:
        stream = choose_video(container, InputLimits())
        assert stream is not None
        yield Timeline(container, stream, lambda: ticks.append(1)), len(ticks)


@pytest.mark.parametrize("bframes", ["0", "3"])
@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_an_index_is_used_without_reading_a_packet(name: str, bframes: str, tmp_path: Path) -> None:
    """Also where it has the times of decoding, which are earlier than those of showing."""
    path = film(tmp_path / name, counted, FRAMES, options={**GOP, "bf": bframes})
    with timeline(path) as (found, read):
        assert (read, found.is_indexed, found.was_read) == (0, True, False)
        assert float(found.length * found.unit) == pytest.approx(FRAMES / RATE, abs=0.05)

        def frame(place: int | None) -> int:
            assert place is not None
            return round(found.seconds(place) * RATE)

        if name != "a.mkv":  # whose cues come with the first seek
            assert [frame(found.nearest(found.ticks(n / RATE))) for n in (0, 9, 11, 49, 51, 99)] == [
                0,
                0,
                20,
                40,
                60,
                80,
            ]
            assert [frame(found.before(found.ticks(n / RATE))) for n in (0, 19, 20, 59, 99)] == [0, 0, 20, 40, 80]


def test_what_has_neither_index_nor_length_is_read_through_once(tmp_path: Path) -> None:
    path = film(tmp_path / "a.webm", counted, FRAMES, "libvpx", container_options={"live": "1"})
    with timeline(path) as (found, read):
        assert read >= FRAMES
        assert (found.is_indexed, found.was_read) == (True, True)
        assert float(found.length * found.unit) == pytest.approx(FRAMES / RATE, abs=0.1)


@pytest.mark.parametrize("name", ["a.ts", "a.mpg"])
def test_a_stream_that_is_sought_by_time_is_not_read(name: str, tmp_path: Path) -> None:
    path = film(tmp_path / name, counted, FRAMES, "mpeg2video")
    with timeline(path) as (found, read):
        assert (read, found.is_indexed, found.was_read) == (0, False, False)


def test_seconds_count_from_the_beginning_and_are_never_negative(tmp_path: Path) -> None:
    """Transport streams begin anywhere."""
    early = film(tmp_path / "a.mkv", counted, 10, options={"bf": "0"})
    path = retimed(early, tmp_path / "a.ts", lambda time: time + 1_000_000)  # in milliseconds
    with timeline(path) as (found, _):
        assert found.start * found.unit > 999
        assert found.seconds(found.start) == 0
        assert found.seconds(0) == 0
        assert found.seconds(found.ticks(0.2)) == pytest.approx(0.2, abs=0.001)


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_middles_ascend_and_lie_within(count: int, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", counted, FRAMES)
    with timeline(path) as (found, _):
        moments = middles(found, count)
        assert len(set(moments)) == count
        assert moments == sorted(moments)
        assert found.start < moments[0]
        assert moments[-1] < found.start + found.length
        assert moments[0] - found.start == pytest.approx(found.length / count / 2, abs=1)
