"""Two threads on one film: what happens when either of them is stopped."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from processors.base import Cancelled, Rejected
from processors.media.models import InputLimits
from processors.media.progress import Plan
from processors.media.source import Source
from processors.video.crew import Crew
from processors.video.decoder import Decoder
from processors.video.models import VideoParams
from processors.work import FileWork
from tests.films import counted, film

PARTS = range(40)


class Pulse:
    """A switch for cancelling, and who has reported."""

    def __init__(self) -> None:
        self.is_cancelled = False
        self.threads: set[int] = set()

    def __call__(self) -> bool:
        self.threads.add(threading.get_ident())
        return self.is_cancelled


@pytest.fixture
def pulse() -> Pulse:
    return Pulse()


@pytest.fixture
def source(tmp_path: Path, pulse: Pulse) -> Iterator[Source]:
    path = film(tmp_path / "a.mp4", counted, 50, options={"g": "5"})
    with path.open("rb") as file:
        work = FileWork(
            params=VideoParams(),
            name="a.mp4",
            media_type="video/mp4",
            size=path.stat().st_size,
            scratch=tmp_path,
            descriptor=file.fileno(),
            cancelled=pulse,
        )
        yield Source(work, InputLimits(), Plan(work, {"poster": 1}, 60))


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    """Other tests may have threads of their own, which go on."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def test_each_part_is_done_once_by_two_threads_and_one_of_them_reports(source: Source, pulse: Pulse) -> None:
    done: list[int] = []
    threads: set[int] = set()
    both = threading.Barrier(2, timeout=20)

    def decode(decoder: Decoder, part: int) -> None:
        if part < 2:
            both.wait()
        assert decoder.keyframe(None) is not None
        threads.add(threading.get_ident())
        done.append(part)

    Crew(source, "poster", decode, {}).run(PARTS, 40)
    assert sorted(done) == list(PARTS)
    assert len(threads) == 2
    assert pulse.threads == {threading.get_ident()}


@pytest.mark.parametrize("where", ["here", "helper"])
def test_a_cancel_ends_both_wherever_it_is_heard(where: str, source: Source, pulse: Pulse) -> None:
    """Also while only the helper is still at work."""
    here = threading.get_ident()
    both = threading.Barrier(2, timeout=20)

    def decode(decoder: Decoder, part: int) -> None:
        both.wait() if part < 2 else None
        is_here = threading.get_ident() == here
        if is_here == (where == "here"):
            pulse.is_cancelled = True
            while True:  # only a tick ends it
                decoder.keyframe(0)

    with pytest.raises(Cancelled):
        Crew(source, "poster", decode, {}).run(PARTS if where == "here" else range(2), 40)


def test_what_the_helper_raises_ends_the_job(source: Source) -> None:
    here = threading.get_ident()
    both = threading.Barrier(2, timeout=20)

    def decode(decoder: Decoder, part: int) -> None:
        both.wait() if part < 2 else None
        if threading.get_ident() != here:
            raise Rejected("limit_exceeded", "Too much.")

    with pytest.raises(Rejected, match="Too much"):
        Crew(source, "poster", decode, {}).run(PARTS, 40)


def test_one_part_needs_no_helper(source: Source) -> None:
    threads: list[int] = []

    def decode(_decoder: Decoder, _part: int) -> None:
        threads.append(threading.get_ident())

    Crew(source, "poster", decode, {}).run([1], 1)
    Crew(source, "poster", decode, {}).run(PARTS, 40, helpers=0)
    assert set(threads) == {threading.get_ident()}
