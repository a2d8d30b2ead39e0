"""What worker, zygote and cell say to each other. Whatever comes from a cell is hostile until it is read here.

A cell gets its `Errand` once, as a file in memory, and answers with JSON lines on a pipe of its own: reports, then
one last word. The zygote says `Started` and `Ended`, or `NotStarted`, on a socket of its own for each cell.
Never pickle: bytes of a cell must not be able to do anything but be read.
"""

import json
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError

from processors.base import Limits, RejectionCode, Report

REPORT_BYTES = 4096
RESULT_BYTES = 1 << 20
BURST_LINES = 200
LINES_PER_SECOND = 100  # ten times what an honest cell sends
DETAIL_LENGTH = 500
TRACEBACK_LENGTH = 4000
MESSAGE_BYTES = 4096  # on the zygote's sockets
DESCRIPTORS = 5  # errand, input, reports, standard error, the cell's line to the worker


def _storable(value: dict[str, Any]) -> dict[str, Any]:
    json.dumps(value, allow_nan=False)  # raises ValueError: NaN and Infinity are no JSON
    return value


JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_storable)]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def line(self) -> bytes:
        return self.model_dump_json().encode() + b"\n"


# -- from the worker


@dataclass(frozen=True, slots=True)
class Errand:
    """What a cell shall do. Its input is a descriptor, never a name; `scratch` is an absolute path."""

    params: dict[str, Any]
    name: str
    media_type: str
    size: int
    scratch: str
    limits: Limits

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """The worker is trusted, and a model would take a cell 0.3 ms."""
        fields = json.loads(line)
        return cls(**{**fields, "limits": Limits(**fields["limits"])})


class Kill(Message):
    signal: Literal[9, 15]


# -- from the cell


@dataclass(frozen=True, slots=True)
class Left:
    """An output that a cell says it left in `scratch/out`. Nobody has looked yet."""

    name: str
    media_type: str
    attributes: JsonObject


class Reported(Message):
    word: Literal["reported"] = "reported"
    report: Report


class Returned(Message):
    word: Literal["returned"] = "returned"
    result: JsonObject
    outputs: tuple[Left, ...]


class Refused(Message):
    """The processor raised `Rejected`."""

    word: Literal["refused"] = "refused"
    code: RejectionCode
    detail: str = Field(max_length=DETAIL_LENGTH)


class Raised(Message):
    """Anything else that it raised; for the log only, but for the name of the exception."""

    word: Literal["raised"] = "raised"
    exception: str = Field(max_length=100)
    traceback: str = Field(max_length=TRACEBACK_LENGTH)


class Exhausted(Message):
    word: Literal["exhausted"] = "exhausted"
    what: Literal["memory", "file size", "space"]


class Obeyed(Message):
    """It was told to stop, and did."""

    word: Literal["obeyed"] = "obeyed"


LastWord = Returned | Refused | Raised | Exhausted | Obeyed
Word = Reported | LastWord

# -- from the zygote


class Warm(Message):
    """Ready to fork. `granted` says which protections of a cell worked in a rehearsal."""

    word: Literal["warm"] = "warm"
    granted: dict[str, bool]


class Unfit(Message):
    word: Literal["unfit"] = "unfit"
    reason: str


class Started(Message):
    word: Literal["started"] = "started"
    pid: int


class NotStarted(Message):
    word: Literal["not started"] = "not started"
    reason: str


class Ended(Message):
    """`exit` is the exit status, or minus the signal. `strays` counts processes that the cell had started."""

    word: Literal["ended"] = "ended"
    exit: int
    cpu_seconds: float
    peak_rss_bytes: int
    strays: int


_M = TypeVar("_M")
_Tagged = Field(discriminator="word")
WORD: TypeAdapter[Word] = TypeAdapter(Annotated[Word, _Tagged])
GREETING: TypeAdapter[Warm | Unfit] = TypeAdapter(Annotated[Warm | Unfit, _Tagged])
NOTICE: TypeAdapter[Started | NotStarted | Ended] = TypeAdapter(Annotated[Started | NotStarted | Ended, _Tagged])
KILL: TypeAdapter[Kill] = TypeAdapter(Kill)


def receive(line: socket.socket, message: TypeAdapter[_M]) -> _M | None:
    """The next message; None when the other side is gone."""
    try:
        data = line.recv(MESSAGE_BYTES)
    except ConnectionResetError:
        return None
    return message.validate_json(data) if data else None


class Babble(Exception):
    """A cell says what no cell says, or too much of it."""


class Hearing:
    """The bytes of a cell's pipe, as words. Raises `Babble` at the first thing that is wrong."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines = 0
        self._over = False

    def feed(self, data: bytes, seconds: float) -> Iterator[Word]:
        """The words that are complete now, `seconds` after the cell's start."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._lines += len(lines)
        if self._lines > BURST_LINES + LINES_PER_SECOND * seconds:
            raise Babble("It reported too often")
        yield from map(self._word, lines)
        if len(self._rest) > RESULT_BYTES:
            raise Babble(f"Its result is larger than {RESULT_BYTES} bytes")

    def _word(self, line: bytes) -> Word:
        if self._over:
            raise Babble("It went on after its last word")
        if len(line) > RESULT_BYTES:
            raise Babble(f"Its result is larger than {RESULT_BYTES} bytes")
        try:
            word = WORD.validate_json(line)
        except ValidationError:
            raise Babble("It wrote what is no report") from None
        if not isinstance(word, Reported):
            self._over = True
        elif len(line) > REPORT_BYTES:
            raise Babble(f"A report of it is larger than {REPORT_BYTES} bytes")
        return word
