"""The work that a processor is given, over an open descriptor: the same in a cell, in a test and in a script."""

import io
import json
import math
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Generic

from pydantic import BaseModel

from processors.base import JSON, Cancelled, OnReport, OutputAttributes, P, Processor, Report

OUTPUT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
REPORT_SECONDS = 0.1
STAGE_CREDIT_SECONDS = 1.0  # a new stage needn't wait, until ten of them came at once
READ_BUFFER_BYTES = 64 << 10


def ignore(_report: Report) -> None:
    """For who doesn't watch."""


def never() -> bool:
    """For who doesn't cancel."""
    return False


def signal_name(number: int) -> str:
    """Real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


@dataclass(frozen=True, slots=True)
class LeftOutput:
    """An output as its processor described it; the file lies in `scratch/out/`."""

    name: str
    media_type: str
    attributes: OutputAttributes


class FileWork(Generic[P]):
    """`processors.base.Work` over a descriptor, which stays the caller's. No path of the input is ever opened."""

    def __init__(
        self,
        *,
        params: P,
        name: str,
        media_type: str,
        size: int,
        scratch: Path,
        descriptor: int,
        on_report: OnReport = ignore,
        cancelled: Callable[[], bool] = never,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.params = params
        self.name = name
        self.media_type = media_type
        self.size = size
        self.scratch = scratch
        self.outputs: list[LeftOutput] = []
        self._descriptor = descriptor
        self._on_report = on_report
        self._cancelled = cancelled
        self._clock = clock
        self._stage: str | None = None
        self._due = -math.inf

    def open(self) -> BinaryIO:
        return io.BufferedReader(_Descriptor(self._descriptor), READ_BUFFER_BYTES)

    def report(
        self, stage: str, done: float = 0, total: float | None = None, unit: str = "", message: str = ""
    ) -> None:
        """Pass on ten reports a second, and new stages early on credit. Loops call this freely: mostly it returns."""
        if self._cancelled():
            raise Cancelled
        now = self._clock()
        if now < self._due and (stage == self._stage or now < self._due - STAGE_CREDIT_SECONDS):
            return
        self._due = max(now, self._due) + REPORT_SECONDS
        self._stage = stage
        self._on_report(clean(stage, done, total, unit, message))

    def output(self, name: str, media_type: str, **attributes: JSON) -> Path:
        if not OUTPUT_NAME.fullmatch(name):
            raise ValueError(f"{name!r} can't be the name of an output")
        if any(output.name == name for output in self.outputs):
            raise ValueError(f"there is an output called {name!r} already")
        json.dumps(attributes, allow_nan=False)  # raises here, where the mistake is
        folder = self.scratch / "out"
        folder.mkdir(exist_ok=True)
        self.outputs.append(LeftOutput(name, media_type, attributes))
        return folder / name


class _Descriptor(io.RawIOBase):
    """Reads by `pread` at an offset of its own, so that handles on one descriptor don't disturb each other."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._offset = 0
        self._size = os.fstat(descriptor).st_size

    def fileno(self) -> int:
        return self._descriptor

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = os.preadv(self._descriptor, [buffer], self._offset)
        self._offset += count
        return count

    def readall(self) -> bytes:
        """Python's own would take the rest in pieces of 8 KiB."""
        pieces = []
        while piece := os.pread(self._descriptor, max(1, self._size - self._offset), self._offset):
            self._offset += len(piece)
            pieces.append(piece)
        return b"".join(pieces)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        target = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._offset, os.SEEK_END: self._size}[whence]
        if target < 0:
            raise ValueError(f"negative seek position {target}")
        self._offset = target
        return target


def clean(stage: str, done: float, total: float | None, unit: str, message: str) -> Report:
    """Finite numbers, `done` within `total`, a `total` above zero or none, and short texts."""
    whole = _amount(total or 0) or None
    part = _amount(done)
    if whole is not None:
        part = min(part, whole)
    return Report(short(stage, 64), part, whole, short(unit, 32), short(message, 200))


def _amount(value: float) -> float:
    """Zero for what counts nothing: less than zero, NaN, or past all bounds."""
    return float(value) if 0 < value <= sys.float_info.max else 0.0


def short(text: str, length: int) -> str:
    return text[:length].encode("utf-8", "replace").decode()  # no lone surrogates: nobody could store them


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a run without server or database."""

    result: BaseModel
    outputs: tuple[LeftOutput, ...]


def run_alone(
    processor: Processor[P],
    path: Path,
    params: Mapping[str, Any] | BaseModel | None = None,
    *,
    scratch: Path,
    media_type: str = "application/octet-stream",
    on_report: OnReport = ignore,
    cancelled: Callable[[], bool] = never,
) -> Finished:
    """Process one file here and now. Outputs lie in `scratch/out/`. Raises what the processor raises."""
    processor.warm()
    with path.open("rb") as source:
        work = FileWork(
            params=processor.Params.model_validate(params or {}),
            name=path.name,
            media_type=media_type,
            size=os.fstat(source.fileno()).st_size,
            scratch=scratch,
            descriptor=source.fileno(),
            on_report=on_report,
            cancelled=cancelled,
        )
        result = processor.process(work)
    if not isinstance(result, processor.Result):
        raise TypeError(f"{processor.kind} returned {type(result).__name__} instead of its Result")
    return Finished(result, tuple(work.outputs))
