"""Image tools to measure: each a warm process, with one thread and nothing cached."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.brood import ENVIRONMENT

REPOSITORY = Path(__file__).resolve().parent.parent
BUILD = REPOSITORY / "build" / "sharp"  # ignored by git, taken away by `make clean`
SHARP = "sharp@0.35.5"
WIDTHS = (1920, 1024, 480, 160)


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool with the options of its encoder, and the environment that it needs besides that of a cell."""

    tool: str
    options: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        if self.tool == "sharp":
            return ["node", str(REPOSITORY / "bench" / "sharp_worker.js")]
        return [sys.executable, "-m", "bench.image_worker", self.tool]


class ToolDied(Exception):
    """Its own words are on standard error."""


@dataclass(frozen=True, slots=True)
class Rendered:
    cpu_seconds: float
    files: Sequence[Path]


class Worker:
    def __init__(self, process: "subprocess.Popen[str]", peer: Peer) -> None:
        self._process = process
        self._peer = peer

    def render(self, source: Path, folder: Path) -> Rendered:
        order = {"input": str(source), "output": str(folder), "widths": WIDTHS, "options": self._peer.options}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise ToolDied(f"{self._peer.tool} died over {source.name}")
        told = json.loads(answer)
        return Rendered(told["cpu_seconds"], [Path(file) for file in told["files"]])

    def peak_bytes(self) -> int:
        """Since it was executed: `ru_maxrss` would count what its parent had before."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) << 10


@contextmanager
def running(peer: Peer) -> Iterator[Worker]:
    environment = {
        **ENVIRONMENT,
        "PATH": os.environ["PATH"],
        "VIPS_CONCURRENCY": "1",
        "NODE_PATH": str(BUILD / "node_modules"),
        **peer.environment,
    }
    with subprocess.Popen(
        peer.command(), cwd=REPOSITORY, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Worker(process, peer)
        finally:
            assert process.stdin is not None
            process.stdin.close()  # its order to end


def sharp_is_here() -> bool:
    """Install it, unless it is installed. It is left out where there is no npm."""
    if (BUILD / "node_modules" / "sharp").is_dir():
        return True
    if not (shutil.which("node") and shutil.which("npm")):
        return False
    BUILD.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(BUILD), "--ignore-scripts", "--no-save", "--no-fund", "--no-audit"]
    return subprocess.run([*command, SHARP], capture_output=True, check=False).returncode == 0
