"""seccomp, against the kernel that runs here. What changes a process for good is tried in a child."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ingest import seccomp
from tests.programs import lack

PRELUDE = """
import ctypes, errno, json, os, sys
from ingest import kernel, seccomp
libc = ctypes.CDLL(None, use_errno=True)
def call(number):
    ctypes.set_errno(0)
    answer = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(-1)] * 6)
    return errno.errorcode.get(ctypes.get_errno(), "") if answer == -1 else "done"
kernel.forbid_new_privileges()
"""
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}

known = pytest.mark.skipif(os.uname().machine not in seccomp.ARCHITECTURES, reason="an architecture without a list")


def told(program: str) -> Any:
    command = [sys.executable, "-c", PRELUDE + program]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@known
def test_every_forbidden_call_fails_and_would_not_otherwise_in_that_way() -> None:
    """With six arguments of -1 the kernel finds fault with the arguments, or the right, before it does anything."""
    program = """
numbers = seccomp.ARCHITECTURES[os.uname().machine].forbidden
numbers = {name: number for name, number in numbers.items() if name not in ("personality", "unshare")}
before = {name: call(number) for name, number in numbers.items()}
assert seccomp.forbid()
print(json.dumps([before, {name: call(number) for name, number in numbers.items()}]))
"""
    before, after = told(program)
    assert set(after.values()) == {"EPERM"}
    assert before["socket"] != "EPERM"


@known
def test_there_is_no_network_of_any_sort_and_all_else_works() -> None:
    program = """
import socket, subprocess, threading
def tried(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"
assert seccomp.forbid()
thread = threading.Thread(target=len, args=[()])
thread.start(); thread.join()
families = {"inet": socket.AF_INET, "inet6": socket.AF_INET6, "unix": socket.AF_UNIX, "netlink": socket.AF_NETLINK}
outcomes = {name: tried(lambda: socket.socket(family, socket.SOCK_DGRAM)) for name, family in families.items()}
outcomes["a program"] = tried(lambda: subprocess.run(["true"], check=True))
outcomes["what it starts"] = subprocess.run([sys.executable, "-c", "import socket; socket.socket()"],
                                            capture_output=True, text=True).stderr.splitlines()[-1].partition(":")[0]
print(json.dumps(outcomes))
"""
    assert told(program) == {
        **dict.fromkeys(("inet", "inet6", "unix", "netlink"), "PermissionError"),
        "a program": "done",
        "what it starts": "PermissionError",
    }


@pytest.mark.parametrize("machine", sorted(seccomp.ARCHITECTURES))
def test_the_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    header = HEADERS[machine]
    if not header.exists():
        lack(f"{header} is not installed")
    numbers = {name: int(number) for name, number in re.findall(r"#define __NR_(\w+)\s+(\d+)", header.read_text())}
    forbidden = seccomp.ARCHITECTURES[machine].forbidden
    assert {name: number for name, number in forbidden.items() if numbers.get(name, number) != number} == {}
    assert len(set(forbidden) & set(numbers)) > 20
