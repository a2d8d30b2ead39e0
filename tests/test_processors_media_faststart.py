"""The index of an MP4 brought to its beginning: the same packets, in the same places of time."""

import struct
from collections.abc import Mapping
from pathlib import Path

import av
import pytest

from processors.base import Cancelled
from processors.media import faststart
from processors.media.faststart import NotMovable, bring_index_first
from tests.films import film, noise


def kinds(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return [kind for kind, _, _ in faststart._boxes(file, path.stat().st_size)]


def packets(path: Path) -> list[tuple[int | None, int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(packet.pts, packet.dts, bytes(packet)) for packet in container.demux() if packet.size]


def made(folder: Path, options: Mapping[str, str] | None = None) -> Path:
    return film(folder / "a.mp4", noise, 60, container_options=options)


def ignore(_part: float) -> None:
    """Nobody watches."""


def test_the_index_comes_first_and_every_packet_is_where_it_was(tmp_path: Path) -> None:
    path = made(tmp_path)
    before, size = packets(path), path.stat().st_size
    assert kinds(path).index(b"moov") > kinds(path).index(b"mdat")
    bring_index_first(path, ignore)
    assert kinds(path).index(b"moov") < kinds(path).index(b"mdat")
    assert packets(path) == before
    assert path.stat().st_size == size
    assert [one.name for one in tmp_path.iterdir()] == ["a.mp4"]


def test_offsets_of_64_bits_are_moved_too(tmp_path: Path) -> None:
    index = bytearray(struct.pack(">I4sIIQQ", 32, b"co64", 0, 2, 2**33, 7))
    faststart._shift(index, 0, len(index), 100)
    assert struct.unpack_from(">QQ", index, 16) == (2**33 + 100, 107)


def test_offsets_that_would_not_fit_any_more_are_left(tmp_path: Path) -> None:
    index = bytearray(struct.pack(">I4sIII", 20, b"stco", 0, 1, 2**32 - 50))
    with pytest.raises(NotMovable):
        faststart._shift(index, 0, len(index), 100)


def test_the_part_that_is_done_is_told_in_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faststart, "STEP", 1000)
    told: list[float] = []
    bring_index_first(made(tmp_path), told.append)
    assert len(told) > 5
    assert told == sorted(told)
    assert all(0 <= part < 1 for part in told)


def test_who_cancels_finds_the_file_as_it_was(tmp_path: Path) -> None:
    def cancel(_part: float) -> None:
        raise Cancelled

    path = made(tmp_path)
    before = path.read_bytes()
    with pytest.raises(Cancelled):
        bring_index_first(path, cancel)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("options", [{"movflags": "+faststart"}, {"movflags": "+frag_keyframe+empty_moov"}])
def test_a_file_that_has_its_index_elsewhere_is_left(options: Mapping[str, str], tmp_path: Path) -> None:
    path = made(tmp_path, options)
    before = path.read_bytes()
    with pytest.raises(NotMovable):
        bring_index_first(path, ignore)
    assert path.read_bytes() == before


@pytest.mark.parametrize("data", [b"", b"not a film", struct.pack(">I4s", 4000, b"ftyp"), bytes(100)])
def test_what_is_no_mp4_is_left(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data)
    with pytest.raises(NotMovable):
        bring_index_first(path, ignore)
    assert path.read_bytes() == data
