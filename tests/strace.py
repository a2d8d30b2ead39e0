"""Make the n-th call of a kind fail in a running process, C code and all, by strace's fault injection."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Injection:
    """`fired`, once it is over: how many calls failed."""

    fired: int = 0


@contextmanager
def inject(pid: int, calls: str, error: str, nth: int, paths: Sequence[Path], log: Path) -> Iterator[Injection]:
    """The `nth` of each of the system calls on one of `paths` fails; each thread of the process counts for itself."""
    command = ["strace", "-f", "-p", str(pid), "-o", str(log), "-e", f"trace={calls}"]
    command += ["-e", f"inject={calls}:error={error}:when={nth}"]
    for path in paths:
        command += ["-P", str(path)]
    injection = Injection()
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        attached = tracer.stderr.readline()
        assert "attached" in attached, attached
        try:
            yield injection
        finally:
            tracer.terminate()
    injection.fired = log.read_text().count("(INJECTED)")
