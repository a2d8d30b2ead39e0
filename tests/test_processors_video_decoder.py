"""What a decoder leaves out, and what it must not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import cast

import pytest
from av.packet import Packet
from av.video.stream import VideoStream

from processors.media.models import InputLimits
from processors.media.opening import choose_video, open_media
from processors.video.decoder import REORDERED, Decoder, planned
from tests.films import RATE, counted, film, number_of


def packets(times: Sequence[int | None]) -> "Iterator[Packet[VideoStream]]":
    for time in times:
        packet = cast("Packet[VideoStream]", Packet(b"x"))
        packet.pts, packet.time_base = time, Fraction(1, RATE)
        yield packet


def wanted(times: Sequence[int | None], targets: Sequence[int]) -> list[int | None]:
    return [packet.pts for packet, is_wanted in planned(packets(times), targets) if packet is not None and is_wanted]


UNIT = 512  # of an MP4: 1/25 s in its time base
IN_ORDER = list(range(100))
PYRAMID = [0, *(time for group in range(1, 98, 4) for time in (group + 3, group + 1, group, group + 2))]


@pytest.mark.parametrize("times", [IN_ORDER, PYRAMID])
@pytest.mark.parametrize("targets", [[0], [1], [50], [96], [3, 50, 51, 90], list(range(0, 97, 7))])
def test_the_frames_that_are_shown_at_the_targets_are_wanted_and_no_others(
    times: Sequence[int], targets: Sequence[int]
) -> None:
    assert sorted(time for time in wanted(times, targets) if time is not None) == list(targets)


def test_a_target_between_frames_is_met_by_the_next_one() -> None:
    assert wanted([0, 40, 20, 10, 30], [11]) == [20]
    assert wanted([0, 40, 20, 10, 30], [1, 2, 3]) == [10]


def test_nothing_is_read_after_the_last_target_but_to_look_ahead() -> None:
    source = iter(list(packets(range(1000))))
    taken = [packet for packet, _ in planned(source, [10])]
    assert len(taken) == 12  # 0 to 10, and None to drain
    assert taken[-1] is None
    assert len(list(source)) >= 1000 - 12 - REORDERED


def test_without_time_stamps_everything_is_wanted() -> None:
    assert wanted([None] * 5, [1]) == [None] * 5


@contextmanager
def decoder(path: Path) -> Iterator[tuple[Decoder, list[int]]]:
    """And how many packets it has read, as a running count."""
    ticks: list[int] = []
    with path.open("rb") as file, open_media(file, InputLimits()) as container:
        stream = choose_video(container, InputLimits())
        assert stream is not None
        yield Decoder(container, stream, lambda: ticks.append(1)), ticks


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4"])
def test_every_frame_can_be_asked_for(codec: str, tmp_path: Path) -> None:
    """Also those that others need, and those that none needs."""
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {"bf": "3" if codec == "libx264" else "2"}
    path = film(tmp_path / "a.mp4", counted, 40, codec, options={"g": "100", **options})
    with decoder(path) as (reader, _):
        for targets in ([7], [8, 9, 10], [0, 39], list(range(40))):
            found = list(reader.frames(None, [target * UNIT for target in targets]))
            assert [number_of(frame.to_image()) for frame, _ in found] == targets  # type: ignore[no-untyped-call]
            assert [count for _, count in found] == [1] * len(targets)


def test_the_last_frame_stands_for_what_is_past_the_end(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", counted, 10)
    with decoder(path) as (reader, _):
        found = list(reader.frames(None, [0, 1 << 40, 1 << 41]))
    assert [(number_of(frame.to_image()), count) for frame, count in found] == [(0, 1), (9, 2)]  # type: ignore[no-untyped-call]


def test_a_keyframe_costs_the_packets_up_to_it(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", counted, 100, options={"g": "25", "sc_threshold": "0", "keyint_min": "25"})
    with decoder(path) as (reader, ticks):
        frame = reader.keyframe(None)
        assert frame is not None
        assert (number_of(frame.to_image()), len(ticks)) == (0, 1)  # type: ignore[no-untyped-call]
        for target in (50, 75, 25):
            frame = reader.keyframe(target * UNIT)
            assert frame is not None
            assert number_of(frame.to_image()) == target  # type: ignore[no-untyped-call]
    assert list(accumulate(ticks))[-1] <= 8


def test_a_damaged_keyframe_is_replaced_by_the_next_frame_that_can_be_decoded(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", counted, 60, "mpeg4", options={"g": "10", "bf": "0"})
    data = bytearray(path.read_bytes())
    first = data.index(b"00dc", data.index(b"movi")) + 8
    data[first : first + 60] = bytes(60)
    path.write_bytes(data)
    with decoder(path) as (reader, _):
        frame = reader.keyframe(None)
        assert frame is not None
        assert reader.damaged + frame.is_corrupt > 0 or number_of(frame.to_image()) > 0  # type: ignore[no-untyped-call]
