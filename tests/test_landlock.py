"""Landlock, against the kernel that runs here. What changes a process for good is tried in a child."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest import landlock
from tests.programs import lack

PRELUDE = """
import json, os, sys
from pathlib import Path
from ingest import kernel, landlock
folder = Path(sys.argv[1])
def tried(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"
def say(**outcomes):
    print(json.dumps(outcomes))
def confine(readable, writable):
    walls = landlock.Walls()
    walls.allow(landlock.READ, readable)
    walls.allow(landlock.WRITE, writable)
    return walls.enter()
kernel.forbid_new_privileges()
"""


@pytest.fixture(autouse=True)
def _landlock() -> None:
    if not landlock.version():
        lack("this kernel has no Landlock")


def told(program: str, folder: Path) -> dict[str, str]:
    command = [sys.executable, "-c", PRELUDE + program, str(folder)]
    output: dict[str, str] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("readable", "writable", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


def test_files_are_read_and_written_only_beneath_what_was_named(folder: Path) -> None:
    program = """
assert confine([str(folder / "readable")], [str(folder / "writable")])
say(**{f"{act} {name}": tried(lambda: getattr(folder / name / "file", act)(*text))
       for name in ("readable", "writable", "other")
       for act, *text in (("read_text",), ("write_text", "new"), ("unlink",))})
"""
    assert told(program, folder) == {
        "read_text readable": "done",
        "write_text readable": "PermissionError",
        "unlink readable": "PermissionError",
        "read_text writable": "done",
        "write_text writable": "done",
        "unlink writable": "done",
        "read_text other": "PermissionError",
        "write_text other": "PermissionError",
        "unlink other": "PermissionError",
    }


def test_a_plain_file_can_be_named_too_and_what_is_absent_is_passed_over(folder: Path) -> None:
    program = """
assert confine([str(folder / "other" / "file"), str(folder / "absent")], [])
say(named=tried((folder / "other" / "file").read_text), folder=tried(lambda: os.listdir(folder / "other")))
"""
    assert told(program, folder) == {"named": "done", "folder": "PermissionError"}


def test_open_descriptors_stay_as_they_are(folder: Path) -> None:
    program = """
file = (folder / "other" / "file").open("r+")
assert confine([], [])
say(read=tried(file.read), write=tried(lambda: file.write("x")))
"""
    assert told(program, folder) == {"read": "done", "write": "done"}


def test_it_holds_for_whatever_is_started_later(folder: Path) -> None:
    program = """
import subprocess
assert confine(["/usr", "/lib", "/lib64", "/bin"], [])
cat = lambda: subprocess.run(["cat", folder / "other" / "file"], capture_output=True)
say(program=tried(cat), file=str(cat().returncode))
"""
    assert told(program, folder) == {"program": "done", "file": "1"}


def test_no_file_is_allowed_by_a_link_to_it(folder: Path) -> None:
    program = """
assert confine([], [str(folder / "writable")])
(folder / "writable" / "link").symlink_to(folder / "other" / "file")
say(read=tried((folder / "writable" / "link").read_text))
"""
    assert told(program, folder) == {"read": "PermissionError"}
