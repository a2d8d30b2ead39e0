"""Files in real cells: how each one ended, and what it took."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ingest.jobs.outcomes import Failed
from ingest.sandbox import CellEnd, Finished, Order, Sandbox, Stop
from processors.base import AnyProcessor, Limits, OnReport
from processors.registry import load
from processors.work import ignore

RESULT = "result"  # the code of a good end


@dataclass(frozen=True, slots=True)
class Ended:
    """`code` is "result", the code of the failure, or the verdict's name: none but the first two should be seen."""

    code: str
    detail: str
    cpu_seconds: float
    rss_bytes: int
    result: Mapping[str, Any]
    folder: Path

    def outputs(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.is_dir() else []


@dataclass(slots=True)
class Cells:
    """`processor` is the kind that runs, unless a run names another."""

    sandbox: Sandbox
    folder: Path
    processor: AnyProcessor
    _numbers: Iterator[int] = field(default_factory=count)

    def run(
        self,
        data: bytes | Path,
        params: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        *,
        processor: AnyProcessor | None = None,
        on_report: OnReport = ignore,
        stop: Stop | None = None,
    ) -> Ended:
        processor = processor or self.processor
        scratch = self.folder / f"scratch-{next(self._numbers)}"
        scratch.mkdir()
        path = data if isinstance(data, Path) else scratch / "input"
        if isinstance(data, bytes):
            path.write_bytes(data)
        with path.open("rb") as file:
            order = Order(
                job_id=scratch.name,
                attempt=1,
                kind=processor.kind,
                params=processor.Params.model_validate(params or {}).model_dump(mode="json"),
                name=path.name,
                media_type="application/octet-stream",
                size=path.stat().st_size,
                input=file,
                scratch=scratch,
                limits=limits or processor.limits,
            )
            return _ended(self.sandbox.run(order, on_report, stop or Stop()), scratch / "out")


def _ended(end: CellEnd, folder: Path) -> Ended:
    used = end.cpu_seconds or 0.0, end.peak_rss_bytes or 0
    match end.verdict:
        case Finished(result=result):
            return Ended(RESULT, "", *used, result, folder)
        case Failed(error=error):
            return Ended(error.code, error.detail, *used, {}, folder)
        case verdict:
            return Ended(type(verdict).__name__, str(verdict), *used, {}, folder)


@contextmanager
def real_cells(folder: Path, *kinds: str, settings: Mapping[str, str] = MappingProxyType({})) -> Iterator[Cells]:
    """Of these kinds, as a worker has them; the first one's processor runs unless a run names another."""
    with closing(Sandbox(kinds, settings=settings)) as sandbox:
        yield Cells(sandbox, folder, load(kinds)[kinds[0]])
