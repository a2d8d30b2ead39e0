"""Runs many files through one processor in one process with the limits of a cell, and tells how each ended."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 300.0

PROGRAM = """
import json, resource, sys, time
from pathlib import Path
from processors.base import Rejected
from processors.registry import load
from processors.work import run_alone
kind, params, scratch, *paths = sys.argv[1:]
processor = load([kind])[kind]
processor.warm()
size = processor.limits.address_space_bytes
resource.setrlimit(resource.RLIMIT_AS, (size, size))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for number, path in enumerate(paths):
    own = Path(scratch, str(number))
    own.mkdir()
    started, result = time.process_time(), None
    try:
        finished = run_alone(processor, Path(path), json.loads(params), scratch=own)
        end, detail, result = "result", "", finished.result.model_dump(mode="json")
    except Rejected as rejected:
        end, detail = rejected.code, rejected.detail
    print(json.dumps([path, end, detail, time.process_time() - started, result]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class End:
    """How a file ended: "result" or the code of its rejection, with the CPU seconds that it took."""

    code: str
    detail: str
    cpu_seconds: float
    result: dict[str, Any] | None


def ends(
    kind: str,
    paths: Sequence[Path],
    scratch: Path,
    params: Mapping[str, Any] | None = None,
    *,
    under: Sequence[str] = (),
    folder: Path | None = None,
) -> dict[str, End]:
    """By file name. Anything but a result or a rejection fails the whole run, and says at which file.

    `under` is a command that runs the process, such as strace, and `folder` is where it works.
    """
    command = [*under, sys.executable, "-c", PROGRAM, kind, json.dumps(params or {}), str(scratch), *map(str, paths)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=folder)
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0, f"after {[path for path, *_ in told[-1:]]}: {ran.stderr[-2000:]}"
    assert len(told) == len(paths)
    return {Path(path).name: End(*rest) for path, *rest in told}
