"""uvicorn's HTTP protocols, closed where they are open: no endless, huge or ambiguous head gets past this door.

What uvicorn leaves open, in both protocols: a connection may stay silent for ever before and in a head; a reader may
stall for ever. httptools also takes a head of any size, no Host or two; h11 takes Content-Length beside
Transfer-Encoding. Whatever is wrong at this level ends in one whole problem document and a close, or in a close.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import h11
from starlette.datastructures import Headers
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from ingest.document import encode
from ingest.errors import Problem
from ingest.guard import host_name
from ingest.settings import Settings

MAX_HEAD_BYTES = 128 << 10
MAX_TARGET_BYTES = 16 << 10
MAX_HEADERS = 128
MAX_CHUNK_HEAD_BYTES = 16 << 10
SLICE_BYTES = 16 << 10
STALLED_SECONDS = 60.0

_LENGTH = re.compile(rb"[0-9]{1,19}")
_Headers = Sequence[tuple[bytes, bytes]]


class Refused(Exception):
    """Raised inside a parser, which then stops."""


def find_fault(target: bytes, headers: _Headers, version: str) -> Problem | None:
    """What makes a head ambiguous (RFC 9112 §6) or too large. Names are in lower case."""
    if len(headers) > MAX_HEADERS or len(target) > MAX_TARGET_BYTES:
        return _too_large()
    lengths = [value for name, value in headers if name == b"content-length"]
    encodings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if len(lengths) + len(encodings) > 1 or not all(_LENGTH.fullmatch(length) for length in lengths):
        return Problem("bad_length", "A body has either one Content-Length, a number of bytes, or chunks")
    if encodings and (encodings != [b"chunked"] or version == "1.0"):
        return Problem("malformed_request", "The only Transfer-Encoding taken here is chunked, in HTTP/1.1")
    try:
        host_name(Headers(raw=list(headers)))
    except Problem as problem:
        return problem
    return None


def _too_large() -> Problem:
    words = f"A head has up to {MAX_HEAD_BYTES} bytes, {MAX_HEADERS} headers, and {MAX_TARGET_BYTES} bytes of target"
    return Problem("headers_too_large", words)


def _rendered(problem: Problem) -> bytes:
    body = encode(problem.document())
    head = b"content-type: application/problem+json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    return STATUS_LINE[problem.type.status] + head + body


if TYPE_CHECKING:  # what stands behind a door
    _Protocol = HttpToolsProtocol
else:
    _Protocol = object


class Door(_Protocol):
    """Stands in front of one of uvicorn's protocols, in the order of bases."""

    head_seconds: ClassVar[float]

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _is_chunked = False
    _barren_bytes = 0  # that came since a request began, or bytes of its body
    _fault: Problem | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        super().connection_made(transport)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._head_timer, self._stall_timer):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """In slices, where a limit must be seen when it is passed: in a head, and between the chunks of a body."""
        rest = memoryview(data)
        while rest and not self.transport.is_closing():
            length = SLICE_BYTES if self._is_waiting() or self._is_chunked else len(rest)
            self._feed(rest[:length])
            rest = rest[length:]
        self._watch_head()

    def _feed(self, piece: memoryview) -> None:
        cycle = self.cycle
        body_bytes = len(cycle.body) if cycle else 0
        self._barren_bytes += len(piece)
        super().data_received(piece)  # type: ignore[arg-type] # both parsers take any buffer
        if self.cycle is not cycle:
            self._barren_bytes = 0
            self._is_chunked = any(name == b"transfer-encoding" for name, _ in self.cycle.scope["headers"])
        elif cycle and len(cycle.body) > body_bytes:
            self._barren_bytes = 0
        limit = MAX_CHUNK_HEAD_BYTES if self._is_chunked and not self._is_waiting() else MAX_HEAD_BYTES
        if self._barren_bytes > limit and not self.transport.is_closing():
            self._fault = _too_large() if self._is_waiting() else None
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        """Instead of uvicorn's plain text. What is wrong behind a whole request takes nothing from its answer."""
        cycle = next(iter(self._unanswered()), None)
        if cycle is not None and not cycle.more_body:
            cycle.keep_alive = False
            return
        if cycle is None or not cycle.response_started:
            self.transport.write(_rendered(self._fault or Problem("malformed_request", "This is not HTTP/1.1")))
        if cycle is not None:
            cycle.disconnected = True
            cycle.message_event.set()
        self.transport.close()

    def _unanswered(self) -> list[RequestResponseCycle]:
        """The requests that are under way, oldest first."""
        return [] if self._is_waiting() else [self.cycle]

    # -- clocks

    def _is_waiting(self) -> bool:
        """Whether a head is what comes next, or is coming."""
        return self.cycle is None or self.cycle.response_complete

    def _watch_head(self) -> None:
        """From the first byte (or the connection's start) a head has so many seconds to be whole."""
        if not self._is_waiting() or self.transport.is_closing():
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.head_seconds, self.transport.close)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None


class HttpToolsDoor(Door, HttpToolsProtocol):
    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._cycles: list[RequestResponseCycle] = []

    def on_headers_complete(self) -> None:
        self._fault = find_fault(self.url, self.headers, self.parser.get_http_version())
        if self._fault is not None:
            raise Refused
        super().on_headers_complete()
        self._cycles = [*self._unanswered(), self.cycle]

    def _unanswered(self) -> list[RequestResponseCycle]:
        """`self.cycle` is the last one: of requests that were sent ahead, the first may still be under way."""
        return [cycle for cycle in self._cycles if not cycle.response_complete]

    def connection_lost(self, exc: Exception | None) -> None:
        """uvicorn tells the last one only; another would never learn that nobody listens any more."""
        for cycle in self._unanswered():
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def on_body(self, body: bytes) -> None:
        """uvicorn's appends to a bytearray and copies that for the application: two copies of all that comes.

        Here the bytes pass on as they are, as long as the application keeps up.
        """
        cycle = self.cycle
        if cycle.response_complete:
            return
        if not cycle.body:
            cycle.body = body  # type: ignore[assignment] # of which uvicorn's `bytes(body)` makes no copy
        else:
            cycle.body = bytearray(cycle.body) if isinstance(cycle.body, bytes) else cycle.body
            cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def _unsupported_upgrade_warning(self) -> None:
        """The parser takes nothing any more behind an upgrade: this answer is the last one of the connection."""
        if self._is_waiting():
            self.transport.close()
        else:
            self.cycle.keep_alive = False


class StrictConnection(h11.Connection):
    fault: Problem | None = None

    def next_event(self) -> Any:
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.fault = _too_large() if error.error_status_hint == 431 else None
            raise
        if isinstance(event, h11.Request):
            self.fault = find_fault(event.target, list(event.headers), event.http_version.decode("ascii"))
            if self.fault is not None:
                raise h11.RemoteProtocolError(self.fault.detail)
        return event


class H11Door(Door, H11Protocol):  # type: ignore[misc] # Door is typed against the other protocol, which is alike
    conn: StrictConnection

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.conn = StrictConnection(h11.SERVER, MAX_HEAD_BYTES)

    def send_400_response(self, msg: str) -> None:
        self._fault = self._fault or self.conn.fault
        super().send_400_response(msg)

    def _unsupported_upgrade_warning(self) -> None:
        """Saying nothing of it is the answer to it (RFC 9110 §7.8)."""


DOORS: dict[str, type[Door]] = {"httptools": HttpToolsDoor, "h11": H11Door}


def protocol_class(settings: Settings) -> type[asyncio.Protocol]:
    """The protocol for `uvicorn.Config(http=...)`."""
    door = DOORS[settings.http]
    return type(door.__name__, (door,), {"head_seconds": settings.header_timeout_seconds})
