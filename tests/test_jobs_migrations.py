"""A job table is made whole or not at all, is never replaced by a new one, and fits the program or is refused."""

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from ingest.jobs import migrate, migrations, open_jobs, sqlite_file
from ingest.jobs.base import StoreRefused
from ingest.jobs.tables import metadata
from tests.contracts.jobs import HandClock, accept

SECOND = '''"""A step that came later."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.add_column("jobs", sa.Column("later", sa.Text))
'''


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


def count(path: Path) -> int:
    jobs = open_jobs(f"sqlite:{path}")
    waiting = jobs.counts()["queued"]  # type: ignore[index]
    jobs.close()
    return waiting


def schema(path: Path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    statements = dict(found.fetchall())
    connection.close()
    return statements


def test_a_table_that_is_missing_is_made_for_its_user_alone_and_then_left_as_it_is(made: Path, url: str) -> None:
    assert made.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in made.parent.iterdir()} == {"jobs.db", "jobs.db-lock"}
    before = made.read_bytes()
    migrate(url)
    assert made.read_bytes() == before
    assert count(made) == 1


def test_the_migrations_make_what_the_code_works_with(made: Path, tmp_path: Path) -> None:
    """To the letter, partial indexes and all."""
    straight = create_engine(f"sqlite:///{tmp_path}/straight.db", poolclass=NullPool)
    metadata.create_all(straight)
    migrated = schema(made)
    assert migrated.pop("alembic_version")
    assert migrated == schema(tmp_path / "straight.db")
    with create_engine(f"sqlite:///{made}", poolclass=NullPool).connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_the_program_works_with_the_newest_revision() -> None:
    assert ScriptDirectory.from_config(migrations._config()).get_heads() == [migrations.HEAD]


def test_alembic_is_loaded_to_migrate_and_never_to_serve(url: str, path: Path) -> None:
    program = f"""
import sys
from ingest.jobs import migrate, open_jobs
assert "alembic" not in sys.modules
migrate({url!r})
assert sys.modules.pop("alembic")
open_jobs({url!r}).close()
migrate({url!r})
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


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


def refused(path: Path, words: str) -> None:
    """By whoever migrates; and the file is still what it was."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreRefused, match=words):
        migrate(f"sqlite:{path}")
    assert (path.read_bytes() if path.is_file() else None) == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\0" * 8192, "is not a SQLite database"),
        (random.Random(1).randbytes(8192), "is not a SQLite database"),
        (b"SQLite format 3", "is not a SQLite database"),
        (b"SQLite format 3\0" + random.Random(2).randbytes(8192), "is damaged"),
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
    refused(path, "Is a directory")


def test_the_database_of_another_program_is_refused(path: Path, url: str) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE jobs (id)")
    other.close()
    refused(path, "not a job table of Dropoff")
    with pytest.raises(StoreRefused, match="has the schema None"):
        open_jobs(url)


def test_a_table_that_is_newer_than_the_program_is_refused(made: Path, url: str) -> None:
    connection = sqlite3.connect(made)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    refused(made, "has the schema 9999, which is newer than this program")
    with pytest.raises(StoreRefused, match="has the schema 9999"):
        open_jobs(url)


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


@pytest.fixture
def later_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Turns this program into one of a later version, whose second step is the one given."""

    def install(second: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(Path(migrations.__file__).parent, folder)
        (folder / "versions" / "v0002_later.py").write_text(second)
        monkeypatch.setattr(migrations, "__file__", str(folder / "__init__.py"))
        monkeypatch.setattr(migrations, "HEAD", "0002")

    return install


def test_an_older_table_is_upgraded_with_all_that_is_in_it(
    made: Path, url: str, later_program: Callable[[str], None]
) -> None:
    later_program(SECOND)
    with pytest.raises(StoreRefused, match="has the schema 0001, and this program works with 0002"):
        open_jobs(url)
    migrate(url)
    assert "later TEXT" in schema(made)["jobs"]
    assert count(made) == 1


def test_an_upgrade_that_fails_leaves_the_table_as_it_was(
    made: Path, url: str, later_program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = schema(made)
    later_program(SECOND + '    raise LookupError("half way")\n')
    with pytest.raises(LookupError, match="half way"):
        migrate(url)
    monkeypatch.undo()
    assert schema(made) == before
    assert count(made) == 1


def test_a_table_that_somebody_else_holds_is_refused_in_time(
    made: Path, later_program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.jobs.PATIENCE_SECONDS", 0.1)
    later_program(SECOND)
    shell = sqlite3.connect(made, isolation_level=None)
    shell.execute("BEGIN IMMEDIATE")
    refused(made, "database is locked")
    shell.close()


@pytest.mark.parametrize(
    ("url", "words"),
    [("", "scheme"), ("jobs.db", "scheme"), ("mysql://user:secret@host/db", "'mysql'"), ("sqlite:", "needs a file")],
)
@pytest.mark.parametrize("call", [open_jobs, migrate])
def test_an_address_that_names_no_table_is_refused_without_repeating_a_password(
    call: Callable[[str], object], url: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words) as raised:
        call(url)
    assert "secret" not in str(raised.value)
