"""Body bytes -> parts: a push parser for multipart/form-data (RFC 7578). No I/O and no waiting.

Rules that must stay true:
1. The answer never depends on how the bytes were split: the same body gives the same parts, or the same problem.
2. Nothing grows with the body: headers, preamble and epilogue are bounded, and data is passed on as views of what came.

python-multipart finds the boundaries. Where its tolerance depends on the split (a preamble, the size of a header) or
has no limit (an epilogue, blanks), the limits here come first.
"""

import logging
import re
import sys
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartState, parse_options_header

from ingest.errors import Problem

MAX_CONTENT_TYPE_BYTES = 1024
MAX_PREAMBLE_BYTES = 1024
MAX_EPILOGUE_BYTES = 1024
MAX_PART_HEADERS = 8
MAX_HEADER_NAME_BYTES = 128
MAX_HEADER_BYTES = 8192
PIECE_BYTES = 256 << 10

_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046 §5.1.1
_MEDIA_TYPE = re.compile(r"[ \t]*([A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127})[ \t]*(?:;|$)")  # RFC 6838
_EXTENDED_NAME = re.compile(rb";[ \t]*filename\*[ \t]*=[ \t]*(?:utf-8'[^']*'([^;\s]*))?", re.IGNORECASE)  # RFC 8187
_SKIPPING_BLANKS = {MultipartState.HEADER_VALUE_START, MultipartState.BOUNDARY_PADDING}

logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # it warns about every hostile body


@dataclass(frozen=True, slots=True)
class PartHead:
    """`file_name` is None for a text field, else what the client calls the file: not fit for showing yet."""

    name: str
    file_name: str | None
    media_type: str | None
    transfer_encoding: str


class PartSink(Protocol):
    """Who takes the parts. May raise `Problem` to refuse one."""

    def begin_part(self, head: PartHead) -> None: ...
    def part_data(self, view: memoryview) -> None: ...
    def end_part(self) -> None: ...


def media_type(content_type: str) -> str | None:
    """The media type of a Content-Type header, in lower case; None if it can't be read."""
    found = _MEDIA_TYPE.match(content_type) if len(content_type) <= MAX_CONTENT_TYPE_BYTES else None
    return found[1].lower() if found else None


def boundary(content_type: str) -> bytes:
    """The boundary parameter. Every other one (charset too) is ignored."""
    _, options = parse_options_header(content_type)
    value = options.get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(value):
        raise Problem("malformed_multipart", "The Content-Type has no boundary of 1 to 70 characters (RFC 2046)")
    return value


class PartsParser:
    """Feed it with `write`, then say `finish`."""

    def __init__(self, boundary: bytes, sink: PartSink, *, max_parts: int) -> None:
        self._sink = sink
        self._max_parts = max_parts
        self._delimiter = b"\r\n--" + boundary
        self._closing = self._delimiter + b"--"
        # The line break in front of the first boundary belongs to it, and is not there when the body starts with it.
        self._preamble: bytearray | None = bytearray(b"\r\n")
        self._tail = b"\r\n"
        self._piece = b""
        self._data_end = 0
        self._blanks: int | None = None
        self._epilogue: int | None = None
        self._parts = 0
        self._headers: dict[bytes, bytes] = {}
        self._name = bytearray()
        self._value = bytearray()
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_begin": self._on_header_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": sink.end_part,
                "on_end": self._on_end,
            },
            # Its own limits look at a whole chunk at once, and so depend on the split. Ours count the same bytes.
            max_header_count=sys.maxsize,
            max_header_size=sys.maxsize,
        )

    def write(self, data: bytes) -> None:
        try:
            for start in range(0, len(data), PIECE_BYTES):
                self._read(data[start : start + PIECE_BYTES])
        except MultipartParseError:
            raise _malformed() from None

    def finish(self) -> None:
        """The body is over: it must have been whole."""
        if self._preamble is not None and not self._delimiter.startswith(self._preamble):
            raise _malformed()
        if self._epilogue is None:
            raise Problem("truncated_body", "The body ends before its closing boundary")

    # -- what python-multipart leaves open

    def _read(self, data: bytes) -> None:
        if self._preamble is not None:
            data = self._after_preamble(self._preamble, data)
        if self._epilogue is not None:
            self._count_epilogue(len(data))
        elif data:
            self._count_blanks_going_on(data)
            self._piece, self._data_end = data, 0
            self._parser.write(data)
            self._count_blanks_at_end(data)
            if self._epilogue is not None:
                self._count_epilogue(self._after_closing(data))
            self._tail = (self._tail + data[-len(self._closing) :])[1 - len(self._closing) :]

    def _after_preamble(self, preamble: bytearray, data: bytes) -> bytes:
        """What comes from the first boundary on; nothing while it has not come yet."""
        if len(preamble) == 2 and data.startswith(self._delimiter[2:]):
            self._preamble = None
            return data
        preamble += data
        farthest = MAX_PREAMBLE_BYTES + len(self._delimiter)
        start = preamble.find(self._delimiter, 0, farthest)
        if start >= 0:
            self._preamble = None
            return bytes(preamble[start + 2 :])
        if len(preamble) >= farthest:
            raise _malformed()
        return b""

    def _count_blanks_going_on(self, data: bytes) -> None:
        """The parser skips blanks one by one, in two of its states, without a limit.

        A run inside one piece can't be seen from here, but is no longer than a piece: so that is the limit.
        """
        if self._blanks is not None:
            self._blanks += len(data) - len(data.lstrip(b" \t"))
            if self._blanks > PIECE_BYTES:
                raise _malformed()

    def _count_blanks_at_end(self, data: bytes) -> None:
        if self._parser.state not in _SKIPPING_BLANKS:
            self._blanks = None
        elif self._blanks is None or data.strip(b" \t"):
            self._blanks = len(data) - len(data.rstrip(b" \t"))

    def _after_closing(self, data: bytes) -> int:
        """How many bytes follow the closing boundary, which may have begun in what came before `data`.

        Looking starts behind the last data in it: a file is not searched a second time.
        """
        seam = self._tail + data[: len(self._closing)]
        start = seam.find(self._closing)
        if start < 0:
            start = data.find(self._closing, self._data_end) + len(self._tail)
        return len(self._tail) + len(data) - start - len(self._closing)

    def _count_epilogue(self, length: int) -> None:
        self._epilogue = (self._epilogue or 0) + length
        if self._epilogue > MAX_EPILOGUE_BYTES:
            raise Problem("malformed_multipart", "Too much follows the closing boundary", limit=MAX_EPILOGUE_BYTES)

    # -- what the parser calls

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > self._max_parts:
            raise Problem("too_many_parts", f"More than {self._max_parts} parts", limit=self._max_parts)
        self._headers = {}

    def _on_header_begin(self) -> None:
        if len(self._headers) == MAX_PART_HEADERS:
            detail = f"A part has more than {MAX_PART_HEADERS} headers"
            raise Problem("part_header_too_large", detail, limit=MAX_PART_HEADERS)
        self._name = bytearray()
        self._value = bytearray()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        if len(self._name) > MAX_HEADER_NAME_BYTES:
            raise _malformed()

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        if len(self._value) + end - start > MAX_HEADER_BYTES:
            code = "name_too_long" if self._name.lower() == b"content-disposition" else "part_header_too_large"
            raise Problem(code, f"A part's header has more than {MAX_HEADER_BYTES} bytes", limit=MAX_HEADER_BYTES)
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        name = bytes(self._name).lower()
        # A name like a boundary would hide where the body ends; a second one, which of the two counts.
        if name.startswith(b"--") or name in self._headers or b"\n" in self._value:
            raise _malformed()
        self._headers[name] = bytes(self._value)

    def _on_headers_finished(self) -> None:
        self._sink.begin_part(_head(self._headers))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        # What looked like a boundary and was none comes from another buffer, of which only the end tells nothing.
        self._data_end = end if data is self._piece else 0
        self._sink.part_data(memoryview(data)[start:end])

    def _on_end(self) -> None:
        self._epilogue = 0


def _head(headers: dict[bytes, bytes]) -> PartHead:
    disposition = headers.get(b"content-disposition", b"")
    kind, options = parse_options_header(disposition)
    name = options.get(b"name", b"").decode(errors="replace")
    if kind != b"form-data" or not name:
        raise Problem("malformed_multipart", "A part is no form-data with a name")
    return PartHead(
        name=name,
        file_name=_file_name(disposition, options),
        media_type=media_type(headers.get(b"content-type", b"").decode("latin-1")),
        transfer_encoding=headers.get(b"content-transfer-encoding", b"").decode("latin-1").strip().lower(),
    )


def _file_name(disposition: bytes, options: dict[bytes, bytes]) -> str | None:
    """The plain `filename` wins (RFC 7578 §4.2). A part with `filename*` alone is still a file, not a text field."""
    if b"filename" in options:
        return options[b"filename"].decode(errors="replace")
    extended = _EXTENDED_NAME.search(disposition)
    return unquote((extended[1] or b"").decode("latin-1")) if extended else None


def _malformed() -> Problem:
    detail = "The body does not follow RFC 7578, or not the boundary that the Content-Type names"
    return Problem("malformed_multipart", detail)
