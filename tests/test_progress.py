"""Reports become progress that never goes back, is never done too early, and is written a few times a second."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.jobs.base import Progress
from ingest.progress import CEILING, STAGE_SECONDS, WRITE_SECONDS, ProgressWriter, advance
from processors.base import Report


class Watcher:
    """Time that a test moves, and everything that was written."""

    def __init__(self, still_ours: bool = True) -> None:
        self.now = 100.0
        self.written: list[Progress] = []
        self.lost = 0
        self.still_ours = still_ours

    def writer(self, floor: float | None = None) -> ProgressWriter:
        return ProgressWriter(floor, self._write, self._on_lost, lambda: self.now)

    def _write(self, progress: Progress) -> bool:
        self.written.append(progress)
        return self.still_ours

    def _on_lost(self) -> None:
        self.lost += 1


reports = st.builds(
    Report,
    st.sampled_from(["decode", "encode"]),
    done=st.floats(0, 1e6),
    total=st.none() | st.floats(0, 1e6),
)


@given(st.none() | st.floats(0, CEILING), st.lists(reports, max_size=30))
def test_the_fraction_never_goes_back_and_never_passes_its_ceiling(floor: float | None, many: list[Report]) -> None:
    fraction = floor
    for report in many:
        before, fraction = fraction, advance(fraction, report)
        assert fraction is None or before is None or fraction >= before
        assert fraction is None or 0 <= fraction <= CEILING
        assert not (fraction is None and before is not None)


@pytest.mark.parametrize("total", [None, 0.0])
def test_without_a_denominator_there_is_no_fraction(total: float | None) -> None:
    assert advance(None, Report("decode", 5, total)) is None


def test_a_rerun_starts_where_its_predecessor_was_seen() -> None:
    watcher = Watcher()
    watcher.writer(floor=0.6)(Report("decode", 1, 10))
    assert watcher.written[0].fraction == 0.6


def test_the_first_report_is_written_at_once_and_whole() -> None:
    watcher = Watcher()
    watcher.writer()(Report("decode", 5, 20, "frames", "first pass"))
    assert watcher.written == [Progress(0.25, "decode", 5, 20, "frames", "first pass", updated_at=100.0)]


def test_a_flood_of_reports_becomes_a_few_writes_a_second() -> None:
    watcher = Watcher()
    write = watcher.writer()
    for step in range(1000):  # one second, a report each millisecond
        watcher.now = 100 + step / 1000
        write(Report("decode", step, 1000))
    assert len(watcher.written) <= 1 / WRITE_SECONDS + 1


def test_what_a_throttled_report_said_is_not_lost_for_the_fraction() -> None:
    watcher = Watcher()
    write = watcher.writer()
    write(Report("decode", 0, 10))
    write(Report("decode", 9, 10))
    watcher.now += WRITE_SECONDS
    write(Report("decode"))
    assert watcher.written[-1].fraction == 0.9


def test_a_new_stage_is_told_sooner_than_more_of_the_same() -> None:
    watcher = Watcher()
    write = watcher.writer()
    write(Report("decode"))
    watcher.now += (STAGE_SECONDS + WRITE_SECONDS) / 2
    write(Report("decode"))
    write(Report("encode"))
    assert [progress.stage for progress in watcher.written] == ["decode", "encode"]


@pytest.mark.parametrize(("still_ours", "calls"), [(True, 0), (False, 1)])
def test_an_attempt_that_lost_its_job_learns_it_from_the_write(still_ours: bool, calls: int) -> None:
    watcher = Watcher(still_ours)
    watcher.writer()(Report("decode"))
    assert watcher.lost == calls


def test_the_writer_is_what_a_sandbox_expects() -> None:
    on_report: Callable[[Report], None] = Watcher().writer()
    on_report(Report("decode"))
