"""The make targets do what the README says, against a real server, and refuse clearly where Dropoff can't run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture import REPOSITORY
from tests.server import Server, clean_environment, running_server
from tests.test_docs import make_targets

HERE = Path(sys.executable).parent


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("make")) as running:
        yield running


def outside_of_make() -> dict[str, str]:
    """`make test` hands its flags on; the make of a test is nobody's child."""
    return {name: value for name, value in clean_environment().items() if not name.startswith("MAKE")}


def make(*arguments: str, cwd: Path = REPOSITORY, **environment: str) -> subprocess.CompletedProcess[str]:
    """With the environment that runs this test; whatever it is, `.venv` is not made anew."""
    return subprocess.run(
        ["make", "--assume-old=.venv/.ready", f"BIN={HERE}", *arguments],
        cwd=cwd,
        env={**outside_of_make(), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_help_is_the_default_and_names_every_target() -> None:
    shown = make().stdout
    assert shown == make("help").stdout
    assert [
        target for target, words in make_targets().items() if f"make {target}" not in shown or words not in shown
    ] == []


@pytest.mark.parametrize(
    ("target", "kinds"),
    [
        ("drop-image", ["image"]),
        ("drop-text", ["text", "text", "text"]),
        ("drop-video", ["video"]),
        ("drop-document", ["document", "document"]),
        ("drop-samples", ["image", "text", "text", "text", "video", "document", "document"]),
    ],
)
def test_dropping_samples_follows_their_jobs_to_the_end(server: Server, target: str, kinds: list[str]) -> None:
    dropped = make("--silent", target, DROPOFF_URL=server.url)
    assert dropped.returncode == 0, dropped.stderr
    ends = [line for line in dropped.stdout.splitlines() if '"state": "succeeded"' in line]
    assert [
        kind for line in ends for kind in ("image", "text", "video", "document") if f'"kind": "{kind}"' in line
    ] == kinds


def test_dropping_a_file_takes_its_name_and_kind(server: Server, tmp_path: Path) -> None:
    note = tmp_path / "a note.txt"
    note.write_text("with a space in its name\n")
    dropped = make("--silent", "drop", f"FILE={note}", "KIND=text", DROPOFF_URL=server.url)
    assert dropped.returncode == 0, dropped.stderr
    assert '"name": "a note.txt"' in dropped.stdout


def test_dropping_nothing_explains_itself() -> None:
    refused = make("drop")
    assert refused.returncode == 2
    assert "usage: make drop FILE=path" in refused.stderr


def test_the_demo_does_the_whole_main_job(tmp_path: Path) -> None:
    """As `make demo` runs it, but leaving its results elsewhere."""
    command = [sys.executable, "-m", "scripts.demo"]
    environment = {**clean_environment(), "PYTHONPATH": str(REPOSITORY)}
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "all 5 jobs succeeded" in ran.stdout
    assert {path.name for path in (tmp_path / "build" / "demo").iterdir()} >= {"image", "video", "document"}


# -- where it can't run: in a copy of what `make setup` reads, with other tools first on the path


def set_up(folder: Path, **scripts: str) -> subprocess.CompletedProcess[str]:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(REPOSITORY / name, folder)
    tools = folder / "tools"
    tools.mkdir()
    for name, text in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    return subprocess.run(
        ["make", "setup"],
        cwd=folder,
        env={**outside_of_make(), "PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_another_system_is_refused_by_its_name(tmp_path: Path) -> None:
    refused = set_up(tmp_path, uname="echo Darwin", python3="exit 99")
    assert refused.returncode != 0
    assert "Dropoff runs on Linux only" in refused.stderr
    assert not (tmp_path / ".venv").exists()


def test_an_old_python_is_refused_by_what_is_needed(tmp_path: Path) -> None:
    refused = set_up(tmp_path, python3="exit 1")
    assert refused.returncode != 0
    assert "Dropoff needs Python 3.11 or newer" in refused.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_python_without_venv_is_refused_by_what_to_install(tmp_path: Path) -> None:
    refused = set_up(tmp_path, python3='case "$2" in *venv*) exit 1;; esac')
    assert refused.returncode != 0
    assert "This Python has no venv" in refused.stderr
    assert not (tmp_path / ".venv").exists()
