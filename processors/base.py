"""What a processor promises, and what it is given.

Rules that must stay true:
1. A processor's module is light: importing it loads no decoder. Decoders are imported in `warm` and `process`.
2. `process` sees one file through one `Work` and nothing else: no path of the store, no network, no job table.
3. A broken file is the file's fault: raise `Rejected` with a code and words for a person. Any other exception is
   the processor's own bug and ends the job as `internal`.
4. `report` is the pulse. Whoever works longer than `Limits.silent_seconds` without it is taken for dead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

JSON = None | bool | int | float | str | list["JSON"] | dict[str, "JSON"]

RejectionCode = Literal["corrupt_input", "unsupported_input", "limit_exceeded"]


class Params(BaseModel):
    """The base of every params model: frozen, and an unknown field is an error, never silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NoParams(Params):
    """For a kind that takes no parameters."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job of a kind may use. The cell sets them before the processor sees a byte; sizes are bytes.

    `memory_bytes` caps resident memory, watched from outside; `address_space_bytes` is RLIMIT_AS, which makes a
    greedy allocation fail inside the cell first. `cpu_seconds` is RLIMIT_CPU. `total_seconds` and `silent_seconds`
    are the two clocks: since the start, and since the last report. `output_bytes` caps each output file as
    RLIMIT_FSIZE and all of them together when they are kept. `processes` is how many others may run at a time, whose
    memory counts too.
    """

    memory_bytes: int = 512 << 20
    address_space_bytes: int = 2 << 30
    cpu_seconds: int = 300
    total_seconds: float = 600.0
    silent_seconds: float = 60.0
    output_bytes: int = 1 << 30
    output_files: int = 64
    processes: int = 0


class Searchable(BaseModel):
    """Where the text of a job lies that can be searched for: a field called `searchable` of a kind's result.

    It is the input, or the output of that name, from `skip_bytes` on (a byte order mark) in `encoding`, which Python
    must know. What can't be decoded is replaced, and only so much is read as the operator allows.
    """

    model_config = ConfigDict(extra="forbid")

    output: str | None = Field(None, description="The output that holds the text; null: it is the file itself.")
    encoding: str = Field("utf-8", max_length=40, description="What the text is encoded in.")
    skip_bytes: int = Field(0, ge=0, le=16, description="How many bytes come before it.")


class Rejected(Exception):
    """The file can't be processed, and running it again would not help."""

    def __init__(self, code: RejectionCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Cancelled(Exception):
    """Raised by `Work.report` once somebody cancelled the job. Let it pass."""


@dataclass(frozen=True, slots=True)
class Report:
    """One line of progress: `done` of `total` `unit`s in `stage`; `total` is None where there is no honest one."""

    stage: str
    done: float = 0.0
    total: float | None = None
    unit: str = ""
    message: str = ""


P_co = TypeVar("P_co", bound=BaseModel, covariant=True)
P = TypeVar("P", bound=BaseModel)


class Work(Protocol[P_co]):
    """One file to process. `name` is a display name (never a path) and `size` is in bytes."""

    @property
    def params(self) -> P_co: ...
    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def scratch(self) -> Path:
        """A private folder that is gone after the job."""
        ...

    def open(self) -> BinaryIO:
        """A fresh, seekable, read-only handle on the input, at offset 0. Close it when done."""
        ...

    @property
    def descriptor(self) -> int:
        """Of the input, for a program that the processor runs: `/dev/fd/N` opens it anew. Its offset is nobody's."""
        ...

    def report(
        self, stage: str, done: float = 0, total: float | None = None, unit: str = "", message: str = ""
    ) -> None:
        """Say how far the work is, as often as convenient: sending is throttled. Also means: I am alive.

        Raises `Cancelled` when the job was cancelled. `done` and `total` count `unit`s over the *whole* job where
        that is possible, since the fraction that watchers see never goes back.
        """
        ...

    def output(self, name: str, media_type: str, **attributes: JSON) -> Path:
        """Where to write one output file. The file is published with the result, all or nothing.

        `name` matches [A-Za-z0-9][A-Za-z0-9._-]{0,99} and is used once; `attributes` (width, pages, ...) go into
        the job document beside the file's size and sha256. Raises ValueError on a bad or repeated name.
        """
        ...


@runtime_checkable
class Processor(Protocol[P]):
    """One kind of file. `kind` is the path segment of `/v1/ingest/{kind}`: [a-z][a-z0-9_]{0,31}, and not "auto"."""

    kind: str
    version: str
    media_types: frozenset[str]
    limits: Limits

    # Class attributes; read-only here, so that a processor may name its own models.
    @property
    def Params(self) -> type[P]: ...
    @property
    def Result(self) -> type[BaseModel]: ...

    def warm(self) -> None:
        """Import what is heavy, once, in the process that every cell is forked from. Must start no thread."""
        ...

    def process(self, work: Work[P]) -> BaseModel:
        """Do the work and return a `Result`. Raises `Rejected` for a bad file."""
        ...


# Set wherever `warm` runs: numeric libraries read these as they are imported, and else start threads.
ONE_THREAD: Mapping[str, str] = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

AnyProcessor = Processor[BaseModel]
OnReport = Callable[[Report], None]
OutputAttributes = Mapping[str, JSON]
