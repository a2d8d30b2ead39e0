"""The tables, and why each index is there. The schema's history is in `migrations`; a test holds the two together.

JSON is text, written by us alone, so that every engine gives back the bytes it was given. Times are Unix seconds.
Blobs have a number beside their key: the indexes that answer "who refers to this blob?" then grow at their end only,
where keys (hashes) would touch a random page for every job and output.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    literal_column,
)

metadata = MetaData()

Number = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER is SQLite's row number

# A literal, not a parameter: only then is a partial index seen to fit.
QUEUED = literal_column("'queued'", Text)

blobs = Table(
    "blobs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("interruptions", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("run_at", Double, nullable=False),
    Column("owner", Text),
    Column("lease_until", Double),
    Column("tenant", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("expires_at", Double),
    Column("blob_id", Number, ForeignKey("blobs.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("declared_media_type", Text),
    Column("processor_version", Text, nullable=False),
    Column("params", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("progress", Text, nullable=False),
    Column("result", Text),
    Column("error", Text),
)


def _partial(name: str, *columns: object, where: object) -> None:
    Index(name, *columns, sqlite_where=where, postgresql_where=where)  # type: ignore[arg-type]


# The claim, in its order. It holds waiting jobs only, so finished ones cost it nothing; the last two columns are there
# so that jobs which back off are passed over, and waiting ones counted, without a look at their rows.
_partial("jobs_queue", jobs.c.priority.desc(), jobs.c.id, jobs.c.run_at, jobs.c.state, where=jobs.c.state == QUEUED)
# What runs, by whom: as many rows as there are cells.
_partial("jobs_owned", jobs.c.owner, jobs.c.id, where=jobs.c.owner.is_not(None))
# Lists by state and by kind: without them a page of what is rare walks the whole table.
_partial("jobs_finished", jobs.c.state, jobs.c.id, where=jobs.c.finished_at.is_not(None))
Index("jobs_kind", jobs.c.kind, jobs.c.id)
# The janitor asks each second.
_partial("jobs_expiry", jobs.c.expires_at, where=jobs.c.expires_at.is_not(None))
# "Who refers to this blob?", asked before each deletion.
Index("jobs_blob", jobs.c.blob_id)

outputs = Table(
    "outputs",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("blob_id", Number, ForeignKey("blobs.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Index("outputs_blob", "blob_id"),
    sqlite_with_rowid=False,
)

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("worker", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("outcome", Text),
    Column("cpu_seconds", Double),
    Column("peak_rss_bytes", BigInteger),
    Column("exit", Integer),
    sqlite_with_rowid=False,
)

# AUTOINCREMENT: a `seq` is never used again, or a reader's cursor would pass over the event that got an old one.
events = Table(
    "events",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("job_id", Text, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("data", Text, nullable=False),
    Index("events_job", "job_id", "seq"),
    sqlite_autoincrement=True,
)

# Keys of blobs that lost a reference: where the janitor looks first.
released = Table("released", metadata, Column("key", Text, primary_key=True), sqlite_with_rowid=False)

tombstones = Table(
    "tombstones",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("at", Double, nullable=False),
    sqlite_with_rowid=False,
)
