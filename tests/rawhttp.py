"""HTTP over a bare socket: sends exactly the bytes it is given, and reads what comes back."""

import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.server import Server

BOUNDARY = "----raw"
ANSWER_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response, and the interim ones (1xx) before it."""

    status: int
    headers: dict[str, str]
    body: bytes
    interim: tuple[int, ...] = ()

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document

    @property
    def code(self) -> str:
        """The code of a problem, whose shape is checked on the way."""
        assert self.headers["content-type"] == "application/problem+json", self
        document = self.document
        assert document["status"] == self.status
        assert {"type", "title", "detail", "code", "retryable"} <= document.keys()
        return str(document["code"])


@dataclass(slots=True)
class Line:
    """One connection."""

    socket: socket.socket
    _buffer: bytearray = field(default_factory=bytearray)

    def send(self, *pieces: bytes) -> None:
        """A server may close before it has taken everything."""
        try:
            for piece in pieces:
                self.socket.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def answer(self) -> Answer | None:
        """The next response; None if the connection ends without one."""
        interim: list[int] = []
        while True:
            head = self._until(b"\r\n\r\n")
            if head is None:
                return None
            first, *lines = head.decode("latin-1").split("\r\n")
            status = int(first.split(" ")[1])
            if status >= 200:
                break
            interim.append(status)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return Answer(status, headers, self._take(int(headers.get("content-length", 0))), tuple(interim))

    def is_closed(self) -> bool:
        """Whether the server ends the connection, within the bound, and says no more."""
        return self._more() is False

    def _until(self, mark: bytes) -> bytes | None:
        while mark not in self._buffer:
            if not self._more():
                assert not self._buffer, bytes(self._buffer)
                return None
        head, _, rest = bytes(self._buffer).partition(mark)
        self._buffer = bytearray(rest)
        return head

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            assert self._more(), "the answer is cut short"
        taken, self._buffer = bytes(self._buffer[:length]), self._buffer[length:]
        return taken

    def _more(self) -> bool:
        readable, _, _ = select.select([self.socket], [], [], ANSWER_SECONDS)
        assert readable, f"no answer and no close within {ANSWER_SECONDS} s"
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            return False
        self._buffer += data
        return bool(data)


@contextmanager
def connected(port: int) -> Iterator[Line]:
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield Line(connection)


def exchange(port: int, *pieces: bytes) -> Answer | None:
    """One request on a connection of its own."""
    with connected(port) as line:
        line.send(*pieces)
        return line.answer()


def head(method: str, target: str, *lines: str, host: str | None = "127.0.0.1") -> bytes:
    """A request's head. Characters are bytes; `host=None` leaves the Host out."""
    hosts = [] if host is None else [f"Host: {host}"]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *hosts, *lines, "", ""]).encode("latin-1")


def post(body: bytes, *lines: str, kind: str = "text", content_type: str | None = None) -> bytes:
    """A form posted with its length."""
    claimed = content_type or f"multipart/form-data; boundary={BOUNDARY}"
    lines = (f"Content-Type: {claimed}", f"Content-Length: {len(body)}", *lines)
    return head("POST", f"/v1/ingest/{kind}", *lines) + body


def text_field(name: str, value: bytes) -> bytes:
    return part(f'form-data; name="{name}"', value)


def file_part(data: bytes, name: str = "a.txt") -> bytes:
    return part(f'form-data; name="file"; filename="{name}"', data)


def part(disposition: str, data: bytes, *lines: str) -> bytes:
    headers = "\r\n".join([f"--{BOUNDARY}", f"Content-Disposition: {disposition}", *lines, "", ""])
    return headers.encode() + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def within(seconds: float) -> Iterator[None]:
    """For loops that look again until a condition holds: `for _ in within(5): if ...: return`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield


def is_alive(server: Server) -> bool:
    answer = exchange(server.port, head("GET", "/livez"))
    return answer is not None and answer.status == 200


def stored(server: Server) -> tuple[frozenset[str], int]:
    """The names of blobs and spools, and the number of jobs."""
    files = server.data / "files"
    answer = exchange(server.port, head("GET", "/v1/jobs?limit=200"))
    assert answer is not None
    names = frozenset(str(path.relative_to(files)) for path in files.rglob("*") if path.is_file())
    return names, len(answer.document["jobs"])
