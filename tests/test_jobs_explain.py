"""EXPLAIN as a test: on 50,000 jobs, what each method asks finds its index, and nothing walks a whole table."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from ingest.clock import new_id
from ingest.jobs import migrate, open_jobs
from ingest.jobs.base import Account, JobFilter, JobStore, Progress
from ingest.jobs.outcomes import Done
from ingest.jobs.rows import new_row
from ingest.jobs.statement import Statement
from ingest.jobs.states import State
from ingest.jobs.tables import attempts, blobs, events, jobs, outputs
from tests.contracts.jobs import LEASE, OWNER, HandClock, new_job, output, record

ROWS = 50_000
WAITING = 2_000
RUNNING = 4
CHANGES = ("SELECT", "INSERT", "UPDATE", "DELETE")


class RecordingCursor(sqlite3.Cursor):
    log: list[tuple[str, Any]] = []  # noqa: RUF012 - one for all, cleared by each test

    def execute(self, sql: str, parameters: Any = ()) -> Self:
        self.log.append((sql, parameters))
        return super().execute(sql, parameters)


class RecordingConnection(sqlite3.Connection):
    def cursor(self, factory: Any = RecordingCursor) -> Any:
        return super().cursor(factory)


@dataclass(frozen=True, slots=True)
class Scene:
    """A big table, and which jobs in it are what."""

    store: JobStore
    path: Path
    clock: HandClock
    finished: str
    waiting: str
    running: str


def fill(path: Path, clock: HandClock) -> list[str]:
    """Finished jobs, then `WAITING` that wait, then `RUNNING` that run: ids in this order."""
    made, ended = [], []
    for n in range(ROWS):
        row = new_row(new_job(clock, kind="text" if n % 1000 else "video"), n + 1)
        row |= {"started_at": None, "finished_at": None, "owner": None, "attempt": 1}
        if n >= ROWS - RUNNING:
            row |= {"state": State.RUNNING, "owner": OWNER}
        elif n < ROWS - RUNNING - WAITING:
            row |= {"state": State.SUCCEEDED if n % 500 else State.FAILED, "finished_at": clock()}
            ended.append(row["id"])
        made.append(row)
    kept = [{"id": n + 1, "key": f"key-{n}", "sha256": "", "size": 1, "created_at": 0.0} for n in range(ROWS)]
    told = [{"job_id": row["id"], "state": "queued", "at": 0.0, "data": "{}"} for row in made]
    told += [{**event, "state": "running"} for event in told]
    tried = [{"job_id": row["id"], "n": 1, "worker": OWNER, "started_at": 0.0} for row in made]
    plain = {"n": 0, "name": "a", "media_type": "", "attributes": "{}"}
    published = [{"job_id": one, "blob_id": n + 1, **plain} for n, one in enumerate(ended)]
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        for table, rows in ((blobs, kept), (jobs, made), (events, told), (attempts, tried), (outputs, published)):
            Statement(table.insert()).run_many(connection, rows)
    return [row["id"] for row in made]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    path = tmp_path_factory.mktemp("explain") / "jobs.db"
    migrate(f"sqlite:{path}")
    clock = HandClock()
    ids = fill(path, clock)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=RecordingConnection))
        store = open_jobs(f"sqlite:{path}", clock=clock)
        yield Scene(store, path, clock, ids[0], ids[-RUNNING - 1], ids[-1])
        store.close()


def plans(scene: Scene, use: Callable[[Scene], Any]) -> dict[str, list[str]]:
    """Each statement that was run, and how SQLite goes about it. Parameters stay parameters, as in earnest."""
    RecordingCursor.log.clear()
    use(scene)
    ran = [(sql, values) for sql, values in RecordingCursor.log if sql.startswith(CHANGES)]
    connection = sqlite3.connect(scene.path, factory=sqlite3.Connection)
    found = {sql: [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)] for sql, values in ran}
    connection.close()
    return found


Use = Callable[[Scene], Any]


def page(**where: Any) -> Use:
    return lambda it: it.store.page(JobFilter(**where), 20, new_id(it.clock.now + 1))


def accept_and_finish(it: Scene) -> None:
    new = new_job(it.clock)
    record(it.store, new)
    claim = it.store.claim(OWNER, lease_seconds=LEASE, job_id=new.id)
    assert claim is not None
    it.store.progress(claim, Progress(0.5))
    it.store.finish(claim, Done({}, (output("a"),)), Account(OWNER, 0.0, 0.0))


def queue_position(it: Scene) -> None:
    job = it.store.get(it.waiting)
    assert job is not None
    assert it.store.queue_position(job, ROWS) == WAITING - 1


BY_ID = "SEARCH jobs USING INDEX sqlite_autoindex_jobs_1 (id=?)"
HELD = "SEARCH jobs USING INDEX jobs_owned (owner>?)"
CASES: dict[str, tuple[Use, str]] = {
    "get": (lambda it: it.store.get(it.finished), BY_ID),
    "gone": (lambda it: it.store.gone(it.finished), "SEARCH tombstones USING PRIMARY KEY (job_id=?)"),
    "succeeded": (lambda it: it.store.succeeded([it.finished, it.waiting]), BY_ID),
    "page": (page(), "SEARCH jobs USING COVERING INDEX sqlite_autoindex_jobs_1 (id<?)"),
    "page of a kind": (page(kind="video"), "SEARCH jobs USING COVERING INDEX jobs_kind (kind=? AND id<?)"),
    "page of a time": (
        page(since=1.8e9, until=1.8e9 + 50),
        "SEARCH jobs USING INDEX sqlite_autoindex_jobs_1 (id>? AND id<?)",
    ),
    "page of the waiting": (page(state=State.QUEUED), "SCAN jobs USING COVERING INDEX jobs_queue"),
    "page of the running": (page(state=State.RUNNING), HELD),
    "page of the failed": (
        page(state=State.FAILED),
        "SEARCH jobs USING INDEX jobs_finished (state=? AND id<?)",
    ),
    "queue_position": (queue_position, "SEARCH jobs USING COVERING INDEX jobs_queue (priority=? AND id<?)"),
    "events": (lambda it: it.store.events(99_990, 100), "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)"),
    "events of a job": (
        lambda it: it.store.events(0, 100, it.finished),
        "SEARCH events USING INDEX events_job (job_id=? AND seq>?)",
    ),
    "last_seq": (lambda it: it.store.last_seq(), "SEARCH events"),
    "running": (lambda it: it.store.running(), HELD),
    "cancelling": (lambda it: it.store.cancelling(OWNER), "SEARCH jobs USING INDEX jobs_owned (owner=?)"),
    "counts": (lambda it: it.store.counts(), "SCAN jobs USING COVERING INDEX jobs_queue"),
    "known_keys": (
        lambda it: it.store.known_keys(["key-1"]),
        "SEARCH jobs USING INDEX jobs_blob (blob_id=?)",
    ),
    "rescue": (lambda it: it.store.rescue(lambda *_: True), HELD),
    "expire": (lambda it: it.store.expire(100), "SEARCH jobs USING INDEX jobs_expiry (expires_at<?)"),
    "claim": (lambda it: it.store.claim(OWNER, lease_seconds=LEASE), "SCAN jobs USING COVERING INDEX jobs_queue"),
    "renew": (lambda it: it.store.renew(OWNER, LEASE), "SEARCH jobs USING INDEX jobs_owned (owner=?)"),
    "accept, claim by id, progress, finish": (accept_and_finish, BY_ID),
    "delete": (lambda it: it.store.delete(it.finished), BY_ID),
    "drop_unreferenced": (
        lambda it: it.store.drop_unreferenced(["key-0", "key-1"], lambda key: None),
        "SEARCH outputs USING INDEX outputs_blob (blob_id=?)",
    ),
}
SMALL = ("jobs_queue", "jobs_owned", "released", "anon_")  # what may be walked: it holds live or chosen rows only


@pytest.mark.parametrize(("use", "step"), CASES.values(), ids=CASES)
def test_each_method_finds_its_index_and_walks_no_table(scene: Scene, use: Use, step: str) -> None:
    plan = plans(scene, use)
    steps = [one for steps in plan.values() for one in steps]
    assert step in steps, plan
    walks = [one for one in steps if one.startswith("SCAN ") and "SCAN CONSTANT" not in one]
    assert [one for one in walks if not any(name in one for name in SMALL)] == [], plan


def test_the_first_of_the_queue_is_found_without_sorting_it(scene: Scene) -> None:
    plan = plans(scene, lambda it: it.store.claim(OWNER, lease_seconds=LEASE))
    (claim,) = (sql for sql in plan if sql.startswith("UPDATE jobs"))
    assert plan[claim] == [BY_ID, "SCALAR SUBQUERY 1", "SCAN jobs USING COVERING INDEX jobs_queue"]


def test_a_page_asks_the_same_four_questions_however_long_it_is(scene: Scene) -> None:
    RecordingCursor.log.clear()
    assert len(scene.store.page(JobFilter(state=State.SUCCEEDED), 500)) == 500
    asked = [sql for sql, _ in RecordingCursor.log if sql.startswith(CHANGES)]
    assert len(asked) == 4  # which, their rows, their attempts, their outputs


def test_the_check_can_fail(scene: Scene) -> None:
    """What looks as good, and walks all that ever ran to find the few that run: SQLite wants to save the sorting."""
    connection = sqlite3.connect(scene.path, factory=sqlite3.Connection)
    sql = "EXPLAIN QUERY PLAN SELECT id, attempt FROM jobs WHERE owner IS NOT NULL ORDER BY id"
    steps = [row[3] for row in connection.execute(sql)]
    connection.close()
    assert steps == ["SCAN jobs USING INDEX sqlite_autoindex_jobs_1"]
