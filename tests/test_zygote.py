"""The zygote: warm and single-threaded or not at all, and nothing of it outlives it or its worker."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ingest import attend, kernel, landlock
from ingest.brood import ENVIRONMENT
from ingest.errors import JobError
from ingest.jobs.outcomes import Failed, Interrupted, Released, Retry
from ingest.sandbox import Finished, Sandbox, SandboxError
from processors.base import Limits, Report
from tests.architecture import REPOSITORY
from tests.hostile_plugin import PATIENT, SITE, Attempt, Tryout, busy, hostile_sandbox, processes, until
from tests.plugin import interpreter


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return interpreter(tmp_path_factory.mktemp("python"), SITE)


@pytest.fixture
def tryout(tmp_path: Path, python: Path) -> Iterator[Tryout]:
    """Each test has a zygote of its own, since most of them kill it."""
    with hostile_sandbox(tmp_path, python) as tryout:
        yield tryout


# -- warming


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("warms_badly", "warms_badly: warming it raised OSError: no such decoder"),
        ("warms_with_thread", "warms_with_thread: warming it started a thread"),
        ("warms_fatally", f"warms_fatally: warming it ended the zygote with status -{signal.SIGABRT.value}"),
        ("warms_forever", "warms_forever: it was not warm after 1 s"),
        ("unheard_of", "unheard_of: no processor of that name is installed"),
    ],
)
def test_a_kind_that_can_not_be_warmed_is_named_and_nothing_stays(python: Path, kind: str, reason: str) -> None:
    with pytest.raises(SandboxError, match=reason):
        Sandbox([kind, "hostile"], python=str(python), warm_seconds=1 if kind == "warms_forever" else 60)
    assert processes(python) == set()


def test_of_many_kinds_the_one_that_can_not_be_warmed_speaks_alone(
    python: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Those that are warm too late, when nobody wants them any more, end without a word."""
    with pytest.raises(SandboxError, match="no such decoder"):
        Sandbox(["warms_badly", "image", "video"], python=str(python))
    assert processes(python) == set()
    assert capfd.readouterr().err == ""


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="python can't be executed: No such file"):
        Sandbox(["hostile"], python=str(tmp_path / "python"))


def test_the_zygote_has_one_thread_and_only_the_descriptors_it_needs(
    python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the worker has open, even inheritably, and its environment stay with the worker, but for the processors'."""
    monkeypatch.setenv("DROPOFF_API_KEY", "secret")
    secret = os.memfd_create("secret", flags=0)
    settings = {"DROPOFF_IMAGE_BACKEND": "fast"}
    with closing(Sandbox(["hostile"], settings=settings, python=str(python))):
        zygote = min(processes(python), key=started)
        assert until(lambda: len(processes(python)) == 2)
        links = sorted(os.readlink(entry).split("[")[0] for entry in Path(f"/proc/{zygote}/fd").iterdir())
        # control, both ends of the death bell, and the spare cell's; the selector; standard input, output and error
        errors = os.readlink("/proc/self/fd/2").split("[")[0]
        assert links == sorted([*["socket:"] * 4, "anon_inode:", *["/dev/null"] * 2, errors])
        environment = Path(f"/proc/{zygote}/environ").read_text().rstrip("\0").split("\0")
        assert dict(item.split("=", 1) for item in environment) == {**ENVIRONMENT, **settings}
        assert len(list(Path(f"/proc/{zygote}/task").iterdir())) == 1
    os.close(secret)


def started(pid: int) -> int:
    process = kernel.look(pid)
    assert process is not None
    return process.started


def test_every_protection_that_this_machine_grants_is_told(python: Path) -> None:
    with closing(Sandbox(["hostile"], python=str(python))) as sandbox:
        absent = set() if landlock.version() else {"landlock"}
        assert {name for name, active in sandbox.protections.items() if not active} == absent
        assert {"zygote", "process_group", "rlimits", "parent_death_signal"} <= set(sandbox.protections)


# -- the zygote dies, or hangs


def kill(zygote: int) -> None:
    """And wait until it has let go of its sockets."""
    os.kill(zygote, signal.SIGKILL)
    assert until(lambda: Path(f"/proc/{zygote}/stat").read_text().rpartition(")")[2].split()[0] == "Z")


@contextmanager
def waiting(tryout: Tryout, *acts: str, limits: Limits = PATIENT) -> Iterator[list[Future[Attempt]]]:
    """Cells that have all said that they wait."""
    together = threading.Barrier(len(acts) + 1, timeout=20)
    met: set[int] = set()

    def meet(_report: Report) -> None:
        if threading.get_ident() not in met:
            met.add(threading.get_ident())
            together.wait()

    with ThreadPoolExecutor(len(acts)) as threads:
        attempts = [threads.submit(tryout.run, act, limits, on_report=meet, n=20) for act in acts]
        together.wait()
        yield attempts


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_when_the_zygote_dies_its_cells_are_gone_and_the_next_job_runs(
    tryout: Tryout, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what they had started, even out of their session; and nobody blames the files."""
    monkeypatch.setattr(attend, "LOOK_SECONDS", 3600)  # or the watch would find what they start
    before = tryout.zygote
    with waiting(tryout, "wait", "ignore_requests", "scatter_and_wait") as attempts:
        assert len(tryout.busy()) == 3 + 20
        os.kill(before, number)
        verdicts = [attempt.result(10).end.verdict for attempt in attempts]
    assert verdicts == [Interrupted("The process that holds the cells died")] * 3
    assert tryout.processes() == set()
    assert isinstance(tryout.run("nothing").end.verdict, Finished)
    assert tryout.zygote != before


def test_a_zygote_that_dies_takes_the_cells_of_its_kind_alone(tmp_path: Path, python: Path) -> None:
    """Those of other kinds are not even asked to stop; and the next job of its kind runs."""
    with closing(Sandbox(["hostile", "also_hostile"], python=str(python))) as sandbox:
        tryout = Tryout(sandbox, tmp_path, python)
        with waiting(tryout, "wait_politely") as (attempt,):
            (cell,) = tryout.busy()
            before = zygotes(python)
            kill(before["also_hostile"])
            assert isinstance(tryout.run("nothing", kind="also_hostile").end.verdict, Finished)
            assert tryout.busy() == {cell}
            assert not attempt.done()
            os.kill(cell, signal.SIGTERM)
            assert isinstance(attempt.result(10).end.verdict, Retry)
        after = zygotes(python)
        assert after["hostile"] == before["hostile"]
        assert after["also_hostile"] != before["also_hostile"]


def zygotes(python: Path) -> dict[str, int]:
    """The pid of each kind's."""
    own = (pid for pid in processes(python) if pid in kernel.children(os.getpid()))
    return {Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").rpartition("\0")[2]: pid for pid in own}


def test_what_a_dead_zygote_left_to_us_is_told_from_our_own_children(tryout: Tryout) -> None:
    """A fork that had come no further than the zygote's own group is ended; a helper of ours is not."""
    zygote = tryout.zygote
    with (
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, process_group=zygote) as fork,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as helper,
    ):
        kill(zygote)
        assert isinstance(tryout.run("nothing").end.verdict, Finished)
        assert not Path(f"/proc/{fork.pid}").exists()
        assert helper.poll() is None


def test_a_zygote_that_died_between_two_jobs_costs_neither(tryout: Tryout) -> None:
    kill(tryout.zygote)
    assert isinstance(tryout.run("nothing").end.verdict, Finished)


def test_a_zygote_that_was_stopped_is_replaced(tryout: Tryout, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can't kill the cell any more; its own death can."""
    monkeypatch.setattr(attend, "HUNG_SECONDS", 0.2)
    with waiting(tryout, "wait", limits=Limits(silent_seconds=0.2)) as (attempt,):
        os.kill(tryout.zygote, signal.SIGSTOP)
        verdict = attempt.result(10).end.verdict
    assert verdict == Failed(JobError("stalled", "Processing made no progress for 0.2 s"))
    assert tryout.processes() == set()
    assert isinstance(tryout.run("nothing").end.verdict, Finished)


def test_only_one_zygote_is_started_for_many_jobs_that_wait_for_it(tryout: Tryout) -> None:
    kill(tryout.zygote)
    with waiting(tryout, *["wait"] * 4) as attempts:
        assert len(tryout.processes() - tryout.busy()) <= 2
        assert len(tryout.busy()) == 4
        os.kill(tryout.zygote, signal.SIGKILL)
        assert {type(attempt.result(10).end.verdict) for attempt in attempts} == {Interrupted}


def test_jobs_are_given_back_when_no_zygote_can_be_started(tryout: Tryout) -> None:
    kill(tryout.zygote)
    (borrowed,) = tryout.python.parent.parent.rglob("borrowed.pth")
    paths = borrowed.read_text()
    borrowed.write_text("")
    assert tryout.run("nothing").end.verdict == Interrupted("No cell could be started")
    borrowed.write_text(paths)
    assert isinstance(tryout.run("nothing").end.verdict, Finished)


def test_a_spare_cell_that_was_killed_costs_no_job(tryout: Tryout) -> None:
    """Nor is anybody blamed for it who runs meanwhile."""
    for _ in range(3):
        with waiting(tryout, "wait_politely") as (attempt,):
            assert until(lambda: len(tryout.processes()) == 3)
            (spare,) = tryout.processes() - tryout.busy() - {tryout.zygote}
            os.kill(spare, signal.SIGKILL)
            assert until(lambda spare=spare: spare not in kernel.children(tryout.zygote))  # type: ignore[misc]
            (cell,) = tryout.busy()
            assert tryout.processes() == {cell, tryout.zygote}  # nor is another one forked, for the same fate
            os.kill(cell, signal.SIGTERM)
            assert isinstance(attempt.result(10).end.verdict, Retry)
        assert isinstance(tryout.run("nothing").end.verdict, Finished)


LATE_WISH = """
import os, socket
from ingest import zygote
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
held = zygote.Zygote(ours, None, ())
buried = zygote.Running(os.getpid(), theirs)
theirs.close()
held._obey(buried)
print("alive")
"""


def test_a_wish_that_is_read_after_its_cell_was_buried_is_ignored() -> None:
    """Both can come out of one `select`; by then the line is closed, and the number may be somebody else's."""
    ran = subprocess.run([sys.executable, "-c", LATE_WISH], capture_output=True, text=True, check=True)
    assert ran.stdout == "alive\n"


# -- the worker ends


def test_close_ends_every_cell_and_the_zygote_and_gives_the_jobs_back(
    tryout: Tryout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attend, "LOOK_SECONDS", 3600)
    with waiting(tryout, "wait", "ignore_requests", "scatter_and_wait") as attempts:
        tryout.sandbox.close()
        assert tryout.processes() == set()
        assert [attempt.result(10).end.verdict for attempt in attempts] == [Released()] * 3
    tryout.sandbox.close()
    assert tryout.run("nothing").end.verdict == Released()


def test_nothing_outlives_a_worker_that_was_killed(tmp_path: Path) -> None:
    """Not the zygote, nor cells of any sort, nor what fled from them."""
    acts = ["wait", "wait_politely", "ignore_requests", "scatter_and_wait"]
    command = [sys.executable, "-m", "tests.hostile_plugin.driver", str(tmp_path), *acts]
    python = tmp_path / "python" / "bin" / "python"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as worker:
        assert worker.stdout is not None
        said: set[str] = set()
        while said != set(acts):
            said.add(json.loads(worker.stdout.readline())["act"])
        assert len(busy(python)) == 4 + 20
        worker.kill()
    assert until(lambda: processes(python) == set())
