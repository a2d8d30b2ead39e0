"""A statement compiled once says what SQLAlchemy would say, to every engine."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Insert, bindparam, create_engine, insert, make_url, select, update
from sqlalchemy.pool import NullPool

from ingest.jobs import life, queries, rows
from ingest.jobs.statement import Statement, _compile
from ingest.jobs.tables import blobs, jobs, metadata, tombstones

POSTGRESQL = make_url("postgresql+psycopg://").get_dialect()()
EVERY = [
    pytest.param(value, id=f"{module.__name__}.{name}")
    for module in (life, queries, rows)
    for name, value in vars(module).items()
    if isinstance(value, Statement)
]


@pytest.fixture
def sql() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=NullPool)
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection


def test_rows_are_written_changed_and_read_by_name(sql: Connection) -> None:
    add, read = Statement(insert(tombstones)), Statement(select(tombstones).order_by(tombstones.c.job_id))
    assert add.run(sql, at=1.0, job_id="a") == 1
    add.run_many(sql, [{"job_id": "b", "at": 2.0}, {"job_id": "c", "at": 3.0}])
    assert [(row.job_id, row.at) for row in read.rows(sql)] == [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    later = Statement(update(tombstones).where(tombstones.c.at > bindparam("after")).values(at=tombstones.c.at + 10))
    assert later.run(sql, after=1.5) == 2
    assert [row.at for row in read.rows(sql)] == [1.0, 12.0, 13.0]


def test_one_row_or_value_is_there_or_is_none(sql: Connection) -> None:
    find = Statement(select(tombstones.c.at).where(tombstones.c.job_id == bindparam("id")))
    assert (find.row(sql, id="a"), find.value(sql, id="a")) == (None, None)
    Statement(insert(tombstones)).run(sql, job_id="a", at=1.0)
    assert (find.row(sql, id="a"), find.value(sql, id="a")) == ((1.0,), 1.0)


def test_what_is_set_may_differ_from_call_to_call(sql: Connection) -> None:
    add = Statement(insert(blobs).returning(blobs.c.id))
    change, read = Statement(update(blobs).where(blobs.c.id == bindparam("which"))), Statement(select(blobs))
    number = add.value(sql, key="k", sha256="s", size=1, created_at=0.0)
    change.run(sql, which=number, size=2)
    change.run(sql, which=number, sha256="t", created_at=5.0)
    assert read.row(sql) == (number, "k", "t", 2, 5.0)


def test_a_list_can_not_be_bound_once_and_for_all(sql: Connection) -> None:
    with pytest.raises(ValueError, match="a list"):
        Statement(select(jobs.c.id).where(jobs.c.id.in_(["a", "b"]))).rows(sql)


@pytest.mark.parametrize("statement", EVERY)
def test_every_statement_can_be_said_to_postgresql(statement: Statement) -> None:
    core = statement._core
    names = [column.name for column in core.table.c] if isinstance(core, Insert) else []
    compiled = _compile(core, POSTGRESQL, names)
    assert isinstance(compiled.arguments(dict.fromkeys(names)), dict)
