"""prctl and /proc, against the kernel that runs here. What changes a process for good is tried in a child."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import kernel


def tried(program: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """In a session of its own, until its standard input ends."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=True) as process:
        yield process
        process.kill()


def status_of(prelude: str, field: str) -> str:
    print_it = f"print([l.split()[1] for l in open('/proc/self/status') if l.startswith('{field}:')][0])"
    return tried(f"from ingest import kernel\n{prelude}\n{print_it}")


def test_new_privileges_are_forbidden_for_good() -> None:
    assert status_of("", "NoNewPrivs") == "0"
    assert status_of("assert kernel.forbid_new_privileges()", "NoNewPrivs") == "1"


def test_a_hidden_process_belongs_to_root_in_proc_and_dumps_no_core() -> None:
    get = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    assert tried(get) == "1"
    assert tried(f"from ingest import kernel; assert kernel.hide_memory()\n{get}") == "0"


def test_the_out_of_memory_killer_is_pointed_at_the_process() -> None:
    look = "print(open('/proc/self/oom_score_adj').read())"
    assert tried(f"from ingest import kernel; assert kernel.prefer_as_oom_victim()\n{look}") == "1000"


def test_a_child_dies_with_the_thread_that_forked_it() -> None:
    program = """
import os, signal, threading, time
from ingest import kernel
read, write = os.pipe()
def fork():
    if os.fork() == 0:
        kernel.die_with_parent()
        os.write(write, b'.')
        threading.Event().wait()
    os.read(read, 1)
thread = threading.Thread(target=fork)
thread.start(); thread.join()
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert tried(program) == str(-signal.SIGKILL)


def test_a_lowered_limit_is_kept_and_never_raised() -> None:
    program = """
import resource
from ingest import kernel
kernel.lower_limit(resource.RLIMIT_NOFILE, 50, 60)
kernel.lower_limit(resource.RLIMIT_NOFILE, 55, 1000)
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""
    assert tried(program) == "55 60"


def test_all_descriptors_are_closed_but_the_kept_ones() -> None:
    program = """
import os
from ingest import kernel
made = [os.open('/dev/null', os.O_RDONLY) for _ in range(20)]
high = os.sysconf('SC_OPEN_MAX') - 1
os.dup2(made[0], high)
kernel.close_all_but({made[3], made[9]})
def is_open(n):
    try: os.fstat(n)
    except OSError: return False
    return True
print([made.index(n) for n in made if is_open(n)], is_open(high), [is_open(n) for n in (0, 1, 2)])
"""
    assert tried(program) == "[3, 9] False [True, True, True]"


def test_a_process_is_seen_with_its_group_and_session(child: subprocess.Popen[bytes]) -> None:
    seen = kernel.look(child.pid)
    own = kernel.look(os.getpid())
    assert seen is not None
    assert own is not None
    assert (seen.group, seen.session) == (child.pid, child.pid)
    assert (own.group, own.session) == (os.getpgid(0), os.getsid(0))
    assert seen.started >= own.started


def test_a_process_that_is_gone_is_seen_as_nothing(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    assert kernel.look(child.pid) is None
    assert kernel.resident_bytes(child.pid) == 0
    assert kernel.children(child.pid) == []


def test_memory_in_use_is_counted_in_bytes() -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert peak / 10 < kernel.resident_bytes(os.getpid()) < peak * 1.1  # the kernel counts in batches


def test_children_of_every_thread_are_found(child: subprocess.Popen[bytes]) -> None:
    """The kernel keeps them by the thread that forked them."""
    assert kernel.sees_children()
    others: list[subprocess.Popen[bytes]] = []
    done = threading.Event()

    def fork() -> None:
        others.append(subprocess.Popen(["cat"], stdin=subprocess.PIPE))
        done.wait(10)

    thread = threading.Thread(target=fork)
    thread.start()
    while not others:
        thread.join(0.01)
    assert {child.pid, others[0].pid} <= set(kernel.children(os.getpid()))
    done.set()
    thread.join()
    with others[0]:
        others[0].kill()


def test_threads_are_counted_by_the_kernel() -> None:
    before = kernel.count_threads()
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    assert kernel.count_threads() == before + 1
    done.set()
    thread.join()


TREE = """
import os, threading
from ingest import kernel
kernel.adopt_orphans(True)
read, write = os.pipe()
def plant(depth):
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            if depth:
                plant(depth - 1)
            os.write(write, b'.')
            threading.Event().wait()
plant(3)
arrived = 0
while arrived < 30:
    arrived += len(os.read(read, 100))
me = os.getpid()
kernel.end_all(lambda: kernel.children(me))
print(kernel.children(me))
"""


def test_a_whole_tree_of_processes_is_ended_and_reaped() -> None:
    """Two, four, eight and sixteen of them, each in a session of its own."""
    assert tried(TREE) == "[]"


def test_only_the_named_children_are_ended(child: subprocess.Popen[bytes]) -> None:
    victim = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    kernel.end_all(lambda: [pid for pid in kernel.children(os.getpid()) if pid == victim.pid])
    assert not Path(f"/proc/{victim.pid}").exists()
    assert child.poll() is None
    with victim:
        assert victim.wait() == 0  # somebody else has reaped it: that is all that Popen can tell


def test_ending_what_never_ends_is_given_up(child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """As a process in the middle of a read from a broken disk; here, what is found anew each time."""
    monkeypatch.setattr(kernel, "REAP_SECONDS", 0.05)
    began = time.monotonic()
    kernel.end_all(lambda: [child.pid])
    assert time.monotonic() - began < 1
    child.wait()


def test_a_name_is_seen_by_others_and_inherited() -> None:
    program = """
import os
from ingest import kernel
kernel.take_name("a-long-name-for-a-cell")
print(open('/proc/self/comm').read().strip(), flush=True)
if os.fork() == 0:
    print(open('/proc/self/comm').read().strip(), flush=True)
    os._exit(0)
os.wait()
"""
    assert tried(program).split() == ["a-long-name-for"] * 2


def test_the_limits_of_a_container_are_found_in_both_versions_of_cgroups() -> None:
    old = kernel.cgroup_limits("4:memory:/app/1\n1:cpu:/\n")
    assert "/sys/fs/cgroup/memory/app/1/memory.limit_in_bytes" in old
    assert "/sys/fs/cgroup/cpu/cpu.cfs_quota_us" in old
    assert "/sys/fs/cgroup/system.slice/a.service/cpu.max" in kernel.cgroup_limits("0::/system.slice/a.service\n")


def test_a_kernel_without_control_groups_has_none(tmp_path: Path) -> None:
    assert kernel.cgroups(str(tmp_path / "cgroup")) == ""
    (tmp_path / "cgroup").write_bytes(b"0::/caf\xe9\n")
    assert kernel.cgroups(str(tmp_path / "cgroup")) == "0::/caf\ufffd\n"
