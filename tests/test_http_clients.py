"""Clients that are slow, leave, ask first, or come in crowds: real sockets, both parsers."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import pytest

from tests.http_cases import FORM, HELLO, MIB, of_length
from tests.rawhttp import (
    BOUNDARY,
    Answer,
    Line,
    connected,
    exchange,
    file_part,
    form,
    head,
    is_alive,
    post,
    stored,
    within,
)
from tests.server import Server, running_server

KEY = "correct-horse"
LIMIT = 64 * MIB
BEARER = f"Authorization: Bearer {KEY}"


@pytest.fixture(scope="module", params=["httptools", "h11"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An impatient one: a head has half a second, a body below 10 KB/s as well."""
    with running_server(
        tmp_path_factory.mktemp(request.param),
        workers=0,
        http=request.param,
        max_file_bytes=LIMIT,
        header_timeout_seconds=0.5,
        body_patience_seconds=0.5,
        min_body_rate=10_000,
    ) as running:
        yield running


@pytest.fixture(scope="module", params=["httptools", "h11"])
def locked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One with an API key."""
    folder = tmp_path_factory.mktemp(f"locked-{request.param}")
    with running_server(folder, workers=0, http=request.param, max_file_bytes=LIMIT, api_key=KEY) as running:
        yield running


def spools(server: Server) -> bool:
    return any(name.startswith("spool/") for name in stored(server)[0])


def settled(server: Server) -> object:
    """What is stored once nothing is arriving any more."""
    assert any(not spools(server) for _ in within(5))
    return stored(server)


# -- slow ones (H24)


@pytest.mark.parametrize("start", [b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "])
def test_a_head_that_does_not_come_is_not_waited_for(server: Server, start: bytes) -> None:
    with connected(server.port) as line:
        began = time.monotonic()
        line.send(start)
        assert line.is_closed()
        assert time.monotonic() - began < 5


def test_a_second_head_that_does_not_come_is_not_waited_for(server: Server) -> None:
    """On a connection that has served a request already."""
    with connected(server.port) as line:
        line.send(head("GET", "/livez"))
        assert line.answer() is not None
        line.send(b"GET /livez HTTP/1.1\r\nHo")
        assert line.is_closed()


def test_a_head_that_drips_is_not_waited_for(server: Server) -> None:
    """The clock runs from its first byte, and starts anew with none."""
    with connected(server.port) as line:
        began = time.monotonic()
        drip = threading.Thread(target=_drip, args=(line, b"GET /livez HTTP/1.1\r\nX: " + b"y" * 1000), daemon=True)
        drip.start()
        assert line.is_closed()
        assert time.monotonic() - began < 5
        drip.join(timeout=5)


def _drip(line: Line, data: bytes, pause: float = 0.05) -> None:
    """A byte each `pause`, until the other end is closed."""
    waker = threading.Event()
    for index in range(len(data)):
        waker.wait(pause)
        try:
            line.socket.sendall(data[index : index + 1])
        except OSError:
            return


@pytest.mark.parametrize("start", [b"", HELLO[:50]])
def test_a_body_that_stops_is_refused_as_too_slow(server: Server, start: bytes) -> None:
    before = settled(server)
    with connected(server.port) as line:
        line.send(of_length("100000", start))
        answer = line.answer()
        assert answer is not None
        assert (answer.status, answer.code) == (408, "body_too_slow")
        assert answer.headers["connection"] == "close"
    assert settled(server) == before


def test_a_body_that_drips_is_refused_as_too_slow(server: Server) -> None:
    with connected(server.port) as line:
        line.send(of_length("100000", HELLO[:50]))
        drip = threading.Thread(target=_drip, args=(line, b"y" * 1000), daemon=True)
        drip.start()
        answer = line.answer()
        assert answer is not None
        assert answer.code == "body_too_slow"
        line.socket.close()
        drip.join(timeout=5)


def test_a_body_above_the_slowest_rate_may_take_longer_than_the_patience(server: Server) -> None:
    """20 KB/s for a second and more, where 10 KB/s are asked for in each half second."""
    body = form(file_part(b"slow but steady\n" * 1500))
    waker = threading.Event()
    with connected(server.port) as line:
        line.send(of_length(str(len(body)), b""))
        for start in range(0, len(body), 1000):
            waker.wait(0.05)
            line.send(body[start : start + 1000])
        answer = line.answer()
        assert answer is not None
        assert answer.status == 202


def test_a_crowd_of_silent_clients_disturbs_nobody(server: Server) -> None:
    crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    try:
        for one in crowd[::2]:
            one.sendall(b"POST /v1/ingest/text HTTP/1.1\r\nHost:")
        began = time.monotonic()
        answer = exchange(server.port, post(HELLO))
        assert answer is not None
        assert answer.status == 202
        assert time.monotonic() - began < 2
        for one in crowd:
            one.settimeout(10)
            assert one.recv(1) == b""
    finally:
        for one in crowd:
            one.close()


# -- ones that leave (H17)


RAW = head("PUT", "/v1/ingest/text/a.txt", f"Content-Length: {LIMIT}")
RAW_IN_CHUNKS = head("PUT", "/v1/ingest/text/a.txt", "Transfer-Encoding: chunked")


@pytest.mark.parametrize(
    "start",
    [
        of_length(str(LIMIT), file_part(b"x" * 1000)),
        of_length(str(LIMIT), file_part(b"x" * 5 * MIB)),
        RAW + b"x" * 1000,
        RAW + b"x" * 5 * MIB,
        RAW_IN_CHUNKS + b"500000\r\n" + b"x" * 5 * MIB + b"\r\n",
    ],
    ids=["small form", "large form", "small raw body", "large raw body", "whole chunk"],
)
@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
def test_a_client_that_leaves_in_the_body_leaves_nothing(server: Server, start: bytes, reset: bool) -> None:
    before = settled(server)
    with connected(server.port) as line:
        line.send(start)
        assert len(start) < MIB or any(spools(server) for _ in within(5))
        if reset:
            line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert settled(server) == before
    assert is_alive(server)


# -- ones that ask first (H22), and ones that don't listen


@pytest.mark.parametrize(
    ("request_bytes", "status", "code"),
    [
        (of_length(str(1 << 40), b"", "Expect: 100-continue", BEARER), 413, "file_too_large"),
        (of_length("1000", b"", "Expect: 100-continue"), 401, "unauthorized"),
        (of_length("1000", b"", "Expect: 100-continue", "Authorization: Bearer wrong"), 401, "unauthorized"),
        (of_length("1000", b"", "Expect: 100-continue", BEARER, "Content-Encoding: br"), 415, "content_encoding"),
    ],
)
def test_who_asks_first_is_refused_without_a_100(locked: Server, request_bytes: bytes, status: int, code: str) -> None:
    with connected(locked.port) as line:
        began = time.monotonic()
        line.send(request_bytes)
        answer = line.answer()
        assert answer is not None
        assert (answer.status, answer.code, answer.interim) == (status, code, ())
        assert line.is_closed()
        assert time.monotonic() - began < 1, "nothing is coming: there is nothing to drain"


def test_who_asks_first_and_may_come_gets_a_100_and_a_202(locked: Server) -> None:
    with connected(locked.port) as line:
        line.send(of_length(str(len(HELLO)), b"", "Expect: 100-continue", BEARER))
        line.send(HELLO)
        answer = line.answer()
        assert answer is not None
        assert (answer.status, answer.interim) == (202, (100,))


@pytest.mark.parametrize("kind", ["Basic OmNvcnJlY3QtaG9yc2U=", f"bearer {KEY}"])  # Basic: no user, the key as password
def test_the_key_is_taken_in_both_forms(locked: Server, kind: str) -> None:
    answer = exchange(locked.port, post(HELLO, f"Authorization: {kind}"))
    assert answer is not None
    assert answer.status == 202


def test_a_stranger_is_told_how_to_send_the_key(locked: Server) -> None:
    answer = exchange(locked.port, post(HELLO))
    assert answer is not None
    assert answer.code == "unauthorized"
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert 'Basic realm="dropoff"' in answer.headers["www-authenticate"]


def early(server: Server, size: int) -> Answer | None:
    """What a client hears that sends all of a refused body before it reads."""
    body = b"x" * size
    with connected(server.port) as line:
        line.send(head("POST", "/v1/ingest/text", f"Content-Type: {FORM}", f"Content-Length: {size}"))
        for start in range(0, size, MIB):
            line.send(body[start : start + MIB])
        return line.answer()


def test_a_client_that_sends_on_and_reads_late_still_gets_the_refusal(locked: Server) -> None:
    answer = early(locked, 20 * MIB)
    assert answer is not None
    assert answer.code == "unauthorized"
    assert answer.headers["connection"] == "close"


def test_a_client_that_never_stops_sending_is_cut_off(locked: Server) -> None:
    """The drain has an end: a stranger does not occupy the server with what nobody wants."""
    with connected(locked.port) as line:
        line.send(head("POST", "/v1/ingest/text", f"Content-Type: {FORM}", "Transfer-Encoding: chunked"))
        answer = line.answer()
        assert answer is not None
        assert answer.code == "unauthorized"
        chunk = b"100000\r\n" + b"x" * MIB + b"\r\n"
        line.send(*repeat(chunk, 10_000))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            line.socket.sendall(chunk)


# -- crowds (H04)


def test_uploads_in_parallel_leave_others_their_answers(server: Server) -> None:
    body = post(form(file_part(b"a line of text\n" * (2 * MIB // 15))))
    with ThreadPoolExecutor(21) as pool:
        uploads = [pool.submit(exchange, server.port, body) for _ in range(20)]
        waits = []
        while not all(upload.done() for upload in uploads):
            began = time.monotonic()
            assert is_alive(server)
            waits.append(time.monotonic() - began)
    assert {answer and answer.status for answer in (upload.result() for upload in uploads)} == {202}
    assert sorted(waits)[len(waits) // 2] < 0.5


def test_the_same_bytes_dropped_at_once_are_many_jobs_and_one_blob(server: Server) -> None:
    before, count = stored(server)
    body = post(form(file_part(f"only here {BOUNDARY}\n".encode())))
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: exchange(server.port, body), range(20)))
    assert {answer and answer.status for answer in answers} == {202}
    files, jobs = stored(server)
    assert (len(files - before), jobs) == (1, count + 20)
