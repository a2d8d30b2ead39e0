"""The one job document: every field of the contract, in every state, and the same bytes for the same job."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ingest.document import encode, etag, is_terminal, job_document, progress_document
from ingest.errors import JOB_ERRORS, JobError
from ingest.jobs.base import Attempt, Job, Progress
from ingest.jobs.outcomes import Output
from ingest.jobs.states import TERMINAL, State

FIELDS = {
    "id", "kind", "state", "attempt", "max_attempts", "created_at", "started_at", "finished_at", "expires_at", "input",
    "params", "metadata", "processor", "progress", "queue", "result", "outputs", "attempts", "error", "links",
}  # fmt: skip

JOB = Job(
    id="0199a000-0000-7000-8000-000000000001",
    kind="image",
    state=State.QUEUED,
    attempt=0,
    failures=0,
    interruptions=0,
    max_attempts=3,
    priority=0,
    run_at=0.0,
    created_at=0.0,
    name="Ünïcode.jpg",
    media_type="image/jpeg",
    declared_media_type=None,
    size=123,
    sha256="ab" * 32,
    blob_key="secret/key",
    params={"quality": 80},
    metadata={"album": "Rügen"},
    processor_version="1",
)
ENDED = Attempt(1, "worker-1", 1.0, 2.0, "succeeded", 0.5, 1 << 20, 0)


@pytest.mark.parametrize("state", list(State))
def test_the_document_has_all_fields_of_the_contract_in_every_state(state: State) -> None:
    document = job_document(replace(JOB, state=state))
    assert set(document) == FIELDS
    assert document["state"] == str(state)
    assert is_terminal(replace(JOB, state=state)) == (state in TERMINAL)


def test_the_input_is_described_as_it_was_kept() -> None:
    assert job_document(JOB)["input"] == {
        "name": "Ünïcode.jpg",
        "size": 123,
        "sha256": "ab" * 32,
        "media_type": "image/jpeg",
        "declared_media_type": None,
    }


def test_nobody_outside_sees_where_the_bytes_lie() -> None:
    output = Output("small.webp", "image/webp", 10, "cd" * 32, "secret/other")
    assert b"secret" not in encode(job_document(replace(JOB, outputs=(output,))))


@pytest.mark.parametrize(("state", "position"), [(State.QUEUED, 7), (State.RUNNING, None), (State.FAILED, None)])
def test_only_a_queued_job_has_a_position(state: State, position: int | None) -> None:
    assert job_document(replace(JOB, state=state), queue_position=7)["queue"] == {"position": position}


def test_the_links_are_paths_below_the_job() -> None:
    path = f"/v1/jobs/{JOB.id}"
    assert job_document(JOB)["links"] == {
        "self": path,
        "events": f"{path}/events",
        "result": f"{path}/result",
        "cancel": f"{path}/cancel",
    }


def test_an_output_carries_its_attributes_but_they_hide_nothing() -> None:
    """A processor that calls an attribute `sha256` or `url` must not forge the real one."""
    forged: dict[str, Any] = {"width": 320, "sha256": "forged", "url": "http://elsewhere"}
    output = Output("page 1.webp", "image/webp", 10, "cd" * 32, "k", forged)
    (document,) = job_document(replace(JOB, outputs=(output,)))["outputs"]
    assert document == {
        "width": 320,
        "name": "page 1.webp",
        "media_type": "image/webp",
        "size": 10,
        "sha256": "cd" * 32,
        "url": f"/v1/jobs/{JOB.id}/files/page%201.webp",
    }


def test_every_attempt_is_told_with_what_it_cost() -> None:
    (document,) = job_document(replace(JOB, attempts=(ENDED,)))["attempts"]
    assert document == {
        "n": 1,
        "worker": "worker-1",
        "started_at": "1970-01-01T00:00:01.000Z",
        "ended_at": "1970-01-01T00:00:02.000Z",
        "outcome": "succeeded",
        "cpu_seconds": 0.5,
        "peak_rss_bytes": 1 << 20,
        "exit": 0,
    }


def test_progress_is_told_with_its_time() -> None:
    document = progress_document(Progress(0.5, "decode", 5, 10, "frames", "", updated_at=0.25))
    assert document == {
        "fraction": 0.5,
        "stage": "decode",
        "done": 5,
        "total": 10,
        "unit": "frames",
        "message": "",
        "updated_at": "1970-01-01T00:00:00.250Z",
    }


@pytest.mark.parametrize("code", sorted(JOB_ERRORS))
def test_every_job_error_has_its_row_of_the_table_in_the_document(code: str) -> None:
    error = job_document(replace(JOB, state=State.FAILED, error=JobError(code, "because")))["error"]
    kind = JOB_ERRORS[code]
    assert error == {
        "code": code,
        "title": kind.title,
        "detail": "because",
        "category": kind.category,
        "retryable": kind.retryable,
    }


def test_the_same_job_always_gives_the_same_bytes_and_etag() -> None:
    assert encode(job_document(JOB)) == encode(job_document(replace(JOB)))
    assert etag(encode(job_document(JOB))) != etag(encode(job_document(replace(JOB, attempt=1))))


def test_the_encoding_is_compact_readable_utf_8() -> None:
    assert encode({"a": ["ü", 1]}) == '{"a":["ü",1]}'.encode()
    assert json.loads(encode(job_document(JOB)))["metadata"] == {"album": "Rügen"}


def test_a_number_that_is_no_json_is_refused_by_the_encoder() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"fraction": float("nan")})


def test_the_etag_is_a_strong_quoted_validator() -> None:
    """RFC 9110 §8.8.3."""
    tag = etag(b"x")
    assert tag.startswith('"')
    assert tag.endswith('"')
    assert len(tag) == 34
