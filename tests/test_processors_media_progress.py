"""Progress of a job of several stages: weighted, never back, honest."""

import struct
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path

import av
import pytest

from processors.base import NoParams, Rejected, Report
from processors.media.progress import ALMOST, APART, Meter, Plan
from processors.work import FileWork
from tests.films import noise


class Watch:
    """A work whose reports are kept, and a clock that is turned by hand: each look is a second later."""

    def __init__(self, path: Path) -> None:
        self.reports: list[Report] = []
        self.now = 0.0
        self.work = FileWork(
            params=NoParams(),
            name="x",
            media_type="video/mp4",
            size=0,
            scratch=path,
            descriptor=0,
            on_report=self.reports.append,
            clock=self.clock,
        )

    def clock(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_stages_count_by_their_weight(watch: Watch) -> None:
    plan = Plan(watch.work, {"a": 1, "b": 3}, timeout=1000, clock=watch.clock)
    for stage, fraction in (("a", 0.5), ("b", 0.0), ("b", 0.5), ("b", 1.0)):
        plan.report(stage, fraction)
    assert [report.done for report in watch.reports] == [12.5, 25, 62.5, 100]
    assert {(report.total, report.unit) for report in watch.reports} == {(100, "%")}


def test_a_fraction_never_goes_back_nor_past_its_stage(watch: Watch) -> None:
    plan = Plan(watch.work, {"a": 1, "b": 1}, timeout=1000, clock=watch.clock)
    for fraction in (0.5, 0.2, 7.0, -1.0):
        plan.report("a", fraction)
    assert [report.done for report in watch.reports] == [25, 25, 50, 50]


def test_without_a_denominator_there_is_no_total(watch: Watch) -> None:
    plan = Plan(watch.work, {"a": 1}, timeout=1000, clock=watch.clock)
    plan.report("a", None, "12 s")
    assert [(report.total, report.message) for report in watch.reports] == [(None, "12 s")]


def test_work_that_takes_too_long_is_rejected_and_says_where(watch: Watch) -> None:
    plan = Plan(watch.work, {"a": 1}, timeout=2, clock=watch.clock)
    plan.report("a", 0)
    with pytest.raises(Rejected, match=r"2 seconds; it was a") as rejected:
        plan.report("a", 0.5)
    assert rejected.value.code == "limit_exceeded"


def test_who_lives_says_the_same_again_and_hears_the_clock(watch: Watch) -> None:
    plan = Plan(watch.work, {"a": 1}, timeout=9, clock=watch.clock)
    plan.alive()
    assert watch.reports == []
    plan.report("a", 0.5, "half")
    plan.alive()
    assert watch.reports[0] == watch.reports[1]
    watch.now += 9
    with pytest.raises(Rejected, match=r"9 seconds; it was a"):
        plan.alive()


def test_a_stage_that_nobody_planned_is_a_mistake(watch: Watch) -> None:
    with pytest.raises(KeyError):
        Plan(watch.work, {"a": 1}, timeout=9, clock=watch.clock).report("z", 0)


# -- one pass over packets


def uneven(number: int) -> int:
    """A picture that stands still for two seconds in the middle."""
    return number * 4 if number < 40 else number * 4 + 200


def even(number: int) -> int:
    return number * 4


def dense(path: Path, stamps: Callable[[int], int] = even, options: Mapping[str, str] | None = None) -> Path:
    """80 keyframes of noise, all of about the same size; their stamps are in hundredths."""
    with av.open(str(path), "w", options=dict(options or {})) as container:
        stream = container.add_stream("mpeg4", rate=25, options={"g": "1", "qmin": "5", "qmax": "5"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 100)
        for number in range(80):
            frame = av.VideoFrame.from_image(noise(number))  # type: ignore[no-untyped-call] # PyAV leaves it untyped
            frame.pts, frame.time_base = stamps(number), Fraction(1, 100)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def lying(path: Path, factor: float) -> Path:
    """A Matroska file whose header has another duration (element 4489, a double)."""
    data = path.read_bytes()
    at = data.index(b"\x44\x89\x88") + 3
    (told,) = struct.unpack(">d", data[at : at + 8])
    path.write_bytes(data[:at] + struct.pack(">d", told * factor) + data[at + 8 :])
    return path


def fractions(path: Path) -> list[tuple[float | None, float]]:
    """What the meter says at each packet, beside how many packets there were by then."""
    with path.open("rb") as file, av.open(file, "r") as container:
        stream = container.streams[0]
        meter = Meter(container, stream, path.stat().st_size)
        said = [meter.fraction(packet) for packet in container.demux(stream)]
    return [(fraction, number / len(said)) for number, fraction in enumerate(said, 1)]


def is_steady(said: list[tuple[float | None, float]]) -> bool:
    known = [fraction for fraction, _ in said if fraction is not None]
    return len(known) == len(said) and known == sorted(known) and known[-1] == pytest.approx(ALMOST, abs=0.015)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.ts"])
def test_a_pass_is_as_far_as_its_packets_are(name: str, tmp_path: Path) -> None:
    said = fractions(dense(tmp_path / name))
    assert is_steady(said)
    assert max(abs((fraction or 0) - part) for fraction, part in said) < 0.06


def test_a_picture_that_stands_still_is_as_long_as_it_is_shown(tmp_path: Path) -> None:
    """Variable frame rate: 40 frames, a stand of two seconds, 40 more frames."""
    said = fractions(dense(tmp_path / "a.mp4", uneven))
    assert is_steady(said)
    before, after = said[39][0], said[40][0]
    assert before == pytest.approx(1.56 / 5.2, abs=0.02)
    assert after == pytest.approx(3.6 / 5.2, abs=0.02)


@pytest.mark.parametrize("factor", [0.1, 0.5, 3, 1000])
def test_bytes_overrule_a_duration_that_lies(factor: float, tmp_path: Path) -> None:
    said = fractions(lying(dense(tmp_path / "a.mkv"), factor))
    assert is_steady(said)
    assert max(abs((fraction or 0) - part) for fraction, part in said) < APART + 0.1


def test_an_index_overrules_a_duration_that_lies(tmp_path: Path) -> None:
    path = dense(tmp_path / "a.mp4")
    data = path.read_bytes()
    for box, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):  # from the type to the duration
        at = data.index(box) + offset
        data = data[:at] + struct.pack(">I", int.from_bytes(data[at : at + 4], "big") * 50) + data[at + 4 :]
    path.write_bytes(data)
    said = fractions(path)
    assert is_steady(said)
    assert max(abs((fraction or 0) - part) for fraction, part in said) < 0.06


@pytest.mark.parametrize(("name", "options"), [("a.mkv", {"live": "1"}), ("a.m4v", {})])
def test_without_a_duration_bytes_count(name: str, options: Mapping[str, str], tmp_path: Path) -> None:
    """A recording that nobody finished, and a raw stream."""
    said = fractions(dense(tmp_path / name, options=options))
    assert max(abs((fraction or 0) - part) for fraction, part in said) < 0.06


def test_a_time_will_do_where_there_is_no_packet(tmp_path: Path) -> None:
    path = dense(tmp_path / "a.mp4")
    with path.open("rb") as file, av.open(file, "r") as container:
        meter = Meter(container, container.streams[0], path.stat().st_size)
        assert [meter.fraction(at) for at in (0.8, 1.6, 0.0, 99.0)] == pytest.approx([0.25, 0.5, 0.5, ALMOST])


def test_with_neither_time_nor_bytes_there_is_no_telling(tmp_path: Path) -> None:
    path = dense(tmp_path / "a.mkv", options={"live": "1"})
    with path.open("rb") as file, av.open(file, "r") as container:
        meter = Meter(container, None, 0)
        assert {meter.fraction(packet) for packet in container.demux()} == {None}


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["hostile/vfr.mp4", "hostile/seg.ts", "hostile/unordered.mov", "clips/flower.webm"])
def test_films_of_the_corpus_are_metered_to_their_end(name: str, corpus: Path) -> None:
    said = fractions(corpus / "video" / name)
    known = [fraction for fraction, _ in said if fraction is not None]
    assert known == sorted(known)
    assert known[-1] > 0.7
