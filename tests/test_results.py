"""The result of a job, and its files: whole, over and over, and left in the middle."""

import http.client
import os
import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from ingest.jobs.base import Job
from ingest.jobs.outcomes import Output
from ingest.results import CHUNK_BYTES
from tests.backdoor import UNKNOWN, Desk, open_desk, problem
from tests.server import descendants

CONTENT = b"0123456789"
BIG = os.urandom(3 * CHUNK_BYTES + 17)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("results")) as opened:
        yield opened


@pytest.fixture(scope="module")
def job(desk: Desk) -> Job:
    outputs = (
        desk.back.output("digits.txt", CONTENT),
        desk.back.output("big.bin", BIG, "application/octet-stream"),
        desk.back.output("empty.txt", b""),
        desk.back.output("page.html", b"<script>alert(1)</script>", "text/html"),
        desk.back.output("drawing.svg", b"<svg/>", "image/svg+xml"),
        desk.back.output("small.webp", b"RIFF", "image/webp", width=3, height=2),
    )
    return desk.back.succeeded(*outputs, content=b"the original", name="notes.txt", result={"lines": 3})


def url(job: Job, name: str) -> str:
    return f"/v1/jobs/{job.id}/files/{name}"


# -- the result


def test_a_finished_job_gives_its_result_and_outputs(desk: Desk, job: Job) -> None:
    answer = desk.client.get(f"/v1/jobs/{job.id}/result")
    document = desk.client.get(f"/v1/jobs/{job.id}").json()
    assert answer.status_code == 200
    assert answer.json() == {key: document[key] for key in ("id", "kind", "state", "result", "outputs", "links")}
    assert answer.json()["result"] == {"lines": 3}
    again = desk.client.get(f"/v1/jobs/{job.id}/result", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_every_output_is_where_its_url_says_with_the_size_and_hash_it_says(desk: Desk, job: Job) -> None:
    for output in desk.client.get(f"/v1/jobs/{job.id}/result").json()["outputs"]:
        content = desk.client.get(output["url"]).content
        assert (len(content), sha256(content).hexdigest()) == (output["size"], output["sha256"])


def test_an_unfinished_job_has_no_result_yet(desk: Desk) -> None:
    for unfinished in (desk.back.drop(), desk.back.running().job):
        answer = desk.client.get(f"/v1/jobs/{unfinished.id}/result")
        assert problem(answer) == (409, "not_finished")
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["state"] == unfinished.state


def test_a_failed_job_tells_the_cause_in_place_of_a_result(desk: Desk) -> None:
    answer = desk.client.get(f"/v1/jobs/{desk.back.failed('corrupt_input', 'Line 3 is cut off.').id}/result")
    assert problem(answer) == (409, "job_failed")
    assert answer.json()["detail"] == "Line 3 is cut off."
    assert answer.json()["error"]["code"] == "corrupt_input"
    assert "retry-after" not in answer.headers


def test_a_cancelled_job_has_no_result(desk: Desk) -> None:
    assert problem(desk.client.get(f"/v1/jobs/{desk.back.cancelled().id}/result")) == (409, "job_cancelled")


# -- files


def test_a_file_comes_whole_with_everything_that_tells_what_it_is(desk: Desk, job: Job) -> None:
    answer = desk.client.get(url(job, "digits.txt"))
    digest = sha256(CONTENT)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"'
    assert answer.headers["repr-digest"] == f"sha-256=:{b64encode(digest.digest()).decode()}:"
    assert answer.headers["content-length"] == "10"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "text/plain"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "transfer-encoding" not in answer.headers


def test_the_original_is_the_uploaded_file_in_every_state(desk: Desk, job: Job) -> None:
    assert desk.client.get(url(job, "original")).content == b"the original"
    for other in (desk.back.drop(b"a"), desk.back.running(content=b"a").job, desk.back.failed(content=b"a")):
        assert desk.client.get(url(other, "original")).content == b"a"


def test_a_large_file_comes_whole_and_from_any_place(desk: Desk, job: Job) -> None:
    assert desk.client.get(url(job, "big.bin")).content == BIG
    for start in (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, len(BIG) - 1):
        answer = desk.client.get(url(job, "big.bin"), headers={"Range": f"bytes={start}-"})
        assert (answer.status_code, answer.content) == (206, BIG[start:])


def test_an_empty_file_comes_as_nothing_with_or_without_a_range(desk: Desk, job: Job) -> None:
    for headers in ({}, {"Range": "bytes=0-"}, {"Range": "bytes=-5"}):
        answer = desk.client.get(url(job, "empty.txt"), headers=headers)
        assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "0")


def test_head_tells_the_same_of_a_file_without_sending_it(desk: Desk, job: Job) -> None:
    for name in ("digits.txt", "empty.txt", "original"):
        head, get = desk.client.head(url(job, name)), desk.client.get(url(job, name))
        assert (head.status_code, head.content) == (200, b"")
        assert dict(head.headers) | {"date": ""} == dict(get.headers) | {"date": ""}
    ranged = desk.client.head(url(job, "digits.txt"), headers={"Range": "bytes=0-1"})
    assert (ranged.status_code, ranged.headers["content-length"]) == (200, "10")


@pytest.mark.parametrize("name", ["nope", "ORIGINAL", "digits.txt%00", "%2e%2e%2fx", "a" * 4096, "%ff"])
def test_a_file_that_the_job_does_not_have_is_not_found(desk: Desk, job: Job, name: str) -> None:
    assert problem(desk.client.get(url(job, name))) == (404, "not_found")


def test_a_refusal_names_the_files_there_are(desk: Desk, job: Job) -> None:
    assert desk.client.get(url(job, "nope")).json()["files"][:2] == ["original", "digits.txt"]


def test_a_file_that_vanished_from_the_store_is_a_typed_refusal(desk: Desk) -> None:
    lost = Output("lost.txt", "text/plain", 3, "00" * 32, "ab" * 32)
    answer = desk.client.get(url(desk.back.succeeded(lost), "lost.txt"))
    assert problem(answer) == (503, "blob_missing")


def test_a_file_that_is_shorter_than_it_should_be_is_cut_short_visibly(desk: Desk) -> None:
    """The client is told 20 bytes and gets 5 and the end of the connection: never an answer that looks whole."""
    short = desk.back.output("short.txt", b"short")
    claimed = Output("short.txt", "text/plain", 20, short.sha256, short.blob_key)
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{desk.server.url}{url(desk.back.succeeded(claimed), 'short.txt')}")


def test_a_reader_that_leaves_in_the_middle_leaves_no_file_open(desk: Desk) -> None:
    large = desk.back.succeeded(desk.back.output("large.bin", os.urandom(8 << 20), "application/octet-stream"))
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", desk.server.port), timeout=10) as leaving:
            leaving.sendall(f"GET {url(large, 'large.bin')} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert leaving.recv(1000)
    wait_until_no_blob_is_open(desk)


def wait_until_no_blob_is_open(desk: Desk) -> None:
    """The server tells by answering: each round trip gives it time to notice."""
    deadline = time.monotonic() + 10
    while opened := open_blobs(desk):
        assert time.monotonic() < deadline, opened
        desk.client.get("/livez")


def open_blobs(desk: Desk) -> list[str]:
    assert desk.server.process is not None
    found = []
    for pid in descendants(desk.server.process.pid):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(link.readlink())
            except FileNotFoundError:
                continue
            if "/blobs/" in target and link.stat().st_mode & 0o100000 and Path(target).is_file():
                found.append(target)
    return found


def test_many_files_at_once_come_whole(desk: Desk, job: Job) -> None:
    connections = [http.client.HTTPConnection("127.0.0.1", desk.server.port, timeout=30) for _ in range(50)]
    for connection in connections:
        connection.request("GET", url(job, "big.bin"))
    assert {connection.getresponse().read() for connection in connections} == {BIG}
    for connection in connections:
        connection.close()


def test_an_unknown_job_has_no_files(desk: Desk) -> None:
    assert problem(desk.client.get(f"/v1/jobs/{UNKNOWN}/files/original")) == (404, "not_found")
