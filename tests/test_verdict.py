"""The judgement over a cell, as a table: each row is one thing that was seen, and what it means for the job."""

import signal
from dataclasses import replace

import pytest

from ingest.cellwire import Ended, Exhausted, LastWord, Left, Obeyed, Raised, Refused, Returned
from ingest.errors import JOB_ERRORS, JobError
from ingest.jobs.outcomes import Cancelled, Failed, Interrupted, Released, Retry
from ingest.verdict import Cause, Finished, Seen, Verdict, judge
from processors.base import Limits

LIMITS = Limits(memory_bytes=3 << 20, cpu_seconds=5, total_seconds=7, silent_seconds=2, output_bytes=9, output_files=1)
ONE = (Left("a", "text/plain", {}),)
RETURNED = Returned(result={"n": 1}, outputs=ONE)
FINISHED = Finished({"n": 1}, ONE)
ALONE = Failed(JobError("limit_exceeded", "The processor started another process"))


def ended(exit_status: int, strays: int = 0, cpu_seconds: float = 0.1) -> Ended:
    return Ended(exit=exit_status, cpu_seconds=cpu_seconds, peak_rss_bytes=1, strays=strays)


def failed(code: str, detail: str) -> Failed:
    return Failed(JobError(code, detail))


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        (RETURNED, FINISHED),
        (Returned(result={}, outputs=ONE * 2), failed("limit_exceeded", "More than 1 output files")),
        (Refused(code="unsupported_input", detail="Why"), failed("unsupported_input", "Why")),
        (Raised(exception="KeyError", traceback=""), failed("internal", "The processor raised KeyError")),
        (Raised(exception="</p> /etc", traceback=""), failed("internal", "The processor raised an error")),
        (Exhausted(what="memory"), failed("out_of_memory", "Processing needed more than 3 MiB of memory")),
        (Exhausted(what="file size"), failed("limit_exceeded", "An output is larger than 9 bytes")),
        (Exhausted(what="space"), Interrupted("There was no space left to process the file")),
        (Obeyed(), Retry("The cell was asked to stop by SIGTERM from outside")),
        (None, Retry("The cell exited with status 0 and without a result")),
    ],
)
def test_a_cell_that_came_to_its_end_is_believed(word: LastWord | None, verdict: Verdict) -> None:
    assert judge(Seen(word=word, ended=ended(0)), LIMITS) == verdict


@pytest.mark.parametrize(
    ("exit_status", "cpu_seconds", "verdict"),
    [
        (1, 0.1, Retry("The cell exited with status 1 and without a result")),
        (-signal.SIGKILL, 0.1, Retry("The cell was killed by SIGKILL")),
        (-signal.SIGSEGV, 9.0, Retry("The cell was killed by SIGSEGV")),
        (-40, 0.1, Retry("The cell was killed by signal 40")),
        (-signal.SIGXCPU, 5.0, failed("timeout", "Processing took more than 5 s of processor time")),
        (-signal.SIGKILL, 5.0, failed("timeout", "Processing took more than 5 s of processor time")),
        (-signal.SIGXFSZ, 0.1, failed("limit_exceeded", "An output is larger than 9 bytes")),
    ],
)
@pytest.mark.parametrize("word", [None, RETURNED])
def test_a_cell_that_died_is_not_believed(
    word: LastWord | None, exit_status: int, cpu_seconds: float, verdict: Verdict
) -> None:
    """Whatever it said before: outputs may be half written."""
    seen = Seen(word=word, ended=ended(exit_status, cpu_seconds=cpu_seconds))
    assert judge(seen, LIMITS) == verdict


CAUSES: list[tuple[Cause, Verdict]] = [
    ("cancel", Cancelled()),
    ("release", Released()),
    ("unstarted", Interrupted("the detail")),
    ("total", failed("timeout", "Processing took longer than 7 s")),
    ("silent", failed("stalled", "Processing made no progress for 2 s")),
    ("memory", failed("out_of_memory", "Processing needed more than 3 MiB of memory")),
    ("processes", ALONE),
    ("babble", failed("limit_exceeded", "the detail")),
]


@pytest.mark.parametrize(("cause", "verdict"), CAUSES)
@pytest.mark.parametrize("end", [None, ended(0), ended(-signal.SIGKILL), ended(-signal.SIGTERM)])
def test_a_cell_that_we_ended_is_judged_by_our_reason(cause: Cause, verdict: Verdict, end: Ended | None) -> None:
    """However it died of it, and whether or not there was a witness."""
    assert judge(Seen(cause=cause, detail="the detail", ended=end), LIMITS) == verdict


@pytest.mark.parametrize("cause", ["cancel", "release", "total", "silent", "memory"])
def test_a_result_that_was_complete_before_our_signal_came_has_won(cause: Cause) -> None:
    assert judge(Seen(cause=cause, word=RETURNED, ended=ended(0)), LIMITS) == FINISHED
    assert judge(Seen(cause=cause, word=RETURNED, ended=ended(-signal.SIGTERM)), LIMITS) != FINISHED
    assert judge(Seen(cause=cause, word=RETURNED), LIMITS) != FINISHED


@pytest.mark.parametrize("word", [RETURNED, Refused(code="corrupt_input", detail="x"), None])
def test_no_result_makes_up_for_another_process(word: LastWord | None) -> None:
    assert judge(Seen(word=word, ended=ended(0, strays=1)), LIMITS) == ALONE
    assert judge(Seen(cause="cancel", word=word, ended=ended(0, strays=1)), LIMITS) == ALONE
    one_more = replace(LIMITS, processes=1)
    assert judge(Seen(word=word, ended=ended(0, strays=1)), one_more) != ALONE
    assert judge(Seen(word=word, ended=ended(0, strays=2)), one_more) == ALONE


def test_no_result_makes_up_for_babble() -> None:
    babble = failed("limit_exceeded", "too much")
    assert judge(Seen(cause="babble", detail="too much", word=RETURNED, ended=ended(0)), LIMITS) == babble


def test_the_death_of_the_zygote_is_nobodys_fault() -> None:
    for word in (None, RETURNED):
        assert judge(Seen(word=word), LIMITS) == Interrupted("The process that holds the cells died")


def test_every_failure_has_a_code_of_the_table() -> None:
    codes = {verdict.error.code for _, verdict in CAUSES if isinstance(verdict, Failed)}
    assert codes <= set(JOB_ERRORS)
