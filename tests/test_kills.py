"""A 202 is never a lie: 500 deaths under load, and the faults that the harness must be able to find."""

from pathlib import Path

import pytest

from tests.kills.plan import CI, Plan, Report
from tests.kills.trials import session

pytestmark = pytest.mark.kills


def test_nothing_that_was_acknowledged_is_lost_in_five_hundred_deaths(tmp_path: Path) -> None:
    report = session(CI, tmp_path)
    assert report.violations == []
    assert report.kills["cell"] >= CI.cells
    assert report.kills["worker"] + report.kills["zygote"] == CI.workers
    assert report.kills["zygote"] > 0
    assert report.kills["web"] > 0
    assert report.kills["tree"] == CI.trees
    # The deaths must have hit: work was done again, requests broke off, and yet most jobs came to a good end.
    assert report.reruns > CI.cells / 2
    assert report.unanswered > CI.trees / 4
    assert report.ends["succeeded"] > 0.8 * sum(report.ends.values())
    assert report.accepted > 500


@pytest.mark.parametrize(
    ("plant", "sort"),
    [("acknowledge before commit", "lost"), ("row before file", "damaged"), ("no rescue", "stuck")],
)
def test_the_harness_finds_a_planted_fault_by_killing(plant: str, sort: str, tmp_path: Path) -> None:
    plan = Plan(cells=6, workers=3, trees=3, settle_every=1, patience=4, plant=plant, sought=sort)
    assert sort in sorts(session(plan, tmp_path))


def test_the_harness_finds_a_missing_fence_by_a_late_finisher(tmp_path: Path) -> None:
    plan = Plan(cells=0, workers=0, trees=0, plant="no fence on finish")
    assert sorts(session(plan, tmp_path)) >= {"ended"}


def sorts(report: Report) -> set[str]:
    return {violation.sort for violation in report.violations}
