"""The work that a processor is given: reading by descriptor, reporting freely, naming outputs, running alone."""

import io
import math
import os
import timeit
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from processors.base import Cancelled, Limits, NoParams, Params, Report, Work
from processors.work import OUTPUT_NAME, REPORT_SECONDS, FileWork, run_alone

DATA = bytes(range(256)) * 1000


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A work over a temporary file, with everything that it passed on."""

    def __init__(self, descriptor: int, scratch: Path) -> None:
        self.clock = Clock()
        self.reports: list[Report] = []
        self.is_cancelled = False
        self.work = FileWork(
            params=NoParams(),
            name="x.bin",
            media_type="application/octet-stream",
            size=len(DATA),
            scratch=scratch,
            descriptor=descriptor,
            on_report=self.reports.append,
            cancelled=lambda: self.is_cancelled,
            clock=self.clock,
        )

    def last(self) -> Report:
        return self.reports[-1]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    path = tmp_path / "input"
    path.write_bytes(DATA)
    descriptor = os.open(path, os.O_RDONLY)
    path.unlink()  # whoever opens a path now finds nothing
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    yield Desk(descriptor, scratch)
    os.close(descriptor)


# -- open


def test_the_input_is_read_through_the_descriptor_alone(desk: Desk) -> None:
    """The file has no name any more, and the descriptor's own offset never moves."""
    with desk.work.open() as file:
        assert file.read() == DATA
    assert os.lseek(desk.work.descriptor, 0, os.SEEK_CUR) == 0


def test_every_handle_is_fresh_and_none_disturbs_another(desk: Desk) -> None:
    with desk.work.open() as one, desk.work.open() as two:
        assert one.read(10) == DATA[:10]
        assert two.read(3) == DATA[:3]
        assert one.read(5) == DATA[10:15]
        one.seek(-4, os.SEEK_END)
        assert one.read() == DATA[-4:]
        assert two.tell() == 3


def test_a_handle_seeks_like_any_file(desk: Desk) -> None:
    expected = io.BytesIO(DATA)
    with desk.work.open() as file:
        assert file.seekable()
        assert file.readable()
        assert not file.writable()
        for offset, whence in ((0, 2), (100, 0), (50, 1), (-20, 1), (-7, 2), (0, 0), (10**9, 0)):
            assert file.seek(offset, whence) == expected.seek(offset, whence)
            assert file.read(33) == expected.read(33)
        with pytest.raises(ValueError, match="negative"):
            file.seek(-1)


def test_closing_a_handle_leaves_the_descriptor_open(desk: Desk) -> None:
    desk.work.open().close()
    with desk.work.open() as file:
        assert file.read(1) == DATA[:1]
    with pytest.raises(ValueError, match="closed"):
        file.read(1)


def test_a_handle_has_no_descriptor_to_give_away(desk: Desk) -> None:
    """A library that took it would read at the shared offset, or close it."""
    with desk.work.open() as file, pytest.raises(OSError, match="fileno"):
        file.fileno()


# -- report


def test_the_first_report_passes_and_then_ten_a_second(desk: Desk) -> None:
    for step in range(1000):
        desk.work.report("reading", step, 1000, "steps")
        desk.clock.now += 0.001
    assert desk.reports[0] == Report("reading", 0.0, 1000.0, "steps")
    assert 9 <= len(desk.reports) <= 11


def test_the_pulse_goes_on_when_the_numbers_stand_still(desk: Desk) -> None:
    """Silence means dead, so a report that says nothing new is passed on all the same."""
    for _ in range(50):
        desk.work.report("thinking")
        desk.clock.now += REPORT_SECONDS
    assert len(desk.reports) == 50


def test_a_new_stage_passes_at_once_until_ten_came_together(desk: Desk) -> None:
    for stage in range(200):
        desk.work.report(f"stage {stage}")
    assert [report.stage for report in desk.reports] == [f"stage {n}" for n in range(11)]
    desk.clock.now += 1.0
    before = len(desk.reports)
    for stage in range(200):
        desk.work.report(f"later {stage}")
    assert len(desk.reports) - before <= 11


def test_changing_stages_cannot_push_the_rate_above_ten_a_second_for_long(desk: Desk) -> None:
    for step in range(10_000):
        desk.work.report("ab"[step % 2], step)
        desk.clock.now += 0.001
    assert len(desk.reports) <= 10 * 10 + 12


def test_a_cancelled_work_raises_at_the_next_report_even_between_two_that_pass(desk: Desk) -> None:
    desk.work.report("reading")
    desk.is_cancelled = True
    with pytest.raises(Cancelled):
        desk.work.report("reading")
    assert len(desk.reports) == 1


@pytest.mark.parametrize(
    ("done", "total", "expected"),
    [
        (5, 10, (5.0, 10.0)),
        (11, 10, (10.0, 10.0)),
        (-1, 10, (0.0, 10.0)),
        (math.nan, math.nan, (0.0, None)),
        (3, 0, (3.0, None)),
        (3, -4, (3.0, None)),
        (3, math.inf, (3.0, None)),
        (math.inf, 10, (0.0, 10.0)),
        (-math.inf, None, (0.0, None)),
        (10**400, 10**400, (0.0, None)),
        (True, 2, (1.0, 2.0)),
    ],
)
def test_only_finite_numbers_in_order_are_passed_on(
    desk: Desk, done: float, total: float | None, expected: tuple[float, float | None]
) -> None:
    desk.work.report("counting", done, total)
    assert (desk.last().done, desk.last().total) == expected


def test_long_and_unencodable_words_are_cut_and_mended(desk: Desk) -> None:
    desk.work.report("s" * 1000, unit="u" * 1000, message="m\ud800" * 1000)
    report = desk.last()
    assert (len(report.stage), len(report.unit), len(report.message)) == (64, 32, 200)
    report.message.encode()


def test_a_report_that_is_not_passed_on_costs_next_to_nothing(desk: Desk) -> None:
    """Loops call it freely: the bound is some ten times what it takes here, and far below a single pipe write."""
    desk.work.report("reading")
    report = desk.work.report
    seconds = min(timeit.repeat(lambda: report("reading", 1, 2, "bytes"), number=10_000, repeat=5)) / 10_000
    assert seconds < 5e-6


# -- output


def test_an_output_lies_in_its_own_folder_and_is_remembered_with_its_attributes(desk: Desk) -> None:
    path = desk.work.output("a.webp", "image/webp", width=3, tags=["x", None])
    assert path == desk.work.scratch / "out" / "a.webp"
    path.write_bytes(b"x")
    (left,) = desk.work.outputs
    assert (left.name, left.media_type, left.attributes) == ("a.webp", "image/webp", {"width": 3, "tags": ["x", None]})


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../x", "a\0b", "a\n", "-x", "ü", "x" * 101, "a b"])
def test_a_name_that_could_leave_the_folder_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(ValueError, match="can't be the name"):
        desk.work.output(name, "text/plain")
    assert not (desk.work.scratch / "out").exists()


@pytest.mark.parametrize("name", ["a", "A.webp", "0-1_2.tar.gz", "x" * 100, "a..b"])
def test_plain_names_are_taken_once(desk: Desk, name: str) -> None:
    assert OUTPUT_NAME.fullmatch(name)
    desk.work.output(name, "text/plain")
    with pytest.raises(ValueError, match="already"):
        desk.work.output(name, "text/plain")


def test_attributes_that_are_not_json_are_refused_where_the_mistake_is(desk: Desk) -> None:
    with pytest.raises(TypeError):
        desk.work.output("a", "text/plain", when=object())  # type: ignore[arg-type] # the mistake
    with pytest.raises(ValueError, match="JSON"):
        desk.work.output("b", "text/plain", share=math.nan)
    assert desk.work.outputs == []


def test_without_outputs_there_is_no_folder(desk: Desk) -> None:
    assert list(desk.work.scratch.iterdir()) == []


# -- run_alone


class Doubling(Params):
    times: int = 2


class Doubled(BaseModel):
    data: str


class Doubler:
    """Enough of a processor to see what it is given."""

    kind, version, media_types = "doubler", "1", frozenset({"text/plain"})
    limits, Params, Result = Limits(), Doubling, Doubled
    warmed = 0

    def warm(self) -> None:
        self.warmed += 1

    def process(self, work: Work[Doubling]) -> BaseModel:
        with work.open() as file:
            data = file.read().decode() * work.params.times
        work.report("doubling", work.size, work.size, "bytes", f"{work.name} {work.media_type}")
        work.output("double.txt", "text/plain").write_text(data)
        return Doubled(data=data) if data != "wrong" * 2 else NoParams()


def test_a_processor_runs_without_server_or_database(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("ab")
    processor, reports = Doubler(), list[Report]()
    finished = run_alone(
        processor, path, {"times": 3}, scratch=tmp_path, media_type="text/plain", on_report=reports.append
    )
    assert finished.result == Doubled(data="ababab")
    assert [output.name for output in finished.outputs] == ["double.txt"]
    assert (tmp_path / "out" / "double.txt").read_text() == "ababab"
    assert reports == [Report("doubling", 2.0, 2.0, "bytes", "in.txt text/plain")]
    assert processor.warmed == 1


def test_running_alone_checks_params_and_result(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("wrong")
    with pytest.raises(ValidationError):
        run_alone(Doubler(), path, {"tmies": 3}, scratch=tmp_path)
    with pytest.raises(TypeError, match="instead of its Result"):
        run_alone(Doubler(), path, scratch=tmp_path)
