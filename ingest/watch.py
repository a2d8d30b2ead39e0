"""What the command line shows of jobs: a live bar for a person, JSON lines for a program.

Names and results are strangers' words: on a terminal they are neither markup nor control codes.
"""

import json
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingest.client import Client, Document
from ingest.logs import escaped

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
    name, stage = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[stage]}", markup=False)
    columns = (name, BarColumn(), stage, TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(escaped(job["input"]["name"]), total=1.0, stage=job["state"])
        for job in client.follow(job):  # noqa: B020
            progress = job["progress"]
            bars.update(task, completed=progress["fraction"] or 0.0, stage=_stage(job))
    mark = MARKS.get(job["state"], "?")
    console.print(f"{mark} [bold]{_words(job['input']['name'])}[/] {job['kind']} {job['state']}", highlight=False)
    show(console, job)
    return job


def show(console: Console, job: Document) -> None:
    """The result, the outputs, or the reason why there are none."""
    if job["error"]:
        _line(console, f"  [red]{job['error']['code']}[/]: {_words(job['error']['detail'])}")
    for name, value in (job["result"] or {}).items():
        if value not in (None, "", [], {}):
            _line(console, f"  {name}: {_words(_short(value))}")
    for output in job["outputs"]:
        _line(console, f"  → {output['url']} ({output['media_type']}, {output['size']:,} bytes)")


def _line(console: Console, markup: str) -> None:
    console.print(markup, highlight=False, soft_wrap=True)


def _words(text: str) -> str:
    return escape(escaped(text))


def table(jobs: list[Document]) -> None:
    grid = Table("id", "kind", "state", "name", "bytes", "created", box=None)
    for job in jobs:
        name, size = _words(job["input"]["name"]), f"{job['input']['size']:,}"
        grid.add_row(job["id"], job["kind"], job["state"], name, size, job["created_at"])
    Console().print(grid)


def show_hits(found: Document) -> None:
    """What a search found, with the matches marked."""
    console = Console()
    for hit in found["hits"]:
        _line(console, f"[bold]{_words(hit['input']['name'])}[/] {hit['kind']} {hit['created_at']} {hit['id']}")
        for snippet in hit["snippets"]:
            if snippet["field"] != "name":
                key = f"{snippet['key']}: " if "key" in snippet else ""
                _line(console, f"  {_words(key)}{_marked(snippet)}")
    if not found["hits"]:
        _line(console, "Nothing says that.")


def _marked(snippet: Document) -> str:
    text, parts, at = snippet["text"], [], 0
    for start, end in snippet["matches"]:
        parts += [_words(text[at:start]), f"[bold yellow]{_words(text[start:end])}[/]"]
        at = end
    return "".join([*parts, _words(text[at:])])


def _stage(job: Document) -> str:
    progress = job["progress"]
    if job["state"] != "running" or not progress["stage"]:
        return str(job["state"])
    amount = f" {progress['done']:g}/{progress['total']:g} {progress['unit']}" if progress["total"] else ""
    return escaped(f"{progress['stage']}{amount}")


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"
