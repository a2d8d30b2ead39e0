"""The body of a request as chunks, from a client that is neither gone nor too slow."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from ingest.errors import Problem
from ingest.settings import Settings


async def chunks(request: Request, settings: Settings) -> AsyncIterator[bytes]:
    """Raises `ClientDisconnect`, or `Problem` body_too_slow.

    Only the time spent waiting for the client counts: while our disk is slow, the client can't send.
    """
    clock = asyncio.get_running_loop().time
    patience = settings.body_patience_seconds
    enough = max(1.0, settings.min_body_rate * patience)
    waited, came, more = 0.0, 0, True
    while more:
        began = clock()
        try:
            async with asyncio.timeout(patience - waited):
                message = await request.receive()
        except TimeoutError:
            if came < enough:
                words = f"In the last {patience:g} s came {came} bytes of the body"
                raise Problem("body_too_slow", words, limit=settings.min_body_rate) from None
            waited, came = 0.0, 0
            continue
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        waited += clock() - began
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        request.state.body = "begun" if more else "received"
        came += len(chunk)
        if chunk:
            yield chunk


def is_begun(scope: Scope) -> bool:
    return "body" in scope.get("state", {})


def is_unread(scope: Scope) -> bool:
    """Whether some of the request's body may still be on its way."""
    headers = dict(scope["headers"])
    announced = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
    return announced and scope.get("state", {}).get("body") != "received"
