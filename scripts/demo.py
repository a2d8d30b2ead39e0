"""The whole main job in one go: serve, drop the samples, watch, fetch the results. Exits 1 if a job goes wrong."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from rich.console import Console

from ingest.client import Client, Document
from ingest.watch import watch

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
DROPS = (
    ("image", "photo.jpg"),
    ("text", "legacy-cp1252.txt"),
    ("video", "clip.mp4"),
    ("audio", "tune.mp3"),
    ("document", "letter.pdf"),
)
RESULTS = Path("build/demo")

console = Console()


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """A server on a free port with a fresh data folder."""
    environment = {**os.environ, "DROPOFF_DATA": str(data), "DROPOFF_PORT": "0", "DROPOFF_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "ingest.serve"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if "serves on " not in line:
            sys.exit("demo: the server did not start")
        console.rule(line.split(" (")[0])
        try:
            yield line.split("serves on ")[1].split(" ")[0]
        finally:
            process.send_signal(signal.SIGTERM)


def check(client: Client, job: Document, sample: Path) -> list[str]:
    """What is wrong with a finished job; nothing, it is hoped."""
    if job["state"] != "succeeded":
        return [f"{sample.name}: {job['state']}"]
    wrong = []
    if job["input"]["sha256"] != sha256(sample.read_bytes()).hexdigest():
        wrong.append(f"{sample.name}: the server kept other bytes")
    folder = RESULTS / job["kind"]
    folder.mkdir(parents=True, exist_ok=True)
    for output in job["outputs"]:
        target = folder / output["name"]
        client.download(output["url"], target)
        if sha256(target.read_bytes()).hexdigest() != output["sha256"]:
            wrong.append(f"{sample.name}: {output['name']} was published with another hash")
    return wrong


def main() -> int:
    wrong: list[str] = []
    with (
        tempfile.TemporaryDirectory(prefix="dropoff-demo-") as data,
        serving(Path(data)) as url,
        Client(url, os.environ.get("DROPOFF_API_KEY", "")) as client,
    ):
        for kind, name in DROPS:
            sample = SAMPLES / name
            console.print(f"[bold]drop[/] {name} on /v1/ingest/{kind}", highlight=False)
            job = client.put(sample, kind)
            console.print(f"  202 Accepted: job {job['id']}", highlight=False)
            wrong += check(client, watch(client, job, person=True), sample)
    for line in wrong:
        console.print(f"[red]wrong[/] {line}")
    if not wrong:
        console.rule(f"all {len(DROPS)} jobs succeeded; their outputs are in {RESULTS}/")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
