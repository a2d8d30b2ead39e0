"""The application without a server: one request, chunk by chunk, as a server would hand it over."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.types import Message, Scope

from tests.rawhttp import BOUNDARY

FORM = ("content-type", f"multipart/form-data; boundary={BOUNDARY}")


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


def scope_of(app: FastAPI, method: str, target: str, *headers: tuple[str, str], host: str = "127.0.0.1") -> Scope:
    path, _, query = target.partition("?")
    lines = [("host", host), *headers] if host else [*headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in lines],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 1),
        "state": {},
        "app": app,
    }


async def request(
    app: FastAPI,
    method: str,
    target: str,
    *headers: tuple[str, str],
    body: Iterable[bytes] | AsyncIterator[bytes] = (),
    leave: bool = False,
) -> Reply:
    """`leave`: the client is gone after `body`, which was not all."""
    sent: list[Message] = []
    incoming = _messages(body, leave)

    async def receive() -> Message:
        return await anext(incoming)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope_of(app, method, target, *headers, ("transfer-encoding", "chunked")), receive, send)
    start = sent[0]
    answered = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return Reply(start["status"], answered, b"".join(message.get("body", b"") for message in sent[1:]))


async def _messages(body: Iterable[bytes] | AsyncIterator[bytes], leave: bool) -> AsyncIterator[Message]:
    if isinstance(body, AsyncIterator):
        async for chunk in body:
            yield {"type": "http.request", "body": chunk, "more_body": True}
    else:
        for chunk in body:
            yield {"type": "http.request", "body": chunk, "more_body": True}
    if leave:
        yield {"type": "http.disconnect"}
    yield {"type": "http.request", "body": b"", "more_body": False}
    await asyncio.Event().wait()
