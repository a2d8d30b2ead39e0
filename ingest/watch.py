"""What the command line shows of jobs: a live bar for a person, JSON lines for a program."""

import json
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingest.client import Client, Document

MARKS = {"succeeded": "[green]✓[/]", "failed": "[red]✗[/]", "cancelled": "[yellow]–[/]"}


def watch(client: Client, job: Document, person: bool) -> Document:
    """Follow a job to its end and print what there is to see. The last document."""
    return _watch_live(client, job) if person else _watch_lines(client, job)


def _watch_lines(client: Client, job: Document) -> Document:
    for job in client.follow(job):  # noqa: B020 - the last one is the answer
        print(json.dumps(job, ensure_ascii=False), flush=True)
    return job


def _watch_live(client: Client, job: Document) -> Document:
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[stage]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(job["input"]["name"], total=1.0, stage=job["state"])
        for job in client.follow(job):  # noqa: B020
            progress = job["progress"]
            bars.update(task, completed=progress["fraction"] or 0.0, stage=_stage(job))
    console.print(f"{MARKS.get(job['state'], '?')} [bold]{job['input']['name']}[/] {job['kind']} {job['state']}")
    show(console, job)
    return job


def show(console: Console, job: Document) -> None:
    """The result, the outputs, or the reason why there are none."""
    if job["error"]:
        console.print(f"  [red]{job['error']['code']}[/]: {job['error']['detail']}", highlight=False)
    for name, value in (job["result"] or {}).items():
        console.print(f"  {name}: {_short(value)}", highlight=False, markup=False)
    for output in job["outputs"]:
        console.print(f"  → {output['url']} ({output['media_type']}, {output['size']:,} bytes)", highlight=False)


def table(jobs: list[Document]) -> None:
    grid = Table("id", "kind", "state", "name", "bytes", "created", box=None)
    for job in jobs:
        grid.add_row(
            job["id"], job["kind"], job["state"], job["input"]["name"], f"{job['input']['size']:,}", job["created_at"]
        )
    Console().print(grid)


def _stage(job: Document) -> str:
    progress = job["progress"]
    if job["state"] != "running" or not progress["stage"]:
        return str(job["state"])
    amount = f" {progress['done']:g}/{progress['total']:g} {progress['unit']}" if progress["total"] else ""
    return f"{progress['stage']}{amount}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"
