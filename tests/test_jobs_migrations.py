"""A job table is made whole or not at all, is never replaced by a new one, and fits the program or is refused."""

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

from ingest.jobs import migrate, migrations, open_jobs
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


def count(path: Path) -> int:
    jobs = open_jobs(f"sqlite:{path}")
    waiting = jobs.counts()["queued"]  # type: ignore[index]
    jobs.close()
    return waiting


def refused(path: Path, words: str) -> None:
    """By whoever migrates; and the file is still what it was."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreRefused, match=words):
        migrate(f"sqlite:{path}")
    assert (path.read_bytes() if path.is_file() else None) == before


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
