"""Files as they are written: the index in front, room for it, the same bytes again."""

from fractions import Fraction
from pathlib import Path

import av
import pytest

from processors.media import writing
from processors.media.writing import Kind, NoRoom, create, room, room_enough
from tests.films import RATE, noise, shades
from tests.isobmff_boxes import index_comes_first, outer_boxes


def write(path: Path, kind: Kind, space: int | None = None, frames: int = 40, gop: int = 10) -> Path:
    picture = shades if gop > frames else noise  # which x264 cuts by itself
    with create(path, kind, room=space) as target:
        stream = target.add_stream("libvpx" if kind == "webm" else "libx264", rate=RATE, options={"g": str(gop)})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.thread_count = 192, 128, "yuv420p", 1
        for number in range(frames):
            frame = av.VideoFrame.from_image(picture(number))  # type: ignore[no-untyped-call] # PyAV leaves it untyped
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return path


def frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.parametrize("space", [room(40 * 25, 1.6, 1), room_enough(40, 1)])
def test_with_room_the_index_comes_first_and_the_rest_of_the_room_is_free(space: int, tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", "mp4", space)
    boxes = outer_boxes(path)
    assert [type_ for type_, _ in boxes] == ["ftyp", "moov", "free", "free", "mdat"]
    assert boxes[1][1] + boxes[2][1] == space
    assert frames(path) == 40


def test_without_room_the_index_comes_last(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", "mp4")
    assert not index_comes_first(path)
    assert frames(path) == 40


def test_too_little_room_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoRoom):
        write(tmp_path / "a.mp4", "mp4", 300)


@pytest.mark.parametrize("kind", ["mp4", "fmp4", "webm"])
def test_the_same_packets_are_the_same_bytes(kind: Kind, tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, kind, 50_000).read_bytes() for name in ("a", "b"))
    assert first == second
    assert b"Lavf6" not in first  # nor a version, which changes


def test_a_fragmented_file_has_its_index_first_and_a_fragment_for_each_keyframe(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", "fmp4")
    types = [type_ for type_, _ in outer_boxes(path)]
    assert types[:2] == ["ftyp", "moov"]
    with av.open(str(path)) as container:
        assert types.count("moof") == sum(packet.is_keyframe for packet in container.demux(video=0)) >= 4
    assert frames(path) == 40


def test_a_fragment_ends_though_no_keyframe_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a film with a single keyframe would be kept in memory."""
    monkeypatch.setattr(writing, "FRAGMENT", 1_000_000)
    path = write(tmp_path / "a.mp4", "fmp4", frames=round(2.5 * RATE), gop=10_000)
    assert [type_ for type_, _ in outer_boxes(path)].count("moof") == 3


def test_what_goes_wrong_inside_counts_and_not_what_comes_of_it(tmp_path: Path) -> None:
    def fail() -> None:
        with create(tmp_path / "a.mp4", "mp4", room=10) as target:
            target.add_stream("libx264", rate=RATE)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail()
