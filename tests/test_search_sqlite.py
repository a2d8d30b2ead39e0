"""The index of texts in SQLite: the contract, and what is its own: damage, old versions, many documents."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ingest.search import open_search, sqlite_file
from ingest.search.base import IndexDamaged, IndexUnavailable, SearchIndex
from ingest.search.sqlite import SqliteIndex
from tests.contracts.search import FindingContract, document, found, write
from tests.contracts.search_writing import WritingContract


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "search.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:{path}"


class TestSqliteIndex(FindingContract, WritingContract):
    """Everything that the contract asks for."""


def prepared(path: Path) -> SearchIndex:
    index = SqliteIndex(path)
    index.prepare()
    return index


@pytest.mark.parametrize(("url", "words"), [("sqlite:", "needs a file"), ("redis://secret@host", "redis")])
def test_an_address_that_names_no_index_is_refused(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        open_search(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("content", [b"this is no database at all " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_what_is_no_database_is_damage_and_can_be_discarded(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    index = SqliteIndex(path)
    with pytest.raises(IndexDamaged):
        index.prepare()
    assert path.read_bytes() == content
    index.discard()
    index.prepare()
    write(index, document("word"))
    assert found(index, "word") == ["file-0.txt"]
    index.close()


def test_an_index_of_another_version_is_damage(path: Path) -> None:
    prepared(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {sqlite_file.VERSION + 1}")
    index = SqliteIndex(path)
    with pytest.raises(IndexDamaged, match="not an index that this program wrote"):
        index.prepare()
    index.close()


def test_somebody_elses_database_is_damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    index = SqliteIndex(path)
    with pytest.raises(IndexDamaged):
        index.prepare()
    index.close()


def test_a_log_without_its_file_is_not_taken_for_that_of_a_new_one(path: Path) -> None:
    index = prepared(path)
    write(index, document("word"))
    path.unlink()
    other = prepared(path)
    assert other.watermark() == 0
    write(other, document("other"))
    assert found(index, "other") == ["file-0.txt"]
    assert found(index, "word") == []
    index.close()
    other.close()


def test_a_folder_that_can_not_be_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    index = SqliteIndex(tmp_path / "file" / "search.db")
    with pytest.raises(IndexUnavailable), index.alone():
        pass
    with pytest.raises(IndexUnavailable):
        index.prepare()


def test_an_index_that_was_emptied_is_sound(path: Path) -> None:
    """FTS5 compares what it has with what it should have: removal has to say the very words that were written."""
    index = prepared(path)
    documents = [document(f"naïve 東京{n} word", n, name=f"Größe {n}", metadata={"é": f"ü {n}"}) for n in range(50)]
    write(index, *documents)
    index.remove([one.job_id for one in documents])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        connection.execute("INSERT INTO titles (titles) VALUES ('optimize')")
        for table in ("words", "titles"):
            connection.execute(f"CREATE VIRTUAL TABLE temp.of_{table} USING fts5vocab('main', '{table}', 'row')")
            assert connection.execute(f"SELECT * FROM of_{table}").fetchall() == []
        assert connection.execute("SELECT count(*) FROM passages").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    index.close()


def test_nobody_else_may_read_what_was_dropped_off(path: Path) -> None:
    index = prepared(path)
    write(index, document("word"))
    modes = {member.name: member.stat().st_mode & 0o777 for member in path.parent.iterdir()}
    assert {"search.db", "search.db-wal"} <= modes.keys()
    assert set(modes.values()) == {0o600}
