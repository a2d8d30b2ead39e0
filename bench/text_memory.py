"""Peak memory of a process that reads one file of 1 GiB and does nothing else: in lines, and in a single line.

The whole kind holds the libraries of every format, each of which a warm process has whatever the file is; so the peak
is told of a process that runs the reading alone, of the whole kind, and what the file itself adds to either.
"""

import subprocess
import sys
from pathlib import Path

from bench.rounds import MIB, verdict
from bench.text_statistics import FILE_BYTES, languages, write

PROGRAM = """
import sys
from pathlib import Path
from processors.registry import load
from processors.text.models import TextParams
from processors.work import FileWork, run_alone
def peak():  # not getrusage, which begins with what the parent had
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
whole, path, scratch = sys.argv[1] == "whole", Path(sys.argv[2]), Path(sys.argv[3])
if whole:
    processor = load(["text"])["text"]
    processor.warm()
    before = peak()
    run_alone(processor, path, scratch=scratch)
else:
    from processors.text.encoding import Encoding
    from processors.text.digest import Digest
    from processors.text.passes import Passes
    from processors.text.reading import Reading
    before = peak()
    with path.open("rb") as source:
        work = FileWork(params=TextParams(), name="text", media_type="text/plain", size=path.stat().st_size,
                        scratch=scratch, descriptor=source.fileno())
        reading = Reading(Encoding("utf-8", "validated"), work.params)
        with Digest(work) as digest, work.open() as file:
            reading.run(Passes(work, 1), file)
            reading.facts(digest.hexdigest(), work.size)
print(before, peak())
"""


def run(folder: Path, rounds: int) -> None:
    path = folder / "text"
    for name, pieces in (
        ("lines", languages()),
        ("one line", (line.replace("\n", " ") for line in languages())),
        ("line ends alone", iter(["\n" * MIB])),
    ):
        write(path, pieces, FILE_BYTES)
        for what in ("reading", "whole"):
            peaks = [_measured(what, path, folder) for _ in range(min(rounds, 3))]
            before, peak = max(peaks, key=lambda one: one[1])
            told = verdict(peak, 40, 32) if what == "reading" else "(no bar)"
            print(f"  {name:16} {what:8} {peak:6.1f} MiB, {peak - before:5.1f} over its start {told}", flush=True)
        path.unlink()


def _measured(what: str, path: Path, scratch: Path) -> tuple[float, float]:
    ran = subprocess.check_output([sys.executable, "-c", PROGRAM, what, path, scratch], text=True)
    before, peak = (int(kib) / 1024 for kib in ran.split())
    return before, peak
