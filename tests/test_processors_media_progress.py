"""Progress of a job of several stages: weighted, never back, honest."""

from pathlib import Path

import pytest

from processors.base import NoParams, Rejected, Report
from processors.media.progress import Plan
from processors.work import FileWork


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


def test_a_stage_that_nobody_planned_is_a_mistake(watch: Watch) -> None:
    with pytest.raises(KeyError):
        Plan(watch.work, {"a": 1}, timeout=9, clock=watch.clock).report("z", 0)
