"""A cell, seen from inside: what it may, what it has, and what it says of how its processor ended."""

import errno
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest import landlock
from ingest.brood import ENVIRONMENT
from ingest.cell import CRASHED, OPEN_FILES
from ingest.errors import JobError
from ingest.jobs.outcomes import Failed, Interrupted, Retry
from ingest.sandbox import Finished, Left
from processors.base import Limits
from tests.hostile_plugin import Attempt, Tryout, hostile_sandbox
from tests.programs import lack

LIMITS = Limits(address_space_bytes=1 << 30, cpu_seconds=7, output_bytes=5 << 20)
SCOPED = 6  # the version of Landlock that keeps signals in
OUR_SIDE = {
    *("fastapi", "starlette", "uvicorn", "sqlalchemy", "sqlite3", "alembic", "pydantic_settings", "asyncio"),
    *("multiprocessing", "storage", "ingest.settings", "ingest.jobs", "ingest.sandbox", "ingest.brood"),
    *("ingest.wiring", "httpx"),
}


@pytest.fixture(scope="module")
def tryout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tryout]:
    with hostile_sandbox(tmp_path_factory.mktemp("cell")) as tryout:
        yield tryout


@pytest.fixture(scope="module")
def attempt(tryout: Tryout) -> Attempt:
    """One look around."""
    return tryout.run("inspect", LIMITS)


@pytest.fixture(scope="module")
def seen(attempt: Attempt) -> dict[str, Any]:
    assert isinstance(attempt.end.verdict, Finished), attempt.end.verdict
    answer: dict[str, Any] = attempt.end.verdict.result["answer"]
    return answer


# -- what it has


def test_a_cell_has_its_input_its_pipe_and_a_file_for_its_errors_and_nothing_else(
    tryout: Tryout, attempt: Attempt, seen: dict[str, Any]
) -> None:
    descriptors = seen["descriptors"]
    assert [descriptors.pop(number) for number in "012"] == ["/dev/null", "/dev/null", str(attempt.scratch / "stderr")]
    assert sorted(link.partition(":")[0] for link in descriptors.values()) == [str(tryout.folder / "input"), "pipe"]


def test_a_cell_knows_nothing_of_the_workers_environment(attempt: Attempt, seen: dict[str, Any]) -> None:
    home = str(attempt.scratch)
    assert seen["environment"] == {**ENVIRONMENT, "HOME": home, "TMPDIR": home}


def test_a_cell_works_in_its_scratch_folder_and_shares_nothing_there(attempt: Attempt, seen: dict[str, Any]) -> None:
    assert seen["folder"] == str(attempt.scratch)
    assert seen["umask"] == 0o077


def test_temporary_files_go_with_the_scratch_folder(tryout: Tryout) -> None:
    attempt = tryout.run("temporary")
    assert isinstance(attempt.end.verdict, Finished)
    made, current, scratch = attempt.end.verdict.result["answer"]
    assert Path(made).parent == attempt.scratch
    assert current == scratch == str(attempt.scratch)


def test_a_cell_has_loaded_nothing_of_our_side_of_the_wall(seen: dict[str, Any]) -> None:
    assert set(seen["modules"]) & OUR_SIDE == set()


# -- what it may


def test_a_cell_leads_a_session_of_its_own_and_dies_with_the_zygote(tryout: Tryout, seen: dict[str, Any]) -> None:
    assert seen["session"] == seen["group"] == seen["pid"]
    assert seen["parent"] == tryout.zygote
    assert seen["parent_death_signal"] == signal.SIGKILL


def test_a_cell_gains_no_rights_hides_its_memory_and_is_the_first_to_go(seen: dict[str, Any]) -> None:
    assert seen["no_new_privileges"] == 1
    assert seen["dumpable"] == 0
    assert seen["oom_score_adj"] == 1000


def test_a_cell_has_the_limits_of_its_kind(seen: dict[str, Any]) -> None:
    assert seen["limits"] == {
        "AS": [1 << 30, 1 << 30],
        "CPU": [7, 8],
        "FSIZE": [5 << 20, 5 << 20],
        "NOFILE": [OPEN_FILES, OPEN_FILES],
        "CORE": [0, 0],
    }


def test_a_cell_whose_zygote_is_gone_already_does_not_begin() -> None:
    """The death that comes before PR_SET_PDEATHSIG sends no signal."""
    program = """
from ingest import cell
from processors.base import Limits
cell.shut_in(Limits(), 1, cell.build_walls(()), "/")
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == CRASHED


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def test_a_cell_that_was_taken_over_reaches_neither_files_nor_network_nor_processes(
    tryout: Tryout, listener: socket.socket, tmp_path: Path
) -> None:
    """What Landlock takes away; an older kernel takes away less of it."""
    if landlock.version() < SCOPED:
        lack("this kernel's Landlock can't keep signals in")
    (tmp_path / "secret").write_bytes(b"of another job")
    verdict = tryout.run("reach_out", text=str(tmp_path), n=listener.getsockname()[1]).end.verdict
    assert isinstance(verdict, Finished)
    told = verdict.result["answer"]
    allowed = {"scratch", "nowhere", "the interpreter"}
    assert {name for name, outcome in told.items() if outcome == "done"} == allowed
    assert {outcome for name, outcome in told.items() if name not in allowed} <= {"PermissionError", "OSError"}
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    assert (tmp_path / "secret").read_bytes() == b"of another job"
    with pytest.raises(BlockingIOError):
        listener.accept()


# -- what it says


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_not_the_files_fault(tryout: Tryout, number: int) -> None:
    verdict = tryout.run("fail_with", n=number).end.verdict
    assert verdict == Interrupted("There was no space left to process the file")


def test_links_and_pipes_among_the_outputs_are_only_reported_here(tryout: Tryout) -> None:
    """Whoever publishes looks at them; nothing on this side opens them."""
    verdict = tryout.run("leave_traps").end.verdict
    assert verdict == Finished(
        {"answer": None}, tuple(Left(name, "text/plain", {}) for name in ("symlink", "hardlink", "fifo"))
    )


def test_params_that_fit_no_longer_are_the_servers_mistake(tryout: Tryout) -> None:
    """They were right when the job was accepted; the processor has changed since."""
    verdict = tryout.run("nothing", removed_field=1).end.verdict
    assert verdict == Failed(JobError("internal", "The processor raised ValidationError"))


def test_a_cell_that_claims_to_be_cancelled_without_being_asked_may_try_again(tryout: Tryout) -> None:
    assert isinstance(tryout.run("pretend_cancelled").end.verdict, Retry)


def test_a_long_reason_is_cut_and_told(tryout: Tryout) -> None:
    verdict = tryout.run("reject", text="é" * 10_000).end.verdict
    assert verdict == Failed(JobError("corrupt_input", "é" * 500))


def test_what_one_cell_does_to_its_process_the_next_never_sees(tryout: Tryout, seen: dict[str, Any]) -> None:
    tryout.run("spoil")
    verdict = tryout.run("inspect", LIMITS).end.verdict
    assert isinstance(verdict, Finished)
    again = verdict.result["answer"]
    assert again["modules"] == seen["modules"]
    assert again["environment"].keys() == seen["environment"].keys()
