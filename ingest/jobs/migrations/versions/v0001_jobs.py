"""Jobs, their blobs, outputs, attempts and events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _blobs()
    _jobs()
    _attempts_and_outputs()
    _events()
    op.create_table("released", sa.Column("key", sa.Text, primary_key=True), sqlite_with_rowid=False)
    op.create_table(
        "tombstones",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )


def _blobs() -> None:
    op.create_table(
        "blobs",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("interruptions", sa.Integer, nullable=False),
        sa.Column("max_attempts", sa.Integer, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("run_at", sa.Double, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.Double),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("expires_at", sa.Double),
        sa.Column("blob_id", NUMBER, sa.ForeignKey("blobs.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("declared_media_type", sa.Text),
        sa.Column("processor_version", sa.Text, nullable=False),
        sa.Column("params", sa.Text, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("progress", sa.Text, nullable=False),
        sa.Column("result", sa.Text),
        sa.Column("error", sa.Text),
    )
    _partial_index("jobs_queue", [sa.desc("priority"), "id", "run_at", "state"], "state = 'queued'")
    _partial_index("jobs_owned", ["owner", "id"], "owner IS NOT NULL")
    _partial_index("jobs_finished", ["state", "id"], "finished_at IS NOT NULL")
    _partial_index("jobs_expiry", ["expires_at"], "expires_at IS NOT NULL")
    op.create_index("jobs_kind", "jobs", ["kind", "id"])
    op.create_index("jobs_blob", "jobs", ["blob_id"])


def _attempts_and_outputs() -> None:
    op.create_table(
        "attempts",
        sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("outcome", sa.Text),
        sa.Column("cpu_seconds", sa.Double),
        sa.Column("peak_rss_bytes", sa.BigInteger),
        sa.Column("exit", sa.Integer),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outputs",
        sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("blob_id", NUMBER, sa.ForeignKey("blobs.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("attributes", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("outputs_blob", "outputs", ["blob_id"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.Text, sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_job", "events", ["job_id", "seq"])


def _partial_index(name: str, columns: list[str | sa.ColumnElement[object]], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "jobs", columns, sqlite_where=condition, postgresql_where=condition)
