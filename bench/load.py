"""The client: raw sockets and prepared bytes, so that the figures are the server's."""

import secrets
import socket
import string
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

BOUNDARY = "bench-2f6c1b"
BLOCK = 1 << 20
_LETTERS = bytes(string.ascii_letters + string.digits + " \n", "ascii")


def printable(size: int) -> bytes:
    """Random text: what a text kind accepts and no disk or wire can compress by luck."""
    return bytes(_LETTERS[byte & 63] for byte in secrets.token_bytes(size))


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how to upload: a multipart POST, or a PUT of the raw body. `path` may hold {n}."""

    port: int
    path: str
    multipart: bool
    accepted: tuple[int, ...]
    pids: Callable[[], list[int]] = field(default=list)
    fields: Mapping[str, str] = field(default_factory=dict)

    def frame(self, n: int, size: int) -> tuple[bytes, bytes]:
        """What goes before and after `size` bytes of the file."""
        head, tail = b"", b""
        if self.multipart:
            parts = [
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
                for name, value in self.fields.items()
            ]
            parts.append(
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{n}.txt"\r\n'
                "Content-Type: text/plain\r\n\r\n"
            )
            head = "".join(parts).encode()
            tail = f"\r\n--{BOUNDARY}--\r\n".encode()
        method = "POST" if self.multipart else "PUT"
        kind = f"multipart/form-data; boundary={BOUNDARY}" if self.multipart else "text/plain"
        request = (
            f"{method} {self.path.format(n=n)} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(head) + size + len(tail)}\r\n\r\n"
        ).encode()
        return request + head, tail


class Connection:
    """One keep-alive connection."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._socket = socket.create_connection(("127.0.0.1", target.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def close(self) -> None:
        self._socket.close()

    def upload(self, n: int, body: bytes, times: int = 1) -> bytes:
        """Upload `body` repeated `times` as one file; the answer's body."""
        before, after = self.target.frame(n, len(body) * times)
        if times == 1:
            self._socket.sendall(b"".join((before, body, after)))
        else:
            self._socket.sendall(before)
            for _ in range(times):
                self._socket.sendall(body)
            self._socket.sendall(after)
        return self.answer(self.target.accepted)

    def get(self, path: str) -> bytes:
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.target.port}\r\n\r\n".encode())
        return self.answer((200,))

    def post(self, path: str) -> bytes:
        self._socket.sendall(
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.target.port}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        return self.answer((200, 202))

    def answer(self, accepted: tuple[int, ...]) -> bytes:
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        length = _content_length(head)
        while len(self._buffer) < length:
            self._receive()
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        if int(head.split(b" ", 2)[1]) not in accepted:
            raise RuntimeError(f"unexpected answer: {head[:200]!r} {body[:300]!r}")
        return body

    def _receive(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the server hung up")
        self._buffer += data


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def large(target: Target, size: int) -> float:
    """Seconds to upload one file of `size` bytes."""
    block = printable(BLOCK)
    connection = Connection(target)
    started = time.perf_counter()
    connection.upload(0, block, size // BLOCK)
    seconds = time.perf_counter() - started
    connection.close()
    return seconds


def small(target: Target, count: int, size: int, connections: int) -> float:
    """Seconds to upload `count` different files of `size` bytes over several connections."""
    block = printable(size - 16)
    share, rest = divmod(count, connections)
    assert rest == 0, "every connection has its share"
    failures: list[BaseException] = []

    def run(worker: int) -> None:
        try:
            connection = Connection(target)
            for n in range(share):
                connection.upload(worker * share + n, f"{worker:08d}{n:08d}".encode() + block)
            connection.close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=[worker]) for worker in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - started
