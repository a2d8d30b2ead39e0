"""Parts -> known fields and exactly one file, as a stream of events. A raw body is a file and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from ingest.errors import Problem
from ingest.parts import PartHead, PartsParser

FILE = "file"
FIELDS = ("params", "metadata", "sha256")

_IDENTITIES = {"", "binary", "8bit", "7bit"}


@dataclass(frozen=True, slots=True)
class Field:
    """A whole text field."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FileBegun:
    """`name` is what the client calls the file, not fit for showing yet; `media_type` is what it says the file is."""

    name: str
    media_type: str | None


@dataclass(frozen=True, slots=True)
class FileEnded:
    pass


Event = Field | FileBegun | memoryview | FileEnded


class Reader(Protocol):
    """A body, read. The events do not depend on how it was split, but for the views of the file's bytes."""

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events in `data`, in order. A problem is raised after the events before it."""
        ...

    def end(self) -> Iterator[Event]:
        """What the end of the body says. Raises if it is not whole."""
        ...


class RawReader:
    """The body is the file."""

    def __init__(self, name: str, media_type: str | None) -> None:
        self._begun: FileBegun | None = FileBegun(name, media_type)

    def feed(self, data: bytes) -> Iterator[Event]:
        if self._begun is not None:
            yield self._begun
            self._begun = None
        if data:
            yield memoryview(data)

    def end(self) -> Iterator[Event]:
        yield from self.feed(b"")
        yield FileEnded()


class FormReader:
    """Known fields, each at most once, then exactly one file: so all is known before the file's first byte comes."""

    def __init__(self, boundary: bytes, *, max_parts: int, max_field_bytes: int) -> None:
        self._parser = PartsParser(boundary, self, max_parts=max_parts)
        self._max_field_bytes = max_field_bytes
        self._events: list[Event] = []
        self._seen: set[str] = set()
        self._field: tuple[str, bytearray] | None = None

    def feed(self, data: bytes) -> Iterator[Event]:
        problem: Problem | None = None
        try:
            self._parser.write(data)
        except Problem as found:
            problem = found
        events, self._events = self._events, []
        yield from events
        if problem is not None:
            raise problem

    def end(self) -> Iterator[Event]:
        self._parser.finish()
        if FILE not in self._seen:
            raise Problem("file_required", f"No part of the form is called {FILE!r}")
        yield from ()

    # -- what the parser calls

    def begin_part(self, head: PartHead) -> None:
        _refuse_encoded(head)
        self._refuse_misplaced(head.name)
        self._seen.add(head.name)
        if head.name != FILE:
            self._field = (head.name, bytearray())
            return
        if head.file_name is None:
            raise Problem("file_required", f"The part {FILE!r} is a text field: it needs a filename")
        self._field = None
        self._events.append(FileBegun(head.file_name, head.media_type))

    def _refuse_misplaced(self, name: str) -> None:
        shown = name[:100]
        if name in self._seen:
            raise Problem("duplicate_field", f"The form has more than one {shown!r}", field=shown)
        if name not in FIELDS and name != FILE:
            raise Problem("unexpected_field", f"The form has an unknown field {shown!r}", field=shown, accepted=FIELDS)
        if FILE in self._seen:
            raise Problem("unexpected_field", f"The field {shown!r} belongs in front of the file", field=shown)

    def part_data(self, view: memoryview) -> None:
        if self._field is None:
            self._events.append(view)
            return
        name, value = self._field
        limit = self._max_field_bytes
        if len(value) + len(view) > limit:
            raise Problem("field_too_large", f"The field {name!r} has more than {limit} bytes", field=name, limit=limit)
        value += view

    def end_part(self) -> None:
        if self._field is None:
            self._events.append(FileEnded())
            return
        name, value = self._field
        try:
            self._events.append(Field(name, value.decode()))
        except UnicodeDecodeError:
            raise Problem("malformed_multipart", f"The field {name!r} is not UTF-8", field=name) from None


def _refuse_encoded(head: PartHead) -> None:
    if head.transfer_encoding not in _IDENTITIES:
        raise Problem("content_encoding", "A part has a Content-Transfer-Encoding: send its bytes as they are")
    if head.media_type is not None and head.media_type.startswith("multipart/"):
        raise Problem("unsupported_media_type", "A part is itself multipart: send one file", detected=head.media_type)
