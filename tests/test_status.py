"""Reading, waiting for, listing, cancelling and deleting jobs: on a real server over the real table."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from ingest.app import create_app
from ingest.dispatch.local import NudgeBox
from ingest.document import encode, etag
from ingest.jobs import migrate
from ingest.jobs.base import Claim
from ingest.jobs.outcomes import Done
from ingest.settings import Settings
from ingest.wiring import open_house
from tests.backdoor import UNKNOWN, Desk, backdoor, open_desk, problem


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("status")) as opened:
        yield opened


def test_a_job_is_read_with_200_in_every_state(desk: Desk) -> None:
    running = desk.back.running()
    cancelling = desk.back.running()
    desk.back.jobs.cancel(cancelling.job.id)
    jobs = [
        desk.back.drop(),
        running.job,
        cancelling.job,
        desk.back.succeeded(),
        desk.back.failed(),
        desk.back.cancelled(),
    ]
    answers = [desk.client.get(f"/v1/jobs/{job.id}") for job in jobs]
    assert [answer.status_code for answer in answers] == [200] * 6
    states = [answer.json()["state"] for answer in answers]
    assert states == ["queued", "running", "cancelling", "succeeded", "failed", "cancelled"]
    assert [answer.headers.get("retry-after") for answer in answers] == ["1", "1", "1", None, None, None]


def test_the_tag_is_the_hash_of_the_bytes_and_the_answer_may_not_be_used_unasked(desk: Desk) -> None:
    answer = desk.client.get(f"/v1/jobs/{desk.back.succeeded().id}")
    assert answer.headers["etag"] == etag(answer.content)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.content == encode(answer.json())


def test_whoever_has_the_document_gets_304_with_the_same_headers(desk: Desk) -> None:
    path = f"/v1/jobs/{desk.back.running().job.id}"
    tag = desk.client.get(path).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = desk.client.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["retry-after"] == "1"
        assert answer.headers["cache-control"] == "no-cache"
    assert desk.client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_queued_job_tells_how_many_come_before_it(desk: Desk) -> None:
    first, second = desk.back.drop(), desk.back.drop()
    places = [desk.client.get(f"/v1/jobs/{job.id}").json()["queue"]["position"] for job in (first, second)]
    assert places[1] == places[0] + 1


@pytest.mark.parametrize(
    "job_id",
    ["nonsense", UNKNOWN.upper()[:-1] + "G", f"{UNKNOWN}0", "%00", "a" * 4096, "..%2F..%2Fetc", "%F0%9F%98%80", "%ff"],
)
def test_an_id_that_is_none_is_not_found(desk: Desk, job_id: str) -> None:
    for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/events", f"/v1/jobs/{job_id}/result"):
        assert problem(desk.client.get(path)) == (404, "not_found")


def test_an_unknown_job_is_not_found_by_any_call(desk: Desk) -> None:
    path = f"/v1/jobs/{UNKNOWN}"
    assert problem(desk.client.get(path)) == (404, "not_found")
    assert problem(desk.client.get(path, params={"wait": 30})) == (404, "not_found")
    assert problem(desk.client.post(f"{path}/cancel")) == (404, "not_found")
    assert problem(desk.client.delete(path)) == (404, "not_found")
    assert problem(desk.client.get(f"{path}/files/original")) == (404, "not_found")


def test_a_deleted_job_is_gone_for_every_call(desk: Desk) -> None:
    path = f"/v1/jobs/{desk.back.gone()}"
    assert problem(desk.client.get(path)) == (410, "gone")
    assert problem(desk.client.post(f"{path}/cancel")) == (410, "gone")
    assert problem(desk.client.delete(path)) == (410, "gone")
    for below in ("events", "result", "files/original"):
        assert problem(desk.client.get(f"{path}/{below}")) == (410, "gone")


def test_wait_ends_with_the_job_and_long_before_its_time(desk: Desk) -> None:
    claim = desk.back.running()
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(desk.client.get, f"/v1/jobs/{claim.job.id}", params={"wait": 30})
        wait_until_watched(desk, claim)
        started = time.monotonic()
        desk.back.finish(claim, Done({"lines": 1}))
        answer = waiting.result(timeout=20)
    assert time.monotonic() - started < 5
    assert answer.json()["state"] == "succeeded"
    assert "retry-after" not in answer.headers


def wait_until_watched(desk: Desk, claim: Claim) -> None:
    """A long-poll of its own that a report ends: by then one that was sent before is being served as well."""
    path = f"/v1/jobs/{claim.job.id}"
    tag = desk.client.get(path).headers["etag"]
    desk.back.report(claim, 0.1)
    assert (
        desk.client.get(path, params={"wait": 30}, headers={"If-None-Match": tag}).json()["progress"]["fraction"] == 0.1
    )


def test_wait_with_a_tag_ends_as_soon_as_the_document_is_another_one(desk: Desk) -> None:
    claim = desk.back.running()
    path = f"/v1/jobs/{claim.job.id}"
    tag = desk.client.get(path).headers["etag"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(desk.client.get, path, params={"wait": 30}, headers={"If-None-Match": tag})
        desk.back.report(claim, 0.5)
        answer = waiting.result(timeout=20)
    assert answer.status_code == 200
    assert answer.json()["progress"]["fraction"] == 0.5
    desk.back.finish(claim, Done({}))


def test_wait_gives_up_when_its_time_is_over(desk: Desk) -> None:
    path = f"/v1/jobs/{desk.back.running().job.id}"
    started = time.monotonic()
    answer = desk.client.get(path, params={"wait": 0.3})
    assert 0.3 <= time.monotonic() - started < 5
    assert answer.json()["state"] == "running"
    tag = answer.headers["etag"]
    assert desk.client.get(path, params={"wait": 0.1}, headers={"If-None-Match": tag}).status_code == 304


def test_wait_does_not_hold_up_an_answer_that_is_there(desk: Desk) -> None:
    started = time.monotonic()
    answer = desk.client.get(f"/v1/jobs/{desk.back.succeeded().id}", params={"wait": 60})
    assert answer.json()["state"] == "succeeded"
    assert time.monotonic() - started < 5


HUGE = "1" * 5000
LOCAL = "http://127.0.0.1"


@pytest.mark.parametrize("wait", ["-1", "61", "nan", "inf", "soon", "", "1" * 41, HUGE])
def test_a_wait_out_of_range_is_refused(desk: Desk, wait: str) -> None:
    answer = desk.client.get(f"/v1/jobs/{UNKNOWN}", params={"wait": wait})
    assert problem(answer) == (422, "invalid_parameter")


def test_head_answers_as_get_does_but_without_a_body(desk: Desk) -> None:
    job = desk.back.succeeded()
    for path in (f"/v1/jobs/{job.id}", "/v1/kinds", "/v1/kinds/text", f"/v1/jobs/{job.id}/result"):
        head, get = desk.client.head(path), desk.client.get(path)
        assert head.content == b""
        assert dict(head.headers) | {"date": ""} == dict(get.headers) | {"date": ""}
    assert desk.client.head("/v1/jobs").status_code == 200


# -- cancel and delete


def test_a_queued_job_is_cancelled_at_once_and_again_without_harm(desk: Desk) -> None:
    path = f"/v1/jobs/{desk.back.drop().id}"
    for _ in range(2):
        answer = desk.client.post(f"{path}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert desk.client.get(path).json()["state"] == "cancelled"


def test_a_running_job_is_told_to_stop(desk: Desk) -> None:
    claim = desk.back.running()
    for _ in range(2):
        answer = desk.client.post(f"/v1/jobs/{claim.job.id}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (202, "cancelling")
    assert (claim.job.id, claim.attempt) in desk.back.jobs.cancelling(desk.back.owner)


def test_a_finished_job_can_not_be_cancelled(desk: Desk) -> None:
    for job in (desk.back.succeeded(), desk.back.failed()):
        answer = desk.client.post(f"/v1/jobs/{job.id}/cancel")
        assert problem(answer) == (409, "already_finished")
        assert answer.json()["state"] == job.state


def test_a_cancel_nudges_whoever_does_the_work(tmp_path: Path) -> None:
    """The application itself, with an ear of ours in the place of the worker's."""
    settings = Settings(data=tmp_path)
    migrate(settings.jobs_url)
    box = NudgeBox(Path(settings.dispatch_url.removeprefix("local:")))
    house = open_house(settings, "web")

    async def cancel(job_id: str) -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(house)), base_url=LOCAL) as client:
            return (await client.post(f"/v1/jobs/{job_id}/cancel")).status_code

    with backdoor(tmp_path) as back:
        job_id = back.running().job.id
        assert asyncio.run(cancel(job_id)) == 202
        assert next(iter(box)) == job_id
    house.close()
    box.close()


def test_only_a_finished_job_is_deleted_and_once(desk: Desk) -> None:
    claim = desk.back.running()
    path = f"/v1/jobs/{claim.job.id}"
    assert problem(desk.client.delete(path)) == (409, "job_active")
    desk.back.finish(claim, Done({}))
    answer = desk.client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert problem(desk.client.delete(path)) == (410, "gone")


def test_many_deletes_at_once_succeed_exactly_once(desk: Desk) -> None:
    url = f"{desk.server.url}/v1/jobs/{desk.back.succeeded().id}"
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: httpx.delete(url).status_code, range(8)))
    assert sorted(statuses) == [204, *[410] * 7]


def test_what_does_not_exist_yet_says_so(desk: Desk) -> None:
    assert problem(desk.client.post(f"/v1/jobs/{desk.back.failed().id}/retry")) == (400, "unsupported_option")


# -- under load, and at odds with the client


def test_a_waiting_client_that_leaves_is_let_go(desk: Desk) -> None:
    """Its connection is closed by the server within a moment, not when the wait is over."""
    claim = desk.back.running()
    request = f"GET /v1/jobs/{claim.job.id}?wait=60 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", desk.server.port), timeout=20) as leaving:
        leaving.sendall(request)
        leaving.shutdown(socket.SHUT_WR)
        started = time.monotonic()
        while leaving.recv(65536):
            pass
    assert time.monotonic() - started < 10


def test_a_hundred_clients_wait_for_one_job(desk: Desk) -> None:
    claim = desk.back.running()
    begun = threading.Barrier(101)

    def wait(_: int) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", desk.server.port, timeout=30)
        connection.request("GET", f"/v1/jobs/{claim.job.id}?wait=30")
        begun.wait(timeout=20)
        state: str = json.loads(connection.getresponse().read())["state"]
        connection.close()
        return state

    with ThreadPoolExecutor(100) as pool:
        answers = [pool.submit(wait, n) for n in range(100)]
        begun.wait(timeout=20)
        desk.back.finish(claim, Done({}))
        assert {answer.result(timeout=20) for answer in answers} == {"succeeded"}
