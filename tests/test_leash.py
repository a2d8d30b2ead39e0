"""A child hears its parent's commands, and its parent's death, however that came."""

import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from ingest.leash import DRAIN, STOP, Leash

WAIT_SECONDS = 10.0

CHILD = """
import sys, threading, os
from ingest.leash import Leash
Leash(int(sys.argv[1]), on={}, on_gone=lambda: os._exit(7))
print("ready", flush=True)
threading.Event().wait()
"""

# A parent that starts such a child, tells its pid, and waits to be killed.
PARENT = """
import socket, subprocess, sys
ours, theirs = socket.socketpair()
child = subprocess.Popen([sys.executable, "-c", sys.argv[1], str(theirs.fileno())],
    pass_fds=[theirs.fileno()], stdout=subprocess.PIPE)
theirs.close()
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
"""


class Held:
    """Both ends of a leash, and what the child heard."""

    def __init__(self) -> None:
        self.parent, child = socket.socketpair()
        self.heard: list[str] = []
        self.gone = threading.Event()
        self.news = threading.Condition()
        on: dict[str, Callable[[], None]] = {DRAIN: lambda: self._hear(DRAIN), STOP: lambda: self._hear(STOP)}
        Leash(child.detach(), on=on, on_gone=self.gone.set)

    def _hear(self, command: str) -> None:
        with self.news:
            self.heard.append(command)
            self.news.notify_all()

    def hears(self, *commands: str) -> bool:
        with self.news:
            return self.news.wait_for(lambda: self.heard == list(commands), WAIT_SECONDS)


def test_commands_arrive_in_their_order() -> None:
    held = Held()
    held.parent.sendall(f"{DRAIN}\n{STOP}\n".encode())
    assert held.hears(DRAIN, STOP)
    held.parent.close()
    assert held.gone.wait(WAIT_SECONDS)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_command_that_comes_in_pieces_is_heard_once(size: int) -> None:
    held = Held()
    line = f"{DRAIN}\n".encode()
    for start in range(0, len(line), size):
        held.parent.sendall(line[start : start + size])
    assert held.hears(DRAIN)
    held.parent.close()
    assert held.gone.wait(WAIT_SECONDS)


def test_the_end_of_the_stream_means_that_the_parent_is_gone() -> None:
    held = Held()
    held.parent.close()
    assert held.gone.wait(WAIT_SECONDS)
    assert held.heard == []


@pytest.mark.parametrize("noise", [b"dance\n", b"\n", b"\xff\xfe\n", b"dra"])
def test_noise_on_the_leash_neither_drains_nor_keeps_the_child_alive(noise: bytes) -> None:
    """A program of another version may hold the other end: what it says is passed over, its end is heard."""
    held = Held()
    held.parent.sendall(noise)
    held.parent.close()
    assert held.gone.wait(WAIT_SECONDS)
    assert held.heard == []


def test_a_child_whose_command_failed_does_not_live_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing would hear the parent's end any more."""
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    parent, child = socket.socketpair()
    gone = threading.Event()
    Leash(child.detach(), on={DRAIN: fail}, on_gone=gone.set)
    listener = [thread for thread in threading.enumerate() if thread.name == "leash"][-1]
    parent.sendall(f"{DRAIN}\n".encode())
    assert gone.wait(WAIT_SECONDS)
    listener.join(WAIT_SECONDS)
    assert len(told) == 1
    parent.close()


def fail() -> None:
    raise ZeroDivisionError


def test_a_child_dies_with_a_parent_that_was_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        watched = os.pidfd_open(child)
        parent.kill()
        assert select.select([watched], [], [], WAIT_SECONDS)[0], "the child lives on"
        os.close(watched)
