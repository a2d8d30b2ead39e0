"""Pages for people. Everything works without JavaScript; with it, uploads and jobs show their progress live.

Rules that must stay true:
1. A page shows what the job document says, and it becomes HTML here alone: scripts fetch the page again.
2. A page fetches nothing from outside, holds neither script nor style, and nothing that came from a file may run.
"""

import re
from collections.abc import Iterator, Mapping
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
from ingest.markup import NOTHING, TEMPLATES, between, label, render, render_all, size, table, time
from ingest.results import INLINE, ORIGINAL
from ingest.status import SAME_SITE, cancel_job, delete_job, describe, find_job, page_of_jobs

PAGE = 20
REFRESH_SECONDS = 2
POSTER = re.compile(r"poster\.[a-z]{3,4}")  # what a film's player shows until it plays
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: under that a form of ours would be posted with `Origin: null`, like a stranger's.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

Document = Mapping[str, Any]

router = APIRouter(include_in_schema=False, dependencies=READ)


def page(title: str, body: Markup, *head: Markup) -> str:
    return render("layout", title=title, head=NOTHING.join(head), body=body, version=__version__)


def page_response(html: str, status_code: int = 200) -> Response:
    return HTMLResponse(html, status_code, headers=PAGE_HEADERS)


@router.head("/")
@router.get("/")
async def home(house: HouseDep, before: Annotated[str | None, Query(pattern="^[0-9a-f-]{36}$")] = None) -> Response:
    jobs, more = await page_of_jobs(house, JobFilter(), PAGE, before)
    documents: list[Document] = [job_document(job) for job in jobs]
    return page_response(home_page(documents, more, can_search=house.search is not None))


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
    return page("Accepted", body, render("refresh", seconds=0, url=f"/jobs/{job.id}"))


def problem_page(problem: Problem) -> str:
    document = problem.document()
    known = {key: document[key] for key in ("title", "detail", "status", "code")}
    body = render("problem", **known, hint=_hint(document), extra=table(problem.extra))
    return page(document["title"], body)


def home_page(jobs: list[Document], more: bool, *, can_search: bool) -> str:
    kinds = render_all("kind_button", ({"kind": kind, "label": label(kind)} for kind in sorted(PROCESSORS)))
    rows = render_all("job_row", map(_row, jobs))
    active = any(job["state"] not in TERMINAL for job in jobs)
    body = render(
        "home",
        kinds=kinds,
        search=render("search_start", box=search_box()) if can_search else NOTHING,
        heading="Jobs" if jobs else "No jobs yet",
        jobs=render("jobs", rows=rows) if jobs else NOTHING,
        older=render("older", id=jobs[-1]["id"]) if more else NOTHING,
        active=_active(active),
    )
    return page("Drop a file off", body, render("script", name="home.js"))


def search_box(q: str = "", *, focus: bool = False) -> Markup:
    return render("search_box", q=q, focus=Markup(" autofocus") if focus else NOTHING)


def _row(job: Document) -> Document:
    return {
        **_summary(job),
        "progress": render("row_progress", value=_value(job["progress"])) if job["state"] == "running" else NOTHING,
    }


def _summary(job: Document) -> dict[str, object]:
    return {
        "id": job["id"],
        "state": job["state"],
        "kind": label(job["kind"]),
        "name": job["input"]["name"],
        "size": size(job["input"]["size"]),
        "created": time(job["created_at"]),
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
        original=_original_url(job),
        progress=NOTHING if finished else _progress(job),
        error=_error(job["error"]) if job["error"] else NOTHING,
        outputs=_section("outputs", "Files", _figures([*_original(job), *job["outputs"]])),
        result=_section("result", "Result", table(job["result"] or {})),
        details=table(_details(job)),
        attempts=_attempts(job["attempts"]),
        action=render("delete" if finished else "cancel", id=job["id"]),
    )
    return page(job["input"]["name"], body, render("script", name="job.js"), NOTHING if finished else _refresh(job))


def _refresh(job: Document) -> Markup:
    """For browsers without scripts: the page comes again by itself."""
    again = render("refresh", seconds=REFRESH_SECONDS, url=f"/jobs/{job['id']}")
    return render("noscript", content=again)


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


def _original_url(job: Document) -> str:
    return f"{job['links']['self']}/files/{ORIGINAL}"


def _original(job: Document) -> Iterator[Document]:
    """Of film and sound, which no output replaces; a browser fetches no more of it than it needs."""
    if job["state"] == "succeeded" and job["input"]["media_type"].startswith(("video/", "audio/")):
        yield {**job["input"], "url": _original_url(job)}


def _figures(outputs: list[Document]) -> Markup:
    poster = next((one["url"] for one in outputs if POSTER.fullmatch(one["name"])), None)
    shown = Markup(' poster="{}"').format(poster) if poster else NOTHING
    figures = render_all("output", (_figure(one, shown) for one in outputs))
    return render("figures", figures=figures) if outputs else NOTHING


def _figure(output: Document, poster: Markup) -> Document:
    shape = f"{output['width']} × {output['height']} · " if "width" in output and "height" in output else ""
    sort = output["media_type"].partition("/")[0]
    shown = INLINE.fullmatch(output["media_type"]) and f"{sort}_preview" in TEMPLATES
    preview = render(f"{sort}_preview", url=output["url"], name=output["name"], poster=poster) if shown else NOTHING
    facts = f"{shape}{size(output['size'])}"
    return {"preview": preview, "url": output["url"], "name": output["name"], "facts": facts}


def _details(job: Document) -> dict[str, Any]:
    details = {
        "job": job["id"],
        "sha256": job["input"]["sha256"],
        "declared type": job["input"]["declared_media_type"],
        "processor": f"{job['processor']['name']} {job['processor']['version']}",
        "started": time(job["started_at"]),
        "finished": time(job["finished_at"]),
        "expires": time(job["expires_at"]),
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
        "started": time(attempt["started_at"]),
        "took": between(attempt["started_at"], attempt["ended_at"]),
        "cpu": "" if cpu is None else f"{cpu:.2f} s",
        "memory": "" if memory is None else size(memory),
        "exit": "" if attempt["exit"] is None else attempt["exit"],
    }
