"""The way in, from the first chunk to the 202: what is kept, when it is written, and that failures leave nothing."""

import asyncio
import base64
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from hashlib import sha256, sha512
from pathlib import Path

import pytest

from ingest.intake import BATCH_BYTES, BUDGET_BYTES, LEAST_BATCH_BYTES, batch_bytes
from tests.asgi import FORM, Reply, request
from tests.rawhttp import file_part, form, part, text_field
from tests.way_in import CAPACITY, WayIn, way_in

HELLO = b"hello, this is text\n"
LINE = b"a line of text, sixty-four bytes long, to be repeated many times\n"
DECLARED = ("content-type", "Text/Plain; charset=x")


@pytest.fixture
def way(tmp_path: Path) -> Iterator[WayIn]:
    with way_in(tmp_path) as way:
        yield way


def drop(way: WayIn, *body: bytes, kind: str = "text", leave: bool = False) -> Reply:
    return asyncio.run(request(way.app, "POST", f"/v1/ingest/{kind}", FORM, body=body, leave=leave))


def put(way: WayIn, data: bytes, *headers: tuple[str, str], target: str = "/v1/ingest/auto/a.txt") -> Reply:
    return asyncio.run(request(way.app, "PUT", target, *headers, body=[data]))


def digest(algorithm: str, value: bytes) -> str:
    return f"{algorithm}=:{base64.b64encode(value).decode()}:"


# -- what is kept


def test_a_form_becomes_a_job_with_all_that_was_said(way: WayIn) -> None:
    fields = text_field("params", b'{"preview_characters": 7}'), text_field("metadata", b'{"from": "me"}')
    file = part('form-data; name="file"; filename="../a b.csv"', HELLO, "Content-Type: text/plain; charset=x")
    reply = drop(way, form(*fields, text_field("sha256", sha256(HELLO).hexdigest().encode()), file))
    assert reply.status == 202
    (job,) = way.jobs()
    assert reply.headers["location"] == f"/v1/jobs/{job.id}"
    assert reply.headers["retry-after"] == "1"
    assert reply.document["id"] == job.id
    assert reply.document["state"] == "queued"
    assert (job.name, job.media_type, job.declared_media_type) == ("a b.csv", "text/csv", "text/plain")
    assert (job.params["preview_characters"], job.metadata) == (7, {"from": "me"})
    assert (job.size, job.sha256, job.max_attempts) == (len(HELLO), sha256(HELLO).hexdigest(), 3)
    assert way.bytes_of(job) == HELLO
    assert list(way.files.spools()) == []


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [
        ("PUT", "/v1/ingest/auto/a.txt", "a.txt"),
        ("PUT", "/v1/ingest/text/b/../c.txt", "c.txt"),
        ("PUT", "/v1/ingest/auto/", "file"),
        ("POST", "/v1/ingest/auto?name=d.txt", "d.txt"),
        ("POST", "/v1/ingest/text", "file"),
    ],
)
def test_a_raw_body_becomes_the_same_job(way: WayIn, method: str, target: str, name: str) -> None:
    reply = asyncio.run(request(way.app, method, target, DECLARED, body=[HELLO]))
    assert reply.status == 202
    (job,) = way.jobs()
    assert (job.kind, job.name, job.media_type, job.declared_media_type) == ("text", name, "text/plain", "text/plain")
    assert way.bytes_of(job) == HELLO


def test_the_nudge_comes_once_and_after_the_job(way: WayIn) -> None:
    reply = drop(way, form(file_part(HELLO)))
    assert way.nudges == [reply.document["id"]]
    drop(way, form(file_part(b"")))
    assert len(way.nudges) == 1


def test_a_browser_s_form_is_answered_with_a_page_that_leads_on(way: WayIn) -> None:
    accept = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
    reply = asyncio.run(request(way.app, "POST", "/v1/ingest/auto", FORM, accept, body=[form(file_part(HELLO))]))
    (job,) = way.jobs()
    assert (reply.status, reply.headers["content-type"]) == (202, "text/html; charset=utf-8")
    assert f"/jobs/{job.id}" in reply.body.decode()
    assert "default-src 'none'" in reply.headers["content-security-policy"]


def test_a_browser_s_form_is_refused_with_a_page(way: WayIn) -> None:
    accept = ("accept", "text/html")
    reply = asyncio.run(request(way.app, "POST", "/v1/ingest/image", FORM, accept, body=[form(file_part(HELLO))]))
    assert (reply.status, reply.headers["content-type"]) == (415, "text/html; charset=utf-8")
    assert "kind_mismatch" in reply.body.decode()


# -- when it is written


def test_a_small_file_goes_to_a_keeper_and_to_no_other_thread(way: WayIn) -> None:
    reply = drop(way, form(file_part(LINE * 1600)))
    assert reply.status == 202
    assert way.threads.changes == 0


@pytest.mark.parametrize("kind", ["image", "nope"])
def test_a_refused_file_never_touches_the_store(way: WayIn, kind: str) -> None:
    reply = drop(way, form(file_part(LINE * 100_000)), kind=kind)
    assert reply.document["code"] in {"kind_mismatch", "unknown_kind"}
    assert way.threads.changes == 0


def test_wrong_params_are_refused_before_anything_is_written(way: WayIn) -> None:
    reply = drop(way, form(text_field("params", b'{"colour": "red"}'), file_part(LINE * 100_000)))
    assert reply.document["code"] == "invalid_params"
    assert way.threads.changes == 0


def test_a_large_file_is_written_in_large_batches(way: WayIn) -> None:
    data = LINE * 100_000
    body = form(file_part(data))
    reply = drop(way, *(body[start : start + 70_000] for start in range(0, len(body), 70_000)))
    assert reply.status == 202
    assert sum(way.files.batches) == len(data)
    assert all(BATCH_BYTES <= batch < BATCH_BYTES + 70_000 for batch in way.files.batches[:-1])
    assert way.jobs()[0].sha256 == sha256(data).hexdigest()


def test_no_more_than_two_batches_wait_for_a_slow_disk(way: WayIn) -> None:
    """One is being written, one is filling: then the client has to wait."""
    taken, taken_when_opened = 0, 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal taken
        whole = form(file_part(LINE * 100_000))
        for start in range(0, len(whole), 1 << 16):
            taken += 1 << 16
            yield whole[start : start + (1 << 16)]

    def open_gate() -> None:
        nonlocal taken_when_opened
        taken_when_opened = taken
        way.files.gate.set()

    way.files.gate.clear()
    opener = threading.Timer(0.3, open_gate)
    opener.start()
    reply = asyncio.run(request(way.app, "POST", "/v1/ingest/text", FORM, body=body()))
    opener.join()
    assert reply.status == 202
    assert 2 * BATCH_BYTES <= taken_when_opened <= 2 * BATCH_BYTES + (2 << 16)


def test_many_uploads_share_a_budget_of_memory(way: WayIn) -> None:
    """A thousand stalled clients must not hold a large batch each."""
    assert batch_bytes(1) == BATCH_BYTES
    assert batch_bytes(BUDGET_BYTES // BATCH_BYTES * 4) == BATCH_BYTES // 4
    assert batch_bytes(100_000) == LEAST_BATCH_BYTES
    assert drop(way, form(file_part(HELLO))).status == 202
    assert way.house.receiving == 0


# -- what is promised


@pytest.mark.parametrize("algorithm", ["sha-256", "sha-512"])
@pytest.mark.parametrize("header", ["repr-digest", "content-digest"])
@pytest.mark.parametrize("data", [HELLO, LINE * 40_000], ids=["small", "large"])
def test_a_raw_body_is_held_to_its_digest(way: WayIn, header: str, algorithm: str, data: bytes) -> None:
    value = {"sha-256": sha256, "sha-512": sha512}[algorithm](data).digest()
    assert put(way, data[:-1] + b"?", (header, digest(algorithm, value))).document["code"] == "digest_mismatch"
    assert way.is_empty()
    assert put(way, data, (header, digest(algorithm, value))).status == 202


def test_a_form_is_held_to_the_digest_of_its_whole_body(way: WayIn) -> None:
    body = form(file_part(HELLO))
    for value, status in ((sha256(body).digest(), 202), (sha256(HELLO).digest(), 400)):
        header = ("content-digest", digest("sha-256", value))
        reply = asyncio.run(request(way.app, "POST", "/v1/ingest/text", FORM, header, body=[body[:30], body[30:]]))
        assert reply.status == status
    assert len(way.jobs()) == 1


# -- what fails leaves nothing


@pytest.mark.parametrize("size", [1, 1600, 40_000], ids=["tiny", "small", "large"])
@pytest.mark.parametrize("ending", ["cut off", "file behind it", "field behind it", "other bytes", "gone"])
def test_whatever_is_wrong_at_the_end_leaves_nothing(way: WayIn, size: int, ending: str) -> None:
    file = file_part(LINE * size)
    body = {
        "cut off": file,
        "file behind it": form(file, file_part(HELLO)),
        "field behind it": form(file, text_field("params", b"{}")),
        "other bytes": form(text_field("sha256", b"0" * 64), file),
        "gone": file,
    }[ending]
    chunks = [body[start : start + 50_000] for start in range(0, len(body), 50_000)]
    assert drop(way, *chunks, leave=ending == "gone").status == 400
    assert way.is_empty()


@pytest.mark.parametrize("size", [1, 40_000], ids=["small", "large"])
def test_a_raw_body_whose_client_leaves_is_no_file(way: WayIn, size: int) -> None:
    """It has no closing boundary: that its sender was gone is all that tells it from a whole one."""
    chunks = [LINE] * size
    reply = asyncio.run(request(way.app, "PUT", "/v1/ingest/text/a.txt", body=chunks, leave=True))
    assert reply.status != 202
    assert way.is_empty()


def test_a_file_that_grows_over_the_limit_leaves_nothing(tmp_path: Path) -> None:
    with way_in(tmp_path, max_file_bytes=3 << 20) as way:
        reply = drop(way, form(file_part(LINE * 100_000)))
        assert (reply.status, reply.document["limit"]) == (413, 3 << 20)
        assert way.is_empty()


def test_a_body_of_unknown_length_leaves_the_reserve_alone(tmp_path: Path) -> None:
    """Its length can't be held against the free space before it comes."""
    with way_in(tmp_path, reserve_bytes=CAPACITY - (2 << 20)) as way:
        body = form(file_part(LINE * 100_000))
        reply = drop(way, *(body[start : start + 50_000] for start in range(0, len(body), 50_000)))
        assert (reply.status, reply.document["code"]) == (507, "insufficient_storage")
        assert way.is_empty()
        assert drop(way, form(file_part(HELLO))).status == 202


def test_a_full_store_refuses_with_its_own_code_and_takes_the_next_small_file(way: WayIn) -> None:
    body = form(file_part(LINE * (CAPACITY // len(LINE) + 1000)))
    reply = drop(way, *(body[start : start + (1 << 20)] for start in range(0, len(body), 1 << 20)))
    assert (reply.status, reply.document["code"]) == (507, "insufficient_storage")
    assert way.is_empty()
    assert drop(way, form(file_part(HELLO))).status == 202


def test_a_job_table_that_is_held_refuses_and_leaves_no_spool(way: WayIn) -> None:
    """The blob may stay, without a row: it is the janitor's."""
    with closing(sqlite3.connect(way.house.settings.jobs_url.removeprefix("sqlite:"))) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = drop(way, form(file_part(HELLO)))
        assert (reply.status, reply.document["code"], reply.headers["retry-after"]) == (503, "busy", "1")
        other.rollback()
    assert way.jobs() == []
    assert list(way.files.spools()) == []
    assert drop(way, form(file_part(HELLO))).status == 202


@pytest.mark.parametrize("size", [1600, 40_000], ids=["in the last write", "in an early write"])
def test_a_cancelled_upload_leaves_no_spool(way: WayIn, size: int) -> None:
    """As when the server stops: the thread goes on to its end, and cleans up."""

    async def cancelled() -> None:
        body = form(file_part(LINE * size))
        way.files.gate.clear()
        task = asyncio.create_task(request(way.app, "POST", "/v1/ingest/text", FORM, body=[body]))
        await asyncio.to_thread(way.files.writing.wait, 10)
        task.cancel()
        threading.Timer(0.05, way.files.gate.set).start()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    way.threads.shutdown(wait=True)
    way.house.keeper.close()
    assert list(way.files.spools()) == []
    assert len(way.jobs()) <= 1
    assert way.nudges == []


def test_the_docs_know_both_ways_to_send_a_file(way: WayIn) -> None:
    paths = way.app.openapi()["paths"]
    content = paths["/v1/ingest/{kind}"]["post"]["requestBody"]["content"]
    assert set(content) == {"multipart/form-data", "application/octet-stream"}
    assert content["multipart/form-data"]["schema"]["properties"]["file"]["format"] == "binary"
    assert set(paths["/v1/ingest/{kind}/{name}"]["put"]["requestBody"]["content"]) == {"application/octet-stream"}
