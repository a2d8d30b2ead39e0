"""Errors -> answers. A refusal is sent whole before the connection closes, so that its client can read it."""

import asyncio
from contextlib import suppress
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ingest.body import is_begun, is_unread
from ingest.document import encode
from ingest.errors import Problem
from ingest.kinds import Kind
from ingest.pages import PAGE_HEADERS, problem_page
from storage.base import StorageError

DRAIN_BYTES = 64 << 20
DRAIN_SECONDS = 2.0
RETRY_SECONDS = "1"
MAX_ERRORS = 10
MAX_WORDS = 300


class Refusal(Response):
    """A problem, as JSON or as a page.

    While the body is still coming, an answer followed by a close would be lost: the reset that meets the client's next
    bytes takes back what it has not read yet. So the rest is read and dropped for a while, between the two. A client
    that waits for `100 Continue` has sent nothing, and never gets one.
    """

    def __init__(self, problem: Problem, *, as_page: bool = False) -> None:
        headers = {"Retry-After": RETRY_SECONDS} if problem.type.retryable and problem.type.status >= 429 else {}
        content: str | bytes = encode(problem.document())
        media_type = "application/problem+json"
        if as_page:
            content, media_type, headers = problem_page(problem), "text/html", {**headers, **PAGE_HEADERS}
        super().__init__(content, problem.type.status, {**headers, **problem.headers}, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_unread(scope):
            await super().__call__(scope, receive, send)
            return
        self.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        if is_begun(scope) or b"expect" not in dict(scope["headers"]):
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await _drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive) -> None:
    left = DRAIN_BYTES
    while left > 0:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
        left -= len(message.get("body", b""))


def refuse(request: Request, problem: Problem) -> Refusal:
    return Refusal(problem, as_page="text/html" in request.headers.get("accept", ""))


async def on_problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return refuse(request, problem)


async def on_invalid_request(request: Request, error: Exception) -> Response:
    """What FastAPI could not read: the kind in the path, or a parameter. Nothing of it is echoed."""
    assert isinstance(error, RequestValidationError)
    errors = [_presentable(one) for one in error.errors()[:MAX_ERRORS]]
    if any(one["loc"] == "path.kind" for one in errors):
        kinds = [str(kind) for kind in Kind]
        return refuse(request, Problem("unknown_kind", f"A kind is one of {', '.join(kinds)}", accepted=kinds))
    words = "; ".join(f"{one['loc']}: {one['msg']}" for one in errors)
    return refuse(request, Problem("invalid_parameter", words[:MAX_WORDS], errors=errors))


def _presentable(error: Any) -> dict[str, str]:
    return {"loc": ".".join(str(part) for part in error["loc"])[:100], "msg": error["msg"][:100], "type": error["type"]}


async def on_http_exception(request: Request, error: Exception) -> Response:
    """What Starlette raises by itself: no such route, no such method, and hardly anything else."""
    assert isinstance(error, HTTPException)
    code = {405: "method_not_allowed"}.get(error.status_code, "not_found")
    words = f"{request.method} does nothing here" if error.status_code == 405 else "Nothing has this address"
    return refuse(request, Problem(code, words, headers=dict(error.headers or {})))


async def on_storage_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, StorageError)
    return refuse(request, Problem(error.code, error.detail))


async def on_store_busy(request: Request, _: Exception) -> Response:
    return refuse(request, Problem("busy", "The job table can't be written now"))


async def on_index_unavailable(request: Request, error: Exception) -> Response:
    return refuse(request, Problem("search_unavailable", str(error)))


async def on_mistake(request: Request, _: Exception) -> Response:
    """A bug of ours. The server logs the exception; its client learns nothing of it."""
    return refuse(request, Problem("internal", "The request could not be served"))
