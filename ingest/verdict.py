"""How the end of a cell is judged: from what was seen of it to one verdict, as a value."""

import signal
from dataclasses import dataclass
from typing import Any, Literal, assert_never

from ingest.cellwire import Ended, Exhausted, LastWord, Left, Obeyed, Raised, Refused, Returned
from ingest.errors import JobError
from ingest.jobs.outcomes import Cancelled, Failed, Interrupted, Released, Retry
from processors.base import Limits
from processors.work import signal_name

Wish = Literal["cancel", "release"]
Cause = Wish | Literal["unstarted", "total", "silent", "memory", "processes", "babble"]


@dataclass(frozen=True, slots=True)
class Finished:
    """The processor returned. Its outputs are what it says that it left; nobody has looked yet."""

    result: dict[str, Any]
    outputs: tuple[Left, ...]


Verdict = Finished | Failed | Retry | Interrupted | Cancelled | Released


@dataclass(frozen=True, slots=True)
class CellEnd:
    """`exit` is the exit status, or minus the signal. The figures are None where there was no cell, or no witness."""

    verdict: Verdict
    exit: int | None
    cpu_seconds: float | None
    peak_rss_bytes: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known of a cell that is gone: why we ended it, its last word, and the zygote's notice.

    `cause` is None where it ended by itself, `ended` where the zygote died or hung. `detail` belongs to the cause.
    """

    cause: Cause | None = None
    detail: str = ""
    word: LastWord | None = None
    ended: Ended | None = None


def judge(seen: Seen, limits: Limits) -> Verdict:
    """A cell that finished has won, whatever we wished meanwhile; one that broke out or lied has not."""
    if seen.cause == "processes" or (seen.ended and seen.ended.strays > limits.processes):
        return _failed("limit_exceeded", "The processor started another process")
    if seen.cause == "babble":
        return _failed("limit_exceeded", seen.detail)
    complete = seen.ended is not None and seen.ended.exit == 0
    if seen.word and complete and (seen.cause is None or isinstance(seen.word, Returned)):
        return _told(seen.word, limits)
    if seen.cause is not None:
        return _stopped(seen.cause, seen.detail, limits)
    if seen.ended is None:
        return Interrupted("The process that holds the cells died")
    return _died(seen.ended, limits)


def _told(word: LastWord, limits: Limits) -> Verdict:
    match word:
        case Returned(result=result, outputs=outputs):
            if len(outputs) > limits.output_files:
                return _failed("limit_exceeded", f"More than {limits.output_files} output files")
            return Finished(result, outputs)
        case Refused(code=code, detail=detail):
            return _failed(code, detail)
        case Raised(exception=exception):
            # A name at most: the message of an exception may hold paths, and the cell can make up any name.
            return _failed("internal", f"The processor raised {exception if exception.isidentifier() else 'an error'}")
        case Exhausted(what=what):
            return _exhausted(what, limits)
        case Obeyed():
            return Retry("The cell was asked to stop by SIGTERM from outside")
        case _:
            assert_never(word)


def _exhausted(what: Literal["memory", "file size", "space"], limits: Limits) -> Verdict:
    match what:
        case "memory":
            return _stopped("memory", "", limits)
        case "file size":
            return _failed("limit_exceeded", f"An output is larger than {limits.output_bytes} bytes")
        case "space":  # the disk's fault, not the file's
            return Interrupted("There was no space left to process the file")


def _stopped(cause: Cause, detail: str, limits: Limits) -> Verdict:
    match cause:
        case "cancel":
            return Cancelled()
        case "release":
            return Released()
        case "unstarted":
            return Interrupted(detail)
        case "total":
            return _failed("timeout", f"Processing took longer than {limits.total_seconds:g} s")
        case "silent":
            return _failed("stalled", f"Processing made no progress for {limits.silent_seconds:g} s")
        case "memory":
            return _failed("out_of_memory", f"Processing needed more than {limits.memory_bytes >> 20} MiB of memory")
        case "processes" | "babble":
            return _failed("limit_exceeded", detail)
        case _:
            assert_never(cause)


def _died(ended: Ended, limits: Limits) -> Verdict:
    """By itself, or by a hand from outside: both may go better next time. Our own limits don't."""
    if ended.exit >= 0:
        return Retry(f"The cell exited with status {ended.exit} and without a result")
    number = -ended.exit
    # Whoever ignores SIGXCPU is killed by the kernel a little later.
    spent = number == signal.SIGKILL and ended.cpu_seconds >= limits.cpu_seconds
    if number == signal.SIGXCPU or spent:
        return _failed("timeout", f"Processing took more than {limits.cpu_seconds} s of processor time")
    if number == signal.SIGXFSZ:
        return _exhausted("file size", limits)
    return Retry(f"The cell was killed by {signal_name(number)}")


def _failed(code: str, detail: str) -> Failed:
    return Failed(JobError(code, detail))
