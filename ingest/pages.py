"""Pages for people. Everything works without JavaScript; with it, uploads and jobs show their progress live.

Rules that must stay true:
1. A page shows what the job document says, and it becomes HTML here alone: scripts fetch the page again.
2. Templates are `Markup`: whatever is put into one is escaped, unless it came out of one.
3. A page fetches nothing from outside, holds neither script nor style, and nothing that came from a file may run.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from ingest import __version__
from ingest.deps import HouseDep
from ingest.document import job_document
from ingest.errors import Problem
from ingest.guard import READ
from ingest.jobs.base import Job, JobFilter
from ingest.jobs.states import TERMINAL
from ingest.kinds import PROCESSORS
from ingest.results import INLINE, ORIGINAL
from ingest.status import SAME_SITE, cancel_job, delete_job, describe, find_job, page_of_jobs

PAGE = 20
REFRESH_SECONDS = 2
VALUE_CHARACTERS = 20_000  # of one value of a result; the whole is one link away
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: under that a form of ours would be posted with `Origin: null`, like a stranger's.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

TEMPLATES = {
    path.stem: Markup(path.read_text())  # noqa: S704 - the templates are ours; what is put into them is escaped
    for path in Path(__file__).with_name("templates").glob("*.html")
}
NOTHING = Markup()

Document = Mapping[str, Any]

router = APIRouter(include_in_schema=False, dependencies=READ)


def render(template: str, **values: object) -> Markup:
    return TEMPLATES[template].format(**values)


def render_all(template: str, rows: Iterable[Mapping[str, object]]) -> Markup:
    return NOTHING.join(render(template, **row) for row in rows)


def page(title: str, body: Markup, *, script: str = "", leads_to: str = "", after: int = REFRESH_SECONDS) -> str:
    """A whole page. `leads_to` is where a browser without scripts goes by itself."""
    head = render("script", name=script) if script else NOTHING
    if leads_to:
        head += render("refresh", url=leads_to, seconds=after)
    return render("layout", title=title, head=head, body=body, version=__version__)


def page_response(html: str, status_code: int = 200) -> Response:
    return HTMLResponse(html, status_code, headers=PAGE_HEADERS)


@router.head("/")
@router.get("/")
async def home(house: HouseDep, before: Annotated[str | None, Query(pattern="^[0-9a-f-]{36}$")] = None) -> Response:
    jobs, more = await page_of_jobs(house, JobFilter(), PAGE, before)
    return page_response(home_page([job_document(job) for job in jobs], more))


@router.head("/jobs/{job_id}")
@router.get("/jobs/{job_id}")
async def show_job(house: HouseDep, job_id: str) -> Response:
    return page_response(job_page(describe(house.jobs, find_job(house.jobs, job_id))))


@router.post("/jobs/{job_id}/cancel", dependencies=SAME_SITE)
async def cancel(house: HouseDep, job_id: str, background: BackgroundTasks) -> Response:
    await cancel_job(house, job_id, background)
    return RedirectResponse(f"/jobs/{job_id}", status_code=303)


@router.post("/jobs/{job_id}/delete", dependencies=SAME_SITE)
async def delete(house: HouseDep, job_id: str) -> Response:
    await delete_job(house, job_id)
    return RedirectResponse("/", status_code=303)


def accepted_page(job: Job) -> str:
    """The 202 for a browser: it leads to the job's page."""
    body = render("accepted", id=job.id, name=job.name)
    return page("Accepted", body, leads_to=f"/jobs/{job.id}", after=0)


def problem_page(problem: Problem) -> str:
    document = problem.document()
    known = {key: document[key] for key in ("title", "detail", "status", "code")}
    body = render("problem", **known, hint=_hint(document), extra=_table(problem.extra))
    return page(document["title"], body)


def home_page(jobs: list[Document], more: bool) -> str:
    kinds = render_all("kind_button", ({"kind": kind, "label": _label(kind)} for kind in sorted(PROCESSORS)))
    rows = render_all("job_row", map(_row, jobs))
    active = any(job["state"] not in TERMINAL for job in jobs)
    body = render(
        "home",
        kinds=kinds,
        heading="Jobs" if jobs else "No jobs yet",
        jobs=render("jobs", rows=rows) if jobs else NOTHING,
        older=render("older", id=jobs[-1]["id"]) if more else NOTHING,
        active=_active(active),
    )
    return page("Drop a file off", body, script="home.js")


def _row(job: Document) -> Document:
    return {
        **_summary(job),
        "progress": render("row_progress", value=_value(job["progress"])) if job["state"] == "running" else NOTHING,
    }


def _summary(job: Document) -> dict[str, object]:
    return {
        "id": job["id"],
        "state": job["state"],
        "kind": _label(job["kind"]),
        "name": job["input"]["name"],
        "size": _bytes(job["input"]["size"]),
        "created": _time(job["created_at"]),
    }


def job_page(job: Document) -> str:
    finished = job["state"] in TERMINAL
    links = job["links"]
    body = render(
        "job",
        **_summary(job),
        media_type=job["input"]["media_type"],
        active=_active(not finished),
        events=links["events"],
        document=links["self"],
        original=f"{links['self']}/files/{ORIGINAL}",
        progress=NOTHING if finished else _progress(job),
        error=_error(job["error"]) if job["error"] else NOTHING,
        outputs=_section("outputs", "Files", _figures(job["outputs"])),
        result=_section("result", "Result", _table(job["result"] or {})),
        details=_table(_details(job)),
        attempts=_attempts(job["attempts"]),
        action=render("delete" if finished else "cancel", id=job["id"]),
    )
    leads_to = "" if finished else f"/jobs/{job['id']}"
    return page(job["input"]["name"], body, script="job.js", leads_to=leads_to)


def _active(active: bool) -> Markup:
    return Markup(" data-active") if active else NOTHING


def _section(name: str, heading: str, content: Markup) -> Markup:
    return render("section", id=name, heading=heading, content=content) if content else NOTHING


def _progress(job: Document) -> Markup:
    progress = job["progress"]
    if job["state"] == "queued":
        ahead = job["queue"]["position"]
        stage = f"Waiting; {ahead} ahead" if ahead else "Waiting for its turn"
    else:
        stage = progress["stage"] or "Starting"
    return render("progress", stage=stage, value=_value(progress), amount=_amount(progress))


def _value(progress: Document) -> Markup:
    """Of a progress bar; without one the bar shows that it doesn't know."""
    fraction = progress["fraction"]
    return NOTHING if fraction is None else Markup(' value="{:.3f}"').format(float(fraction))


def _amount(progress: Document) -> str:
    done = f"{progress['done']:g} of {progress['total']:g} {progress['unit']}" if progress["total"] else ""
    return " · ".join(part for part in (done, progress["message"]) if part)


def _error(error: Document) -> Markup:
    return render("error", **error, hint=_hint(error))


def _hint(error: Document) -> str:
    return " · it may work if you try again" if error["retryable"] else ""


def _figures(outputs: list[Document]) -> Markup:
    return render("figures", figures=render_all("output", map(_figure, outputs))) if outputs else NOTHING


def _figure(output: Document) -> Document:
    size = f"{output['width']} × {output['height']} · " if "width" in output and "height" in output else ""
    sort = output["media_type"].partition("/")[0]
    shown = INLINE.fullmatch(output["media_type"]) and f"{sort}_preview" in TEMPLATES
    preview = render(f"{sort}_preview", url=output["url"], name=output["name"]) if shown else NOTHING
    facts = f"{size}{_bytes(output['size'])}"
    return {"preview": preview, "url": output["url"], "name": output["name"], "facts": facts}


def _details(job: Document) -> dict[str, Any]:
    details = {
        "job": job["id"],
        "sha256": job["input"]["sha256"],
        "declared type": job["input"]["declared_media_type"],
        "processor": f"{job['processor']['name']} {job['processor']['version']}",
        "started": _time(job["started_at"]),
        "finished": _time(job["finished_at"]),
        "expires": _time(job["expires_at"]),
        "parameters": job["params"],
        "metadata": job["metadata"],
    }
    return {name: value for name, value in details.items() if value}


def _attempts(attempts: list[Document]) -> Markup:
    if not attempts:
        return NOTHING
    count = f"{len(attempts)} attempts" if len(attempts) > 1 else "1 attempt"
    return render("attempts", count=count, rows=render_all("attempt", map(_attempt, attempts)))


def _attempt(attempt: Document) -> Document:
    cpu, memory = attempt["cpu_seconds"], attempt["peak_rss_bytes"]
    return {
        "n": attempt["n"],
        "outcome": attempt["outcome"] or "running",
        "started": _time(attempt["started_at"]),
        "took": _between(attempt["started_at"], attempt["ended_at"]),
        "cpu": "" if cpu is None else f"{cpu:.2f} s",
        "memory": "" if memory is None else _bytes(memory),
        "exit": "" if attempt["exit"] is None else attempt["exit"],
    }


def _table(values: Document) -> Markup:
    rows = ({"name": name.replace("_", " "), "value": _words(value)} for name, value in values.items())
    return render("facts", rows=render_all("fact", rows)) if values else NOTHING


def _words(value: Any) -> Markup | str:
    """A JSON value for a reader; what is long or has a shape of its own stands in a box."""
    match value:
        case Markup():
            return value
        case None | bool():
            return {None: "–", True: "yes", False: "no"}[value]
        case int() | float():
            return f"{value:,}"
        case str() if len(value) <= 200 and "\n" not in value:
            return value
        case list() if value and _are_short(value):
            return ", ".join(str(one) for one in value)
        case dict() if value and _are_short(value.values()):
            return _table(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    cut = text if len(text) <= VALUE_CHARACTERS else f"{text[:VALUE_CHARACTERS]}\n…"
    return render("box", text=cut)


def _are_short(values: Collection[Any]) -> bool:
    return len(values) <= 50 and all(isinstance(one, str | int | float) and len(str(one)) <= 200 for one in values)


def _label(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def _time(moment: str | None) -> Markup:
    """RFC 3339 as people read it; scripts turn it into the reader's own time."""
    return render("time", moment=moment, words=f"{moment[:10]} {moment[11:19]} UTC") if moment else NOTHING


def _between(start: str, end: str | None) -> str:
    return f"{(datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds():.2f} s" if end else ""


def _bytes(size: int) -> str:
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"
