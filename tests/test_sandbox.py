"""The wall, from the worker's side: whatever a processor does, one typed verdict comes back in bounded time."""

import errno
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ingest import kernel
from ingest.errors import JobError
from ingest.jobs.outcomes import Cancelled, Failed
from ingest.sandbox import Finished, Left, Stop
from processors.base import Limits, Report
from tests.hostile_plugin import BYTES, PATIENT, Tryout, hostile_sandbox, until

MIB = 1 << 20


@pytest.fixture(scope="module")
def tryout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryout]:
    with hostile_sandbox(tmp_path_factory.mktemp("sandbox")) as tryout:
        yield tryout


@pytest.fixture(autouse=True)
def nothing_is_left(tryout: Tryout) -> Iterator[None]:
    """After each test: the zygote has one spare cell and no zombie, and holds no more descriptors than before."""
    zygote = tryout.zygote
    assert until(lambda: len(tryout.processes()) == 2)
    before = descriptors(zygote), descriptors(os.getpid())
    yield
    assert tryout.busy() == set()
    assert until(lambda: {zygote, *kernel.children(zygote)} == tryout.processes())
    assert len(tryout.processes()) == 2
    assert until(lambda: (descriptors(zygote), descriptors(os.getpid())) == before)


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


# -- honest work


def test_a_processor_gets_its_file_and_its_result_comes_back(tryout: Tryout) -> None:
    attempt = tryout.run("nothing")
    answer = {"name": "some file.bin", "size": len(BYTES), "head": BYTES[:16].decode()}
    assert attempt.end.verdict == Finished({"answer": answer}, ())
    assert attempt.end.exit == 0
    assert attempt.end.cpu_seconds is not None
    assert 0 < attempt.end.cpu_seconds < 1
    assert attempt.end.peak_rss_bytes is not None
    assert attempt.end.peak_rss_bytes > MIB


def test_progress_arrives_in_order(tryout: Tryout) -> None:
    reports = tryout.run("steps", n=3, text="half way").reports
    assert reports == [Report(f"step {n}", float(n), 3.0, "steps", "half way") for n in range(3)]


def test_outputs_lie_in_the_scratch_folder_and_are_named(tryout: Tryout) -> None:
    attempt = tryout.run("outputs", n=3)
    lefts = tuple(Left(f"{n}.txt", "text/plain", {"number": n}) for n in range(3))
    assert attempt.end.verdict == Finished({"answer": None}, lefts)
    assert [(attempt.scratch / "out" / left.name).read_text() for left in lefts] == ["0", "1", "2"]


def test_a_processor_may_use_threads_and_print(tryout: Tryout) -> None:
    assert tryout.run("use_threads", n=16).end.verdict == Finished({"answer": 16}, ())
    printed = tryout.run("print_much", text="x" * 100_000)
    assert printed.end.verdict == Finished({"answer": None}, ())
    assert (printed.scratch / "stderr").stat().st_size == 100_001


def test_cells_run_side_by_side(tryout: Tryout) -> None:
    """Eight reach the same point before any of them may go on."""
    together = threading.Barrier(8, timeout=20)

    def meet(_report: Report) -> None:
        together.wait()

    with ThreadPoolExecutor(8) as threads:
        attempts = [threads.submit(tryout.run, "steps", n=1, on_report=meet) for _ in range(8)]
    assert {type(attempt.result().end.verdict) for attempt in attempts} == {Finished}


def test_two_hundred_jobs_leave_nothing_behind(tryout: Tryout) -> None:
    """No zombie, no descriptor (see `nothing_is_left`), and no memory to speak of."""
    before = resident(tryout.zygote)
    for _ in range(200):
        assert isinstance(tryout.run("nothing").end.verdict, Finished)
    assert resident(tryout.zygote) - before < 2 * MIB


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# -- what ends a job for good

SMALL = Limits(
    memory_bytes=150 * MIB,
    address_space_bytes=1024 * MIB,
    cpu_seconds=1,
    total_seconds=30.0,
    silent_seconds=20.0,
    output_bytes=MIB,
    output_files=3,
)
SHORT = Limits(total_seconds=0.3, silent_seconds=20.0)
SILENT = Limits(total_seconds=30.0, silent_seconds=0.3)
A_REPORT = '{"word":"reported","report":{"stage":"s"}}\n'
A_RESULT = '{"word":"returned","result":{},"outputs":[]}\n'

FATAL: list[tuple[str, dict[str, Any], Limits, str, str]] = [
    ("reject", {"text": "It is broken"}, PATIENT, "corrupt_input", "It is broken"),
    ("blunder", {"text": "secret"}, PATIENT, "internal", "The processor raised ValueError"),
    ("reject_wrongly", {}, PATIENT, "internal", "The processor raised Rejected"),
    ("answer_nan", {}, PATIENT, "internal", "The processor raised ValidationError"),
    ("answer_surrogate", {}, PATIENT, "internal", "The processor raised PydanticSerializationError"),
    ("reject_surrogate", {}, PATIENT, "corrupt_input", "No ? here"),
    ("fail_with", {"n": errno.EIO}, PATIENT, "internal", "The processor raised OSError"),
    ("wait", {}, SILENT, "stalled", "Processing made no progress for 0.3 s"),
    ("halt", {}, SILENT, "stalled", "Processing made no progress for 0.3 s"),
    ("wait_politely", {}, SHORT, "timeout", "Processing took longer than 0.3 s"),
    ("ignore_requests", {}, SHORT, "timeout", "Processing took longer than 0.3 s"),
    ("spin", {}, SMALL, "timeout", "Processing took more than 1 s of processor time"),
    ("spin_on", {}, SMALL, "timeout", "Processing took more than 1 s of processor time"),
    ("claim_memory", {"n": 2048 * MIB}, SMALL, "out_of_memory", "Processing needed more than 150 MiB of memory"),
    ("run_out_of_memory", {}, SMALL, "out_of_memory", "Processing needed more than 150 MiB of memory"),
    ("eat_memory", {}, SMALL, "out_of_memory", "Processing needed more than 150 MiB of memory"),
    ("write_much", {"n": 17}, SMALL, "limit_exceeded", f"An output is larger than {MIB} bytes"),
    ("write_to_death", {"n": 17}, SMALL, "limit_exceeded", f"An output is larger than {MIB} bytes"),
    ("outputs", {"n": 4}, SMALL, "limit_exceeded", "More than 3 output files"),
    ("answer_much", {"n": 2 * MIB}, PATIENT, "limit_exceeded", f"Its result is larger than {MIB} bytes"),
    ("flood", {}, PATIENT, "limit_exceeded", "It reported too often"),
    ("say", {"text": "\n" * 100_000}, PATIENT, "limit_exceeded", "It reported too often"),
    ("say", {"text": "garbage\n"}, PATIENT, "limit_exceeded", "It wrote what is no report"),
    ("say", {"text": "x" * 2 * MIB}, PATIENT, "limit_exceeded", f"Its result is larger than {MIB} bytes"),
    ("say", {"text": A_RESULT + A_REPORT}, PATIENT, "limit_exceeded", "It went on after its last word"),
    ("say_and_leave", {"text": "garbage\n"}, PATIENT, "limit_exceeded", "It wrote what is no report"),
    ("start_child", {}, PATIENT, "limit_exceeded", "The processor started another process"),
    ("leave_child", {}, PATIENT, "limit_exceeded", "The processor started another process"),
    ("execute", {}, PATIENT, "limit_exceeded", "The processor started another process"),
    ("explode", {"n": 8}, PATIENT, "limit_exceeded", "The processor started another process"),
    ("scatter", {"n": 50}, PATIENT, "limit_exceeded", "The processor started another process"),
]


@pytest.mark.parametrize(("act", "params", "limits", "code", "detail"), FATAL, ids=[row[0] for row in FATAL])
def test_a_misbehaving_processor_ends_its_job_with_one_typed_failure(
    tryout: Tryout, act: str, params: dict[str, Any], limits: Limits, code: str, detail: str
) -> None:
    """In bounded time; and the next job on the same zygote is none the worse for it."""
    attempt = tryout.run(act, limits, **params)
    assert attempt.end.verdict == Failed(JobError(code, detail))
    assert attempt.seconds < 20
    assert isinstance(tryout.run("nothing").end.verdict, Finished)


def test_the_public_detail_of_a_blunder_holds_no_path_and_the_log_holds_all(
    tryout: Tryout, caplog: pytest.LogCaptureFixture
) -> None:
    verdict = tryout.run("blunder", text="the secret").end.verdict
    assert isinstance(verdict, Failed)
    assert "/" not in verdict.error.detail
    assert "ValueError: the secret in /" in caplog.text


def test_neither_clock_is_kept_late(tryout: Tryout) -> None:
    """Half a second is for a busy machine; on a quiet one it takes some milliseconds."""
    assert 0.3 <= tryout.run("wait", SILENT).seconds < 0.8
    assert 0.3 <= tryout.run("wait_politely", SHORT).seconds < 0.8


def test_memory_is_bounded_from_outside_long_before_the_address_space_is(tryout: Tryout) -> None:
    peak = tryout.run("eat_memory", SMALL).end.peak_rss_bytes
    assert peak is not None
    assert 150 * MIB <= peak < (150 + 64) * MIB


def test_fifty_processes_that_fled_into_sessions_of_their_own_do_not_survive(tryout: Tryout) -> None:
    """Also when the cell that they fled from isn't alone, so that nobody can be blamed for sure."""
    stop = Stop()
    waiting = threading.Event()
    with ThreadPoolExecutor(1) as other:
        neighbour = other.submit(tryout.run, "wait", stop=stop, on_report=lambda _: waiting.set())
        assert waiting.wait(10)
        tryout.run("scatter", n=50)
        assert len(tryout.busy()) == 1
        stop.request("cancel")
        assert neighbour.result().end.verdict == Cancelled()
