"""An owner is alive exactly as long as its process is, however that ends."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from ingest import owners
from ingest.owners import Owner

OTHER_PROCESS = """
import sys
from pathlib import Path
from ingest.owners import Owner
with Owner(Path(sys.argv[1]), "worker") as owner:
    print(owner.id, flush=True)
    sys.stdin.read()
"""


def test_an_owner_lives_until_it_is_released(tmp_path: Path) -> None:
    with Owner(tmp_path, "web") as owner:
        assert owners.is_alive(tmp_path, owner.id)
    assert not owners.is_alive(tmp_path, owner.id)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_is_a_dead_owner_at_once(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        owner = process.stdout.readline().strip()
        assert owners.is_alive(tmp_path, owner)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not owners.is_alive(tmp_path, owner)
    owners.forget(tmp_path, owners.dead(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_forgetting_the_dead_leaves_the_living(tmp_path: Path) -> None:
    with Owner(tmp_path, "web") as alive:
        (tmp_path / "worker-here-1-dead").touch()
        owners.forget(tmp_path, owners.dead(tmp_path))
        assert [path.name for path in tmp_path.iterdir()] == [alive.id]


def test_an_owner_that_died_before_it_had_a_name_is_forgotten_too(tmp_path: Path) -> None:
    (tmp_path / ".web-here-1-unborn").touch()
    owners.forget(tmp_path, owners.dead(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_owner_that_is_being_born_survives_whoever_forgets_the_dead(tmp_path: Path) -> None:
    """Its file bears a hidden name until it is locked, and is made again if it was taken for that of the dead."""
    born = threading.Event()

    def forget() -> None:
        while not born.is_set():
            owners.forget(tmp_path, owners.dead(tmp_path))

    with ThreadPoolExecutor(2) as threads, ExitStack() as alive:
        sweeps = [threads.submit(forget) for _ in range(2)]
        try:
            names = {alive.enter_context(Owner(tmp_path, "web")).id for _ in range(200)}
        finally:
            born.set()
        for sweep in sweeps:
            sweep.result()
        assert {path.name for path in tmp_path.iterdir()} == names


def test_two_owners_of_one_process_are_two(tmp_path: Path) -> None:
    with Owner(tmp_path, "web") as one, Owner(tmp_path, "web") as other:
        assert one.id != other.id
        one_path = one.path
    assert not one_path.exists()


def test_a_child_does_not_keep_its_parent_alive(tmp_path: Path) -> None:
    """The lock's descriptor is closed when a child is executed: only the owner itself holds it."""
    with (
        Owner(tmp_path, "worker") as owner,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as child,
    ):
        open_files = {os.readlink(f"/proc/{child.pid}/fd/{n}") for n in os.listdir(f"/proc/{child.pid}/fd")}
        assert str(owner.path) not in open_files


def test_asking_leaves_the_lock_to_its_owner(tmp_path: Path) -> None:
    with Owner(tmp_path, "worker") as owner:
        for _ in range(3):
            assert owners.is_alive(tmp_path, owner.id)
    (tmp_path / "worker-here-1-dead").touch()
    assert not owners.is_alive(tmp_path, "worker-here-1-dead")
    with (tmp_path / "worker-here-1-dead").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody who asked still holds it


def test_an_owner_of_this_host_is_told_from_one_elsewhere(tmp_path: Path) -> None:
    with Owner(tmp_path, "worker") as owner:
        assert owners.is_local(owner.id)
    assert not owners.is_local("worker-another_host-1-abcd")


@pytest.mark.parametrize("owner", ["", "worker", "nonsense"])
def test_an_owner_without_a_host_is_nobody_of_ours(owner: str) -> None:
    assert not owners.is_local(owner)
