"""Time stamps are mended, and right ones are let alone."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from processors.media.timing import Clock
from tests.ffprobes import ffmpeg
from tests.test_processors_media_probe import TINY, TONE

Stamps = tuple[int | None, int | None]


def mended(path: Path, type_: str, spoil: Callable[[Any], None] | None = None) -> tuple[list[Stamps], list[Stamps]]:
    """Decoding and showing times of a stream's packets: as read (and spoilt), and as mended."""
    read: list[Stamps] = []
    made: list[Stamps] = []
    with path.open("rb") as file, av.open(file, "r") as container:
        stream = container.streams.video[0] if type_ == "video" else container.streams.audio[0]
        clock = Clock(container, stream)
        for packet in container.demux(stream):
            if packet.size:
                if spoil:
                    spoil(packet)
                read.append((packet.dts, packet.pts))
                clock.mend(packet)
                made.append((packet.dts, packet.pts))
    return read, made


def grows(stamps: Sequence[Stamps]) -> bool:
    times = [dts for dts, _ in stamps if dts is not None]
    return len(times) == len(stamps) and all(before < after for before, after in pairwise(times))


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    coding = ("-c:v", "libx264", "-bf", "3", "-pix_fmt", "yuv420p", "-c:a", "aac")
    ffmpeg(*TINY, *TONE, *coding, folder / "a.mp4")
    for name in ("a.mkv", "a.ts"):
        ffmpeg("-i", folder / "a.mp4", "-c", "copy", folder / name)
    return folder


@pytest.mark.parametrize("type_", ["video", "audio"])
def test_right_stamps_are_let_alone(type_: str, films: Path) -> None:
    read, made = mended(films / "a.mp4", type_)
    assert made == read


def test_a_film_that_begins_late_begins_at_zero(films: Path) -> None:
    """A transport stream begins at 1.4 seconds; what was apart stays so."""
    read, made = mended(films / "a.ts", "video")
    offsets = {(was[1] or 0) - (is_[1] or 0) for was, is_ in zip(read, made, strict=True)}
    assert len(offsets) == 1
    assert abs(min(pts or 0 for _, pts in made)) < 9000


def test_missing_decoding_times_are_before_the_first_showing(films: Path) -> None:
    """Matroska stores none; FFmpeg can't tell those of the first frames, where frames are reordered."""
    read, made = mended(films / "a.mkv", "video")
    assert read[0][0] is None
    assert grows(made)
    assert all(dts is not None and pts is not None and dts <= pts for dts, pts in made)
    assert [pts for _, pts in made] == [pts for _, pts in read]


def test_milliseconds_of_sound_become_samples_without_gaps(films: Path) -> None:
    _, made = mended(films / "a.mkv", "audio")
    steps = {(after[0] or 0) - (before[0] or 0) for before, after in pairwise(made)}
    assert steps == {1024}


def test_a_real_gap_in_the_sound_stays(films: Path) -> None:
    count = iter(range(1000))

    def later(packet: Any) -> None:
        if next(count) >= 20:
            packet.pts, packet.dts = packet.pts + 500, packet.dts + 500

    _, made = mended(films / "a.mkv", "audio", later)
    steps = [(after[0] or 0) - (before[0] or 0) for before, after in pairwise(made)]
    assert sorted(steps)[-1] == pytest.approx(1024 + 24_000, abs=100)
    assert sorted(steps)[-2] == 1024


def never_growing(packet: Any) -> None:
    packet.dts = 7


def nowhere(packet: Any) -> None:
    packet.dts = packet.pts = None


def shown_before_decoded(packet: Any) -> None:
    packet.pts = packet.dts - 100


@pytest.mark.parametrize("spoil", [never_growing, nowhere, shown_before_decoded])
@pytest.mark.parametrize(("name", "type_"), [("a.mp4", "video"), ("a.mp4", "audio"), ("a.mkv", "audio")])
def test_whatever_is_wrong_a_muxer_takes_it(name: str, type_: str, spoil: Callable[[Any], None], films: Path) -> None:
    _, made = mended(films / name, type_, spoil)
    assert grows(made)
    assert all(dts is not None and pts is not None and dts <= pts for dts, pts in made)
