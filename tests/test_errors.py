"""The one table of errors: whole, in its form, and wide enough for the coded errors of the other packages."""

import json
import re
from http import HTTPStatus
from typing import get_args

import pytest

from ingest.errors import JOB_ERRORS, PROBLEMS, Category, JobError, Problem
from processors.base import RejectionCode
from storage.base import StorageCode

CODES = [*PROBLEMS, *JOB_ERRORS]

# RFC 9457 §3.1, and what DESIGN adds to it.
MEMBERS = {"type", "title", "status", "detail", "code", "retryable"}


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_snake_case(code: str) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)


@pytest.mark.parametrize("code", PROBLEMS)
def test_a_problem_has_an_error_status_that_http_knows(code: str) -> None:
    status = PROBLEMS[code].status
    assert HTTPStatus(status)
    assert 400 <= status <= 599


@pytest.mark.parametrize("code", PROBLEMS)
def test_what_may_go_better_later_is_said_by_the_status_too(code: str) -> None:
    """429 and 503 ask to come again; a client that only looks at the status must not be misled."""
    kind = PROBLEMS[code]
    if kind.status in {429, 503, 507}:
        assert kind.retryable or code == "blob_missing"
    if kind.status in {404, 405, 410, 413, 415, 416, 422, 431}:
        assert not kind.retryable


@pytest.mark.parametrize("code", PROBLEMS)
def test_a_problem_is_its_row_and_its_words(code: str) -> None:
    document = Problem(code, "because", limit=7).document()
    assert set(document) == MEMBERS | {"limit"}
    assert document["type"] == f"/docs/errors#{code}"
    assert (document["status"], document["title"]) == (PROBLEMS[code].status, PROBLEMS[code].title)
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize("code", CODES)
def test_a_title_is_a_sentence_without_its_full_stop(code: str) -> None:
    title = (PROBLEMS.get(code) or JOB_ERRORS[code]).title
    assert title[0].isupper()
    assert not title.endswith(".")


@pytest.mark.parametrize("code", JOB_ERRORS)
def test_an_error_of_a_job_is_its_row_and_its_words(code: str) -> None:
    kind = JOB_ERRORS[code]
    assert JobError(code, "because").document() == {
        "code": code,
        "title": kind.title,
        "detail": "because",
        "category": kind.category,
        "retryable": kind.retryable,
    }
    assert kind.category in get_args(Category)


@pytest.mark.parametrize("code", get_args(StorageCode))
def test_every_error_of_a_store_has_its_status(code: str) -> None:
    assert code in PROBLEMS


@pytest.mark.parametrize("code", get_args(RejectionCode))
def test_every_rejection_of_a_processor_has_its_row(code: str) -> None:
    assert JOB_ERRORS[code].category in {"input", "limit"}
    assert not JOB_ERRORS[code].retryable


def test_headers_of_a_problem_are_its_own() -> None:
    headers = {"Retry-After": "1"}
    problem = Problem("busy", "later", headers=headers)
    headers["X"] = "y"
    assert problem.headers == {"Retry-After": "1"}


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        Problem("nonsense", "").document()
