"""The door in front of uvicorn's protocols: what of a head is wrong, and readers that stall."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ingest.settings import Settings
from ingest.wire import MAX_HEADERS, MAX_TARGET_BYTES, find_fault, protocol_class
from tests.rawhttp import connected, head

HOST = (b"host", b"localhost")
LENGTH = (b"content-length", b"5")
CHUNKED = (b"transfer-encoding", b"chunked")


@pytest.mark.parametrize("headers", [[], [LENGTH], [CHUNKED], [(b"transfer-encoding", b"Chunked")]])
def test_a_plain_head_is_right(headers: list[tuple[bytes, bytes]]) -> None:
    assert find_fault(b"/", [HOST, *headers], "1.1") is None


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([HOST, LENGTH, LENGTH], "bad_length"),
        ([HOST, LENGTH, CHUNKED], "bad_length"),
        ([HOST, CHUNKED, CHUNKED], "bad_length"),
        ([HOST, (b"content-length", b"-1")], "bad_length"),
        ([HOST, (b"content-length", b"5, 5")], "bad_length"),
        ([HOST, (b"content-length", b"")], "bad_length"),
        ([HOST, (b"content-length", b"9" * 20)], "bad_length"),
        ([HOST, (b"transfer-encoding", b"gzip, chunked")], "malformed_request"),
        ([HOST, (b"transfer-encoding", b"identity")], "malformed_request"),
        ([HOST, (b"transfer-encoding", b"chunked ,")], "malformed_request"),
        ([], "bad_host"),
        ([HOST, HOST], "bad_host"),
        ([(b"host", b"a b")], "bad_host"),
        ([HOST, *[(b"x", b"y")] * MAX_HEADERS], "headers_too_large"),
    ],
)
def test_an_ambiguous_head_is_found_out(headers: list[tuple[bytes, bytes]], code: str) -> None:
    fault = find_fault(b"/", headers, "1.1")
    assert fault is not None
    assert fault.code == code


def test_chunks_are_not_http_1_0() -> None:
    fault = find_fault(b"/", [HOST, CHUNKED], "1.0")
    assert fault is not None
    assert fault.code == "malformed_request"


def test_a_target_has_a_limit() -> None:
    assert find_fault(b"/" * MAX_TARGET_BYTES, [HOST], "1.1") is None
    assert find_fault(b"/" * (MAX_TARGET_BYTES + 1), [HOST], "1.1") is not None


@pytest.mark.parametrize(("http", "base"), [("httptools", HttpToolsProtocol), ("h11", H11Protocol)])
def test_the_setting_chooses_the_protocol_and_its_patience(http: str, base: type) -> None:
    door = protocol_class(Settings.model_validate({"http": http, "header_timeout_seconds": 3}))
    assert issubclass(door, base)
    assert getattr(door, "head_seconds", None) == 3


async def _endless(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends more than any buffer takes, until the connection is gone."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"transfer-encoding", b"chunked")]})
    while (await _at_once(receive)) != "http.disconnect":
        await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
    GONE.set()


async def _at_once(receive: Receive) -> str:
    """The next message, if there is one already."""
    message = asyncio.ensure_future(receive())
    done, _ = await asyncio.wait([message], timeout=0.001)
    if not done:
        message.cancel()
        return ""
    return str(message.result()["type"])


GONE = threading.Event()


@contextmanager
def serving(http: str) -> Iterator[int]:
    settings = Settings.model_validate({"http": http})
    config = uvicorn.Config(_endless, http=protocol_class(settings), lifespan="off", ws="none", log_config=None)
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_a_reader_that_stalls_is_cut_off(http: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.wire.STALLED_SECONDS", 0.2)
    GONE.clear()
    with serving(http) as port, connected(port) as line:
        line.send(head("GET", "/"))
        assert GONE.wait(10)


@pytest.mark.parametrize("http", ["httptools", "h11"])
def test_a_request_learns_that_its_client_left_with_others_queued_behind_it(http: str) -> None:
    """uvicorn would tell the last one only, and the first would stream on into a closed connection."""
    GONE.clear()
    with serving(http) as port:
        with connected(port) as line:
            line.send(head("GET", "/") * 3)
            assert line.socket.recv(1)
        assert GONE.wait(10)
