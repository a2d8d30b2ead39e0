"""What of a job can be searched for: as its result says, as far as that can be believed."""

import encodings.aliases
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.jobs import migrate
from ingest.jobs.base import Job
from ingest.jobs.states import State
from ingest.searchable import decodes_text, document_of
from ingest.settings import Settings
from processors.text.charsets import Charset, codec
from tests.backdoor import Backdoor, backdoor

LIMIT = 1000


@pytest.fixture
def back(tmp_path: Path) -> Iterator[Backdoor]:
    migrate(Settings(data=tmp_path).jobs_url)
    with backdoor(tmp_path) as opened:
        yield opened


def text_of(back: Backdoor, job: Job, limit: int = LIMIT) -> str | None:
    document = document_of(back.files, job, limit)
    return None if document is None else "".join(document.text)


def said(back: Backdoor, content: bytes, **searchable: Any) -> Job:
    return back.succeeded(content=content, result={"searchable": searchable})


def test_the_input_is_read_after_its_mark_in_its_encoding(back: Backdoor) -> None:
    job = said(back, "\ufeffGröße\n".encode("utf-16-le"), encoding="utf-16-le", skip_bytes=2)
    assert text_of(back, job) == "Größe\n"


def test_an_output_is_read_by_its_name(back: Backdoor) -> None:
    outputs = back.output("text.txt", "naïve".encode()), back.output("other.txt", b"other")
    job = back.succeeded(*outputs, result={"searchable": {"output": "text.txt"}})
    assert text_of(back, job) == "naïve"


def test_without_a_text_the_job_is_found_by_name_and_metadata(back: Backdoor) -> None:
    for result in ({"lines": 3}, {"searchable": None}):
        job = back.succeeded(result=result, name="plan.pdf", metadata={"from": "scanner"}, kind="image")
        document = document_of(back.files, job, LIMIT)
        assert document is not None
        assert (document.job_id, document.name, document.metadata, document.kind, [*document.text]) == (
            job.id,
            "plan.pdf",
            {"from": "scanner"},
            "image",
            [],
        )


def test_a_job_that_shall_not_be_found_is_not_there(back: Backdoor) -> None:
    job = back.succeeded(params={"index": False}, result={"searchable": {}})
    assert document_of(back.files, job, LIMIT) is None
    assert document_of(back.files, replace(job, params={"index": True}), LIMIT) is not None


@pytest.mark.parametrize("state", [state for state in State if state is not State.SUCCEEDED])
def test_only_a_job_that_succeeded_can_be_found(back: Backdoor, state: State) -> None:
    assert document_of(back.files, replace(back.succeeded(), state=state), LIMIT) is None


@pytest.mark.parametrize(
    "searchable",
    [
        [],
        "input",
        {"output": "../../etc/passwd"},
        {"output": "nothing.txt"},
        {"output": 1},
        {"encoding": "zlib"},
        {"encoding": "bz2"},
        {"encoding": "rot13"},
        {"encoding": "punycode"},
        {"encoding": "idna"},
        {"encoding": "undefined"},
        {"encoding": "unicode_escape"},
        {"encoding": "Unicode-Escape"},
        {"encoding": "utf-7"},
        {"encoding": "UTF7"},
        {"encoding": "x" * 41},
        {"encoding": "no\0such"},
        {"encoding": ""},
        {"encoding": "../codec"},
        {"skip_bytes": -1},
        {"skip_bytes": 10**30},
        {"skip_bytes": "two"},
        {"size": 3},
    ],
)
def test_a_result_that_can_not_be_believed_gives_no_text_and_harms_nothing(back: Backdoor, searchable: Any) -> None:
    assert text_of(back, back.succeeded(result={"searchable": searchable})) == ""


def test_every_encoding_of_the_text_kind_can_be_searched() -> None:
    assert [name for name in get_args(Charset) if not decodes_text(codec(name))] == []


@settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(min_size=1, max_size=300), encoding=st.sampled_from(sorted(encodings.aliases.aliases)))
def test_any_bytes_in_any_encoding_are_a_text_or_none(back: Backdoor, data: bytes, encoding: str) -> None:
    text = text_of(back, said(back, data, encoding=encoding))
    assert text is not None
    assert len(text) <= len(data) * 3


@pytest.mark.parametrize(
    ("content", "limit", "text", "is_cut"),
    [
        ("äöü", 6, "äöü", False),
        ("äöü", 5, "äö", True),
        ("äöü", 4, "äö", True),
        ("äöü", 1, "", True),
        ("x" * 200_000, 150_000, "x" * 150_000, True),
    ],
)
def test_no_more_than_the_limit_is_read_and_no_character_is_cut(
    back: Backdoor, content: str, limit: int, text: str, is_cut: bool
) -> None:
    job = said(back, content.encode())
    document = document_of(back.files, job, limit)
    assert document is not None
    assert ("".join(document.text), document.is_cut) == (text, is_cut)


def test_what_is_broken_off_in_the_middle_of_a_character_is_replaced(back: Backdoor) -> None:
    assert text_of(back, said(back, "äö".encode()[:3])) == "ä\ufffd"


def test_a_text_that_is_missing_from_the_store_is_no_text(back: Backdoor) -> None:
    job = said(back, b"here for a moment")
    back.files.delete(job.blob_key)
    assert text_of(back, job) == ""
