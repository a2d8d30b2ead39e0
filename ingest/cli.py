"""The command line: progress bars where a person looks, JSON lines where a program does."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="dropoff",
    help="A file-ingestion server whose 202 is never a lie, and its client.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Url = Annotated[str, typer.Option("--url", envvar="DROPOFF_URL", help="The server.")]
Key = Annotated[str, typer.Option("--key", envvar="DROPOFF_API_KEY", help="Its API key.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines even on a terminal.")]

DEFAULT_URL = "http://127.0.0.1:8000"


@app.command()
def serve() -> None:
    """Serve, with settings from DROPOFF_*."""
    from ingest import serve as supervisor

    raise typer.Exit(supervisor.main())


@app.command()
def worker() -> None:
    """Work on the jobs of a data folder that a server with DROPOFF_WORKERS=0 fills."""
    from ingest import worker_process

    with _data_folder():
        status = worker_process.main([])
    raise typer.Exit(status)


@app.command()
def put(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Files to drop off.")],
    kind: Annotated[str, typer.Option(help="image, text, video, ... or auto.")] = "auto",
    params: Annotated[str, typer.Option(help="Parameters of the kind, as JSON.")] = "",
    follow: Annotated[bool, typer.Option(help="Watch the jobs until they end.")] = True,
    save: Annotated[Path | None, typer.Option(file_okay=False, help="Save the results here.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Drop files off and follow their jobs."""
    from ingest.watch import watch

    parsed: dict[str, Any] = json.loads(params) if params else {}
    with _client(url, key) as client:
        jobs = [client.put(file, kind, parsed) for file in files]
        if not follow:
            _print_jobs(jobs)
            return
        ended = [watch(client, job, person=_person(as_json)) for job in jobs]
        if save is not None:
            for job in ended:
                _save(client, job, save)
    raise typer.Exit(0 if all(job["state"] == "succeeded" for job in ended) else 1)


@app.command()
def wait(job_id: str, url: Url = DEFAULT_URL, key: Key = "", as_json: AsJson = False) -> None:
    """Follow a job until it ends. Exit status 0 only if it succeeded."""
    from ingest.watch import watch

    with _client(url, key) as client:
        job = watch(client, client.job(job_id), person=_person(as_json))
    raise typer.Exit(0 if job["state"] == "succeeded" else 1)


@app.command()
def get(
    job_id: str,
    save: Annotated[Path, typer.Option(file_okay=False, help="Where to save the outputs.")] = Path(),
    url: Url = DEFAULT_URL,
    key: Key = "",
) -> None:
    """Print a job's document and save its outputs."""
    with _client(url, key) as client:
        job = client.job(job_id)
        _save(client, job, save)
    _print_jobs([job])


@app.command("list")
def list_jobs(
    kind: Annotated[str, typer.Option(help="Only of this kind.")] = "",
    state: Annotated[str, typer.Option(help="Only in this state.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    where = {name: value for name, value in (("kind", kind), ("state", state)) if value}
    with _client(url, key) as client:
        jobs = client.jobs(limit=limit, **where)["jobs"]
    if not _person(as_json):
        _print_jobs(jobs)
        return
    from ingest.watch import table

    table(jobs)


@app.command()
def search(
    query: Annotated[str, typer.Argument(help='Words; "a phrase", begin*, -without.')],
    kind: Annotated[str, typer.Option(help="Only of this kind.")] = "",
    newest: Annotated[bool, typer.Option("--newest", help="The newest first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    url: Url = DEFAULT_URL,
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Search in the texts of jobs."""
    where = {"kind": kind} if kind else {}
    with _client(url, key) as client:
        found = client.search(query, limit=limit, order="newest" if newest else "rank", **where)
    if not _person(as_json):
        _print_jobs(found["hits"])
        return
    from ingest.watch import show_hits

    show_hits(found)


@app.command()
def reindex() -> None:
    """Write the index of texts again, from the job table and the files of a data folder."""
    from ingest.indexer import rebuild
    from ingest.settings import Settings
    from ingest.wiring import open_house

    with _data_folder(), closing(open_house(Settings.from_env(), "worker")) as house:
        if house.search is None:
            sys.exit("dropoff: search is switched off (DROPOFF_SEARCH_BYTES=0)")
        print(f"{rebuild(house, house.search):,} jobs can be found")


@app.command()
def cancel(job_id: str, url: Url = DEFAULT_URL, key: Key = "") -> None:
    """Cancel a job."""
    with _client(url, key) as client:
        _print_jobs([client.cancel(job_id)])


@app.command()
def doctor() -> None:
    """Check this installation and its data folder."""
    from ingest.doctor import examine

    findings = examine()
    for finding in findings:
        print(f"{'ok  ' if finding.good else 'BAD '} {finding.what}: {finding.detail}")
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)


def main() -> None:
    """The `dropoff` command: typed errors become one line and exit status 1."""
    import httpx

    from ingest.client import Refused
    from ingest.settings import SettingsError

    try:
        app()
    except (Refused, SettingsError) as error:
        sys.exit(f"dropoff: {error}")
    except httpx.TransportError as error:
        sys.exit(f"dropoff: the server can't be reached ({error}); is `make run` running?")
    except json.JSONDecodeError as error:
        sys.exit(f"dropoff: --params is not JSON: {error}")


@contextmanager
def _data_folder() -> Iterator[None]:
    """What may be wrong with one is told in a line."""
    from ingest.jobs.base import StoreRefused
    from ingest.search.base import IndexUnavailable
    from processors.registry import BadProcessor
    from storage.base import StorageError

    try:
        yield
    except StoreRefused as refused:
        sys.exit(f"dropoff: {refused}; a server makes it when it starts")
    except StorageError as error:
        sys.exit(f"dropoff: the file store can't be used: {error.detail}")
    except (ValueError, OSError, BadProcessor, IndexUnavailable) as wrong:
        sys.exit(f"dropoff: {wrong}")


def _client(url: str, key: str) -> Any:
    from ingest.client import Client

    return Client(url, key)


def _person(as_json: bool) -> bool:
    return sys.stdout.isatty() and not as_json and "NO_PROGRESS" not in os.environ


def _print_jobs(jobs: list[dict[str, Any]]) -> None:
    for job in jobs:
        print(json.dumps(job, ensure_ascii=False))


def _save(client: Any, job: dict[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for output in job["outputs"]:
        client.download(output["url"], folder / f"{job['id'][-12:]}-{output['name']}")
