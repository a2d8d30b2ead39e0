"""The one job document: the same shape in the 202, the poll, the list, and the snapshot of the event stream."""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from ingest.clock import rfc3339
from ingest.jobs.base import Attempt, Job, Progress
from ingest.jobs.outcomes import Output
from ingest.jobs.states import TERMINAL, State

QUEUE_CAP = 1000
POLL_SECONDS = 1


def job_document(job: Job, queue_position: int | None = None) -> dict[str, Any]:
    """`queue_position` is for queued jobs: how many come before, counted up to `QUEUE_CAP`."""
    path = f"/v1/jobs/{job.id}"
    return {
        "id": job.id,
        "kind": job.kind,
        "state": str(job.state),
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "created_at": rfc3339(job.created_at),
        "started_at": rfc3339(job.started_at),
        "finished_at": rfc3339(job.finished_at),
        "expires_at": rfc3339(job.expires_at),
        "input": {
            "name": job.name,
            "size": job.size,
            "sha256": job.sha256,
            "media_type": job.media_type,
            "declared_media_type": job.declared_media_type,
        },
        "params": job.params,
        "metadata": job.metadata,
        "processor": {"name": job.kind, "version": job.processor_version},
        "progress": progress_document(job.progress),
        "queue": {"position": queue_position if job.state is State.QUEUED else None},
        "result": job.result,
        "outputs": [_output_document(path, output) for output in job.outputs],
        "attempts": [_attempt_document(attempt) for attempt in job.attempts],
        "error": job.error.document() if job.error else None,
        "links": {
            "self": path,
            "events": f"{path}/events",
            "result": f"{path}/result",
            "cancel": f"{path}/cancel",
        },
    }


def progress_document(progress: Progress) -> dict[str, Any]:
    return {**asdict(progress), "updated_at": rfc3339(progress.updated_at)}


def _output_document(path: str, output: Output) -> dict[str, Any]:
    return {
        **output.attributes,
        "name": output.name,
        "media_type": output.media_type,
        "size": output.size,
        "sha256": output.sha256,
        "url": f"{path}/files/{quote(output.name)}",
    }


def _attempt_document(attempt: Attempt) -> dict[str, Any]:
    return {
        **asdict(attempt),
        "started_at": rfc3339(attempt.started_at),
        "ended_at": rfc3339(attempt.ended_at),
    }


def encode(document: Any) -> bytes:
    """JSON as it is sent. The same document always gives the same bytes."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def etag(body: bytes) -> str:
    """A strong validator: the hash of the bytes sent."""
    return f'"{sha256(body).hexdigest()[:32]}"'


def is_terminal(job: Job) -> bool:
    return job.state in TERMINAL
