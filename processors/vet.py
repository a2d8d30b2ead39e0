"""Is a third party's processor fit to be offered? Tried out in a process that is thrown away.

The parent: `vet(name)`. The child: `python -I -m processors.vet NAME`, whose standard output is its verdict as JSON.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from processors import registry
from processors.base import ONE_THREAD, AnyProcessor
from processors.work import signal_name

SECONDS = 30.0
VERDICT_BYTES = 2000
DECODERS = frozenset({"PIL", "av", "cv2", "numpy", "pandas", "pyarrow", "pypdfium2", "scipy", "tensorflow", "torch"})
STRANGERS = frozenset({"ingest", "storage", "fastapi", "sqlalchemy", "starlette", "uvicorn"})


def vet(name: str, seconds: float = SECONDS) -> str | None:
    """Why the third party's kind must not be offered; None if it may. Takes `seconds` at most."""
    command = [sys.executable, "-I", "-m", "processors.vet", name]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.defpath, **ONE_THREAD},
        process_group=0,
    ) as child:
        try:
            output, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return f"loading it took longer than {seconds:g} seconds"
    return _verdict(output, child.returncode)


def _verdict(output: bytes, returncode: int) -> str | None:
    try:
        reason = json.loads(output)["reason"]
    except (ValueError, TypeError, KeyError):
        return f"loading it ended the interpreter ({_death(returncode)})"
    return None if reason is None else str(reason)


def _death(returncode: int) -> str:
    return signal_name(-returncode) if returncode < 0 else f"exit status {returncode}"


def examine(name: str) -> str | None:
    """The child's part: load, look, warm, look again. Returns the first fault."""
    if name not in registry.third_party():
        return "no installed package adds this kind"
    before = set(sys.modules)
    try:
        processor = registry.load([name])[name]
        return next(_faults(processor, set(sys.modules) - before), None)
    except registry.BadProcessor as bad:
        return bad.reason
    except BaseException as wrong:  # noqa: BLE001 - a third party's code, which may even exit
        return f"{type(wrong).__name__}: {wrong}"


def _faults(processor: AnyProcessor, loaded: set[str]) -> Iterator[str]:
    packages = {module.partition(".")[0] for module in loaded}
    for package in sorted(packages & STRANGERS):
        yield f"it imports {package}: a processor sees one file and nothing else"
    for package in sorted(packages & DECODERS):
        yield f"its module imports {package} at the top: import it in warm() and process()"
    if _threads() > 1:
        yield "importing it starts a thread"
    for model in (processor.Params, processor.Result):
        json.dumps(model.model_json_schema())  # raises for what has no schema
    processor.warm()
    if _threads() > 1:
        yield "warm() starts a thread, and a process with threads can't be forked safely"


def _threads() -> int:
    """Of any language: the kernel counts."""
    return len(list(Path("/proc/self/task").iterdir()))


def main() -> None:
    os.setpgid(0, 0)  # as the parent did; the group is killed below
    # Whatever the third party prints goes elsewhere: only the verdict reaches the parent.
    answer = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    reason = examine(sys.argv[1])
    os.write(answer, json.dumps({"reason": reason and reason[:VERDICT_BYTES]}).encode())
    os.killpg(0, signal.SIGKILL)  # past threads, exit hooks and children that aren't ours


if __name__ == "__main__":
    main()
