"""Answers to errors: their shape, what they don't tell, and that they arrive whole before the connection closes."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Message, Scope

from ingest.app import create_app
from ingest.errors import Problem
from ingest.jobs.base import StoreBusy
from ingest.refusal import DRAIN_BYTES, Refusal
from storage.base import StorageError
from tests.asgi import Reply, request, scope_of
from tests.house import opened_house


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    with opened_house(tmp_path_factory.mktemp("house"), "web") as house:
        app = create_app(house)

        @app.get("/fail/{how}")
        async def fail(how: str, number: int = 0) -> None:
            raise FAILURES[how]

        yield app


FAILURES: dict[str, Exception] = {
    "problem": Problem("gone", "It is gone", headers={"X-Why": "age"}, since=1),
    "storage": StorageError("insufficient_storage", "writing a spool: No space left on device"),
    "busy": StoreBusy("locked by /secret/path"),
}


def get(app: FastAPI, target: str, *headers: tuple[str, str]) -> Reply:
    return asyncio.run(request(app, "GET", target, *headers))


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("/fail/problem", 410, "gone"),
        ("/fail/storage", 507, "insufficient_storage"),
        ("/fail/busy", 503, "busy"),
        ("/fail/problem?number=x", 422, "invalid_parameter"),
        ("/fail/problem?number=" + "9" * 5000, 422, "invalid_parameter"),
        ("/nowhere", 404, "not_found"),
    ],
)
def test_an_error_is_a_problem_document(app: FastAPI, target: str, status: int, code: str) -> None:
    reply = get(app, target)
    document = reply.document
    assert reply.headers["content-type"] == "application/problem+json"
    assert (reply.status, document["status"], document["code"]) == (status, status, code)
    assert document["type"] == f"/docs/errors#{code}"
    assert document["title"]
    assert document["detail"]
    assert "secret" not in reply.body.decode()
    assert len(reply.body) < 2000


def test_a_problem_carries_its_headers_and_what_helps(app: FastAPI) -> None:
    reply = get(app, "/fail/problem")
    assert reply.headers["x-why"] == "age"
    assert reply.document["since"] == 1


@pytest.mark.parametrize(("target", "seconds"), [("/fail/busy", "1"), ("/fail/problem", None)])
def test_what_may_work_later_says_when(app: FastAPI, target: str, seconds: str | None) -> None:
    assert get(app, target).headers.get("retry-after") == seconds


def test_a_method_that_does_nothing_is_told_which_do(app: FastAPI) -> None:
    reply = asyncio.run(request(app, "DELETE", "/v1/ingest/text"))
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_an_unknown_kind_lists_the_kinds(app: FastAPI) -> None:
    reply = asyncio.run(request(app, "POST", "/v1/ingest/nope"))
    assert (reply.status, reply.document["code"]) == (422, "unknown_kind")
    assert {"auto", "image", "text", "video"} <= set(reply.document["accepted"])


def test_a_mistake_of_ours_tells_nothing(app: FastAPI) -> None:
    FAILURES["mistake"] = RuntimeError("the secret of the house")
    sent: list[Message] = []

    async def ask() -> None:
        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await app(scope_of(app, "GET", "/fail/mistake"), receive, send)

    with pytest.raises(RuntimeError):  # passed on to the server, which logs it
        asyncio.run(ask())
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["code"] == "internal"
    assert b"secret" not in sent[1]["body"]


class Exchange:
    """What happens on a connection while a refusal is sent."""

    def __init__(self, *incoming: Message) -> None:
        self.incoming = iter(incoming)
        self.log: list[str] = []
        self.read_bytes = 0

    async def receive(self) -> Message:
        message = next(self.incoming, None)
        if message is None:
            self.log.append("waits")
            await asyncio.Event().wait()
            raise AssertionError
        self.read_bytes += len(message.get("body", b""))
        self.log.append("reads")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            self.log.append("starts, to close" if headers.get(b"connection") == b"close" else "starts")
        else:
            self.log.append("sends" if message["body"] else "ends")
            if not message.get("more_body", False) and message["body"]:
                self.log.append("ends")


def refuse(exchange: Exchange, *headers: tuple[bytes, bytes], body: str | None = None) -> list[str]:
    state: dict[str, Any] = {} if body is None else {"body": body}
    scope: Scope = {"type": "http", "method": "POST", "headers": list(headers), "state": state}
    asyncio.run(Refusal(Problem("unauthorized", "No key"))(scope, exchange.receive, exchange.send))
    return exchange.log


def chunk(size: int = 10, more: bool = True) -> Message:
    return {"type": "http.request", "body": bytes(size), "more_body": more}


LENGTH = (b"content-length", b"100")


def test_without_a_body_a_refusal_is_an_answer_like_others() -> None:
    assert refuse(Exchange()) == ["starts", "sends", "ends"]
    assert refuse(Exchange(), (b"content-length", b"0")) == ["starts", "sends", "ends"]


def test_behind_a_whole_body_a_refusal_keeps_the_connection() -> None:
    assert refuse(Exchange(), LENGTH, body="received") == ["starts", "sends", "ends"]


def test_in_front_of_a_body_it_is_sent_whole_then_drained_then_closed() -> None:
    exchange = Exchange(chunk(), chunk(more=False))
    assert refuse(exchange, LENGTH) == ["starts, to close", "sends", "reads", "reads", "ends"]


def test_a_client_that_leaves_ends_the_drain() -> None:
    exchange = Exchange(chunk(), {"type": "http.disconnect"})
    assert refuse(exchange, (b"transfer-encoding", b"chunked"), body="begun")[-2:] == ["reads", "ends"]


def test_who_asked_first_and_was_not_told_to_come_is_not_waited_for() -> None:
    """Receiving would send it a 100."""
    assert refuse(Exchange(), LENGTH, (b"expect", b"100-continue")) == ["starts, to close", "sends", "ends"]


def test_who_asked_first_and_came_is_drained() -> None:
    exchange = Exchange(chunk(more=False))
    assert "reads" in refuse(exchange, LENGTH, (b"expect", b"100-continue"), body="begun")


def test_the_drain_ends_after_some_bytes() -> None:
    exchange = Exchange(*[chunk(1 << 20)] * 1000)
    assert refuse(exchange, LENGTH)[-1] == "ends"
    assert exchange.read_bytes == DRAIN_BYTES


def test_the_drain_ends_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.refusal.DRAIN_SECONDS", 0.05)
    assert refuse(Exchange(chunk()), LENGTH)[-2:] == ["waits", "ends"]
