"""The doctor tells a whole installation and a sound data folder from broken ones."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ingest import __version__
from ingest.doctor import Finding, examine
from tests.architecture import REPOSITORY
from tests.server import clean_environment


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DROPOFF_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def found(what: str) -> Finding:
    (finding,) = (finding for finding in examine() if finding.what == what)
    return finding


def make_table(data: Path) -> Path:
    data.mkdir()
    table = data / "jobs.db"
    connection = sqlite3.connect(table)
    connection.execute("CREATE TABLE job (id TEXT PRIMARY KEY, words TEXT)")
    connection.executemany("INSERT INTO job VALUES (?, ?)", [(str(n), "x" * 500) for n in range(200)])
    connection.commit()
    connection.close()
    return table


def test_this_installation_is_whole(data: Path) -> None:
    assert [finding for finding in examine() if not finding.good] == []
    assert found("dropoff").detail == __version__
    assert found("packages lie side by side").detail == str(REPOSITORY)


def test_a_data_folder_that_is_not_there_yet_is_no_fault(data: Path) -> None:
    assert found("data folder").good
    assert "does not exist yet" in found("data folder").detail


@pytest.mark.parametrize(("program", "good"), [(sys.executable, True), ("/nowhere/ffmpeg", False), ("ffmpeg", False)])
def test_a_program_of_the_operators_own_is_looked_for(
    program: str, good: bool, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DROPOFF_FFMPEG", program)
    assert found("ffmpeg").good == good
    assert program in found("ffmpeg").detail


def test_a_sound_job_table_is_called_so(data: Path) -> None:
    make_table(data)
    assert found("job table") == Finding("job table", True, "ok")


def test_a_damaged_job_table_is_found(data: Path) -> None:
    table = make_table(data)
    with table.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 8192)
    assert not found("job table").good


def test_what_is_no_table_at_all_is_found(data: Path) -> None:
    data.mkdir()
    (data / "jobs.db").write_bytes(b"not a database, but long enough to be read as the header of one" * 50)
    assert not found("job table").good


def test_a_job_table_elsewhere_is_looked_at_there(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = make_table(data).rename(data.parent / "elsewhere.db")
    monkeypatch.setenv("DROPOFF_JOBS", f"sqlite:{elsewhere}")
    assert found("job table").good
    elsewhere.write_bytes(b"damaged" * 100)
    assert not found("job table").good


def test_looking_changes_nothing_in_the_data_folder(data: Path) -> None:
    table = make_table(data)
    before = table.read_bytes()
    found("job table")
    assert table.read_bytes() == before
    assert [path.name for path in data.iterdir()] == ["jobs.db"]


def test_too_little_space_is_found(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.mkdir()
    assert found("free space").good
    monkeypatch.setenv("DROPOFF_RESERVE_BYTES", str(1 << 62))
    assert not found("free space").good


def test_a_package_that_somebody_installed_over_ours_is_found(tmp_path: Path) -> None:
    """Distributions called `storage` and `processors` exist: ahead of ours on the path they hide it."""
    foreign = tmp_path / "foreign" / "storage"
    foreign.mkdir(parents=True)
    (foreign / "__init__.py").touch()
    program = (
        f"import sys; sys.path[:0] = [{str(foreign.parent)!r}]\n"
        "from ingest.doctor import examine\n"
        "print([f.good for f in examine() if f.what == 'packages lie side by side'])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=clean_environment()
    )
    assert ran.stdout.strip() == "[False]"


def test_the_command_prints_its_findings_and_fails_for_a_bad_one(data: Path) -> None:
    command = [shutil.which("dropoff", path=str(Path(sys.executable).parent)) or "dropoff", "doctor"]
    environment = {**clean_environment(), "DROPOFF_DATA": str(data)}
    whole = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert whole.returncode == 0
    assert all(line.startswith("ok ") for line in whole.stdout.splitlines())
    data.mkdir()
    (data / "jobs.db").write_bytes(b"damaged" * 100)
    broken = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert broken.returncode == 1
    assert "BAD  job table" in broken.stdout
