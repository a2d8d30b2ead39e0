"""A file that is not the job table it should be is refused, and never replaced by a new one."""

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.jobs import migrate, migrations, open_jobs, sqlite_file
from ingest.jobs.base import StoreRefused
from tests.contracts.jobs import HandClock, accept
from tests.test_jobs_migrations import count, refused


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "jobs.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:{path}"


@pytest.fixture
def made(path: Path, url: str) -> Path:
    """A table with a job in it, closed as after a stop."""
    migrate(url)
    jobs = open_jobs(url)
    accept(jobs, HandClock())
    jobs.close()
    return path


@pytest.fixture
def killed(path: Path, url: str) -> Path:
    """A table with a job in its log only, as after a kill."""
    migrate(url)
    jobs = open_jobs(url)
    accept(jobs, HandClock())
    remains = path.parent.parent / "remains"
    shutil.copytree(path.parent, remains)
    jobs.close()
    return remains / "jobs.db"


@pytest.mark.parametrize("step", ["build", "sync", "rename"])
def test_a_table_whose_making_was_cut_short_is_made_anew(
    url: str, path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*arguments: object) -> None:
        raise OSError("cut short")

    with monkeypatch.context() as patch:
        if step == "build":
            patch.setattr(migrations, "upgrade", cut)
        elif step == "sync":
            patch.setattr(sqlite_file, "_sync", cut)
        else:
            patch.setattr(Path, "rename", cut)
        with pytest.raises(StoreRefused, match="cut short"):
            migrate(url)
    assert not path.exists()
    migrate(url)
    assert count(path) == 0
    assert not list(path.parent.glob("*.new*"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\0" * 8192, "is not a SQLite database"),
        (random.Random(1).randbytes(8192), "is not a SQLite database"),
        (b"SQLite format 3", "is not a SQLite database"),
        (b"SQLite format 3\0" + random.Random(2).randbytes(8192), "is not a SQLite database"),
    ],
    ids=["empty", "zeros", "random", "cut", "random after the header"],
)
def test_a_file_that_is_no_database_is_refused_and_never_replaced(path: Path, content: bytes, words: str) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    refused(path, words)
    with pytest.raises(StoreRefused):
        open_jobs(f"sqlite:{path}")


def test_a_folder_in_the_place_of_the_table_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    refused(path, "is no file")


def test_a_damaged_page_is_found_at_the_start(made: Path) -> None:
    with made.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(random.Random(3).randbytes(4096))
    refused(made, "is damaged")


def test_a_look_at_the_pages_ends_in_time_however_many_there_are(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it had no time to see is found when it is read."""
    monkeypatch.setattr(sqlite_file, "CHECK_SECONDS", 0.0)
    monkeypatch.setattr(sqlite_file, "STEPS", 1)
    with made.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(random.Random(3).randbytes(4096))
    migrate(f"sqlite:{made}")


def test_what_a_killed_process_left_in_the_log_is_there_again(killed: Path) -> None:
    assert killed.with_name("jobs.db-wal").stat().st_size > 0
    migrate(f"sqlite:{killed}")
    assert count(killed) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda log: random.Random(4).randbytes(len(log)),
        lambda log: b"\0\0\0\0" + log[4:],
        lambda log: log[:31],
        lambda log: log[:16] + b"salt" + log[20:],
    ],
    ids=["random", "no magic", "cut", "another salt"],
)
def test_a_log_whose_header_is_damaged_is_refused_since_jobs_may_be_in_it(
    killed: Path, damage: Callable[[bytes], bytes]
) -> None:
    log = killed.with_name("jobs.db-wal")
    log.write_bytes(damage(log.read_bytes()))
    refused(killed, "jobs.db-wal is damaged")


@pytest.mark.parametrize("content", [b"", b"\0" * 32, b"\0" * 8192], ids=["empty", "header", "page"])
def test_a_log_that_was_never_synced_is_empty(made: Path, content: bytes) -> None:
    """A power cut before its first sync may leave zeros: nothing that anybody was told is in it."""
    made.with_name("jobs.db-wal").write_bytes(content)
    migrate(f"sqlite:{made}")
    assert count(made) == 1


def test_a_log_without_its_table_is_refused(killed: Path) -> None:
    """SQLite would play the old log into the new table."""
    killed.unlink()
    refused(killed, "is gone, but its log")
    assert not killed.exists()


@pytest.mark.parametrize("content", [b"", random.Random(5).randbytes(32768)], ids=["empty", "random"])
def test_shared_memory_is_only_an_index_and_is_made_anew(killed: Path, content: bytes) -> None:
    killed.with_name("jobs.db-shm").write_bytes(content)
    migrate(f"sqlite:{killed}")
    assert count(killed) == 1


def test_a_look_at_the_file_takes_no_lock_away_from_this_process(made: Path, url: str) -> None:
    """Without it, the next process that closes the table would take itself for the last and remove the log."""
    jobs = open_jobs(url)
    accept(jobs, HandClock())
    open_jobs(url).close()
    migrate(url)
    subprocess.run([sys.executable, "-c", f"from ingest.jobs import open_jobs; open_jobs({url!r}).close()"], check=True)
    accept(jobs, HandClock())
    assert made.with_name("jobs.db-wal").exists()
    seen = subprocess.run(
        [sys.executable, "-c", f"from ingest.jobs import open_jobs; print(open_jobs({url!r}).counts()['queued'])"],
        check=True,
        capture_output=True,
    )
    assert seen.stdout == b"3\n"
    jobs.close()
