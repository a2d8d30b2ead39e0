"""The watch over one cell: wishes are heard at once, deaths are named, and nobody is waited for without end."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest import attend
from ingest.attend import Attendance, Stop
from ingest.cellwire import Ended, NotStarted, Obeyed, Reported, Started
from ingest.jobs.outcomes import Cancelled, Released, Retry
from ingest.sandbox import Finished
from ingest.verdict import Seen
from processors.base import Limits, Report
from processors.work import ignore
from tests.hostile_plugin import PATIENT, Attempt, Tryout, hostile_sandbox

SCARY = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE}


@pytest.fixture(scope="module")
def tryout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryout]:
    with hostile_sandbox(tmp_path_factory.mktemp("attend")) as tryout:
        yield tryout


@contextmanager
def running(tryout: Tryout, act: str, stop: Stop) -> Iterator[tuple[int, Future[Attempt]]]:
    """A cell that has come as far as reporting its pid."""
    reported: Future[int] = Future()

    def take(report: Report) -> None:
        if not reported.done():
            reported.set_result(int(report.message))

    with ThreadPoolExecutor(1) as thread:
        attempt = thread.submit(tryout.run, act, stop=stop, on_report=take)
        yield reported.result(10), attempt


# -- wishes


@pytest.mark.parametrize("act", ["wait", "wait_politely"])
def test_a_cancelled_cell_is_gone_within_half_a_second(tryout: Tryout, act: str) -> None:
    """Deaf to SIGTERM or not; a polite one needs no SIGKILL."""
    stop = Stop()
    with running(tryout, act, stop) as (pid, attempt):
        asked = time.monotonic()
        stop.request("cancel")
        end = attempt.result(10).end
        assert time.monotonic() - asked < 0.5
    assert end.verdict == Cancelled()
    assert end.exit == (-signal.SIGKILL if act == "wait" else 0)
    assert not Path(f"/proc/{pid}").exists()


def test_a_released_cell_ends_just_so_and_gives_its_job_back(tryout: Tryout) -> None:
    stop = Stop()
    with running(tryout, "wait", stop) as (_, attempt):
        stop.request("release")
        stop.request("cancel")  # too late: the first wish counts
        assert attempt.result(10).end.verdict == Released()
    assert stop.reason == "release"


def test_a_stopped_cell_can_be_cancelled(tryout: Tryout) -> None:
    """SIGTERM waits until a stopped process goes on; SIGKILL doesn't."""
    stop = Stop()
    with running(tryout, "wait", stop) as (pid, attempt):
        os.kill(pid, signal.SIGSTOP)
        stop.request("cancel")
        assert attempt.result(10).end.verdict == Cancelled()


def test_a_wish_that_came_before_the_order_starts_no_cell(tryout: Tryout) -> None:
    stop = Stop()
    stop.request("cancel")
    attempt = tryout.run("nothing", stop=stop)
    assert attempt.end.verdict == Cancelled()
    assert attempt.end.exit is None
    assert not (attempt.scratch / "stderr").exists()


def test_a_wish_during_the_start_of_a_cell_is_heard(tryout: Tryout) -> None:
    """Whichever comes first, whatever the cell is doing just then: it ends, or it had finished before."""
    for delay in range(20):
        stop = Stop()
        timer = threading.Timer(delay / 4000, stop.request, ["cancel"])
        timer.start()
        verdict = tryout.run("wait_politely" if delay % 2 else "nothing", stop=stop).end.verdict
        assert verdict == Cancelled() or (isinstance(verdict, Finished) and not delay % 2)
        timer.join()


def test_a_wish_wakes_nobody_once_its_cell_is_gone() -> None:
    """The descriptor that it rings at may belong to somebody else by then."""
    stop = Stop()
    with stop.heard() as bell:
        assert os.stat(f"/proc/self/fd/{bell}")
    stop.request("cancel")
    with stop.heard() as bell:
        assert os.eventfd_read(bell) == 1  # and who asks later hears of it


def test_a_failing_listener_ends_the_cell_and_hears_of_it(tryout: Tryout) -> None:
    """The job table may be out of reach while progress is written."""

    def fail(_report: Report) -> None:
        raise ConnectionError("no table")

    with pytest.raises(ConnectionError, match="no table"):
        tryout.run("wait", on_report=fail)
    assert tryout.busy() == set()


# -- deaths


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, *SCARY])
def test_a_signal_that_we_did_not_send_is_named_and_the_job_tried_again(tryout: Tryout, number: signal.Signals) -> None:
    with running(tryout, "wait", Stop()) as (pid, attempt):
        os.kill(pid, number)
        if number == signal.SIGTERM:  # only asks
            os.kill(pid, signal.SIGKILL)
        end = attempt.result(10).end
    assert isinstance(end.verdict, Retry)
    expected = signal.SIGKILL if number == signal.SIGTERM else number
    assert end.verdict.detail == f"The cell was killed by {expected.name}"
    assert end.exit == -expected


def test_sigterm_from_outside_is_obeyed_and_the_job_tried_again(tryout: Tryout) -> None:
    with running(tryout, "wait_politely", Stop()) as (pid, attempt):
        os.kill(pid, signal.SIGTERM)
        assert attempt.result(10).end.verdict == Retry("The cell was asked to stop by SIGTERM from outside")


@pytest.mark.parametrize(
    ("act", "n", "detail"),
    [
        ("segfault", 0, "was killed by SIGSEGV"),
        ("abort", 0, "was killed by SIGABRT"),
        ("take_signal", signal.SIGILL, "was killed by SIGILL"),
        ("take_signal", signal.SIGRTMIN + 3, f"was killed by signal {signal.SIGRTMIN + 3}"),
        ("exit_politely", 0, "exited with status 0 and without a result"),
        ("exit_politely", 3, "exited with status 3 and without a result"),
        ("exit_at_once", 0, "exited with status 0 and without a result"),
        ("exit_at_once", 9, "exited with status 9 and without a result"),
    ],
)
def test_a_cell_that_dies_by_itself_may_try_again(tryout: Tryout, act: str, n: int, detail: str) -> None:
    assert tryout.run(act, n=n).end.verdict == Retry(f"The cell {detail}")


def test_what_a_crashing_cell_printed_last_is_in_the_log(tryout: Tryout, caplog: pytest.LogCaptureFixture) -> None:
    """Its own words, and from the interpreter the line where it was; bounded."""
    tryout.run("abort", text="x" * 10_000 + "famous last words")
    assert "famous last words" in caplog.text
    assert 'acts.py", line' in caplog.text
    assert len(caplog.text) < 3000


# -- a zygote that isn't as it should be, played by the test


class Stage:
    """Both ends of the two channels of an attendance, with the test on the far side."""

    def __init__(self, limits: Limits = PATIENT) -> None:
        self.line, self.zygote = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._reports, self.cell = os.pipe()
        os.set_blocking(self._reports, False)
        self.attendance = Attendance(self.line, self._reports, limits, ignore, Stop())

    def close(self) -> None:
        self.line.close()
        self.zygote.close()
        os.close(self._reports)
        os.close(self.cell)


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


def ended(exit_status: int) -> Ended:
    return Ended(exit=exit_status, cpu_seconds=0.1, peak_rss_bytes=1, strays=0)


def test_what_is_still_in_the_pipe_when_the_cell_is_gone_is_heard(stage: Stage) -> None:
    """Also when somebody who inherited the other end keeps it open."""
    stage.zygote.send(Started(pid=os.getpid()).line())
    stage.zygote.send(ended(0).line())
    os.write(stage.cell, Reported(report=Report("s")).line() + Obeyed().line())
    assert stage.attendance.wait() == Seen(word=Obeyed(), ended=ended(0))
    assert not stage.attendance.zygote_failed


def test_a_cell_that_could_not_be_forked_is_no_failure_of_the_zygote(stage: Stage) -> None:
    stage.zygote.send(NotStarted(reason="Resource temporarily unavailable").line())
    detail = "No cell could be started: Resource temporarily unavailable"
    assert stage.attendance.wait() == Seen(cause="unstarted", detail=detail)
    assert not stage.attendance.zygote_failed


def test_the_death_of_the_zygote_ends_the_wait(stage: Stage) -> None:
    stage.zygote.send(Started(pid=os.getpid()).line())
    stage.zygote.close()
    assert stage.attendance.wait() == Seen()
    assert stage.attendance.zygote_failed


@pytest.mark.parametrize("name", ["START_SECONDS", "HUNG_SECONDS"])
def test_a_zygote_that_does_not_answer_is_given_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither to an order nor to a kill."""
    monkeypatch.setattr(attend, name, 0.05)
    stage = Stage(Limits(total_seconds=0.05))
    if name == "HUNG_SECONDS":
        stage.zygote.send(Started(pid=os.getpid()).line())
    began = time.monotonic()
    assert stage.attendance.wait().cause == (None if name == "START_SECONDS" else "total")
    assert time.monotonic() - began < 1
    assert stage.attendance.zygote_failed
    stage.close()


def test_babble_in_the_last_bytes_of_a_dead_cell_does_not_start_the_wait_anew(stage: Stage) -> None:
    stage.zygote.send(ended(0).line())
    os.write(stage.cell, b"garbage\n")
    seen = stage.attendance.wait()
    assert (seen.cause, seen.ended) == ("babble", ended(0))
