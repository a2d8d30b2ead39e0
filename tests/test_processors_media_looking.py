"""The first frame of a stream, with as few packets as possible."""

from pathlib import Path

import av
import pytest

from processors.media.looking import Look, look
from tests.films import black, film, noise, sound


def looked(path: Path) -> tuple[Look, int]:
    """What was seen, and after how many packets."""
    alive: list[None] = []
    with path.open("rb") as file, av.open(file, "r") as container:
        streams = container.streams.video or container.streams.audio
        return look(container, streams[0], lambda: alive.append(None)), len(alive)


def destroy(path: Path, first: int, last: int) -> Path:
    """Overwrites the packets of an MP4 from one to another."""
    with path.open("rb") as file, av.open(file, "r") as container:
        index = container.streams[0].index_entries
        places = [(index[number].pos, index[number].size) for number in range(first, min(last, len(index)))]
    data = bytearray(path.read_bytes())
    for start, size in places:
        data[start : start + size] = b"\xff" * size
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mkv", "libx265"), ("a.mp4", "mpeg4"), ("a.webm", "libvpx-vp9"), ("a.mp4", "libsvtav1")],
)
def test_one_packet_is_enough_though_frames_are_reordered(name: str, codec: str, tmp_path: Path) -> None:
    options = {"bf": "8"} if codec == "libx264" else {"x265-params": "log-level=none"} if codec == "libx265" else {}
    path = film(tmp_path / name, black, 40, codec, options=options)
    seen, packets = looked(path)
    assert (seen.frame is not None, seen.is_damaged, packets) == (True, False, 1)


def test_a_sound_is_looked_at_likewise(tmp_path: Path) -> None:
    seen, packets = looked(sound(tmp_path / "a.m4a"))
    assert isinstance(seen.frame, av.AudioFrame)
    assert packets <= 2


def test_a_damaged_beginning_is_passed_over_and_said(tmp_path: Path) -> None:
    seen, packets = looked(destroy(film(tmp_path / "a.mp4", noise, 40, options={"g": "10", "bf": "0"}), 0, 10))
    assert seen.frame is not None
    assert (seen.is_damaged, packets) == (True, 11)


def test_where_nothing_can_be_decoded_there_is_no_frame(tmp_path: Path) -> None:
    seen, packets = looked(destroy(film(tmp_path / "a.mp4", noise, 40), 0, 40))
    assert (seen.frame, seen.is_damaged) == (None, True)
    assert packets <= 42


def test_it_gives_up_after_so_many_packets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("processors.media.looking.PACKETS", 7)
    _, packets = looked(destroy(film(tmp_path / "a.mp4", noise, 40), 0, 40))
    assert packets == 8
