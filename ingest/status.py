"""The job document: read it, wait for it, list it; cancel and delete the job. And the kinds that there are."""

import asyncio
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import cache
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request, Response
from pydantic import AwareDatetime

from ingest.deps import FeedDep, HouseDep
from ingest.document import POLL_SECONDS, QUEUE_CAP, encode, etag, is_terminal, job_document
from ingest.errors import PROBLEMS, Problem
from ingest.feed import Feed, Watch
from ingest.guard import READ, refuse_cross_site
from ingest.jobs.base import Job, JobFilter, JobStore
from ingest.jobs.states import State
from ingest.kinds import PROCESSORS
from ingest.wiring import House

PAGE = 50
MAX_PAGE = 200
MAX_WAIT_SECONDS = 60

T = TypeVar("T")

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')

SAME_SITE = [Depends(refuse_cross_site)]

router = APIRouter(dependencies=READ)


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """Refusals as OpenAPI describes them."""
    refused = {"content": {"application/problem+json": {}}, "description": "Any other refusal."}
    found: dict[int | str, dict[str, Any]] = {"4XX": refused}
    for code in codes:
        kind = PROBLEMS[code]
        words = found.setdefault(kind.status, {"content": {"application/problem+json": {}}, "description": ""})
        words["description"] += f"`{code}`: {kind.title}. "
    return found


def find_job(jobs: JobStore, job_id: str) -> Job:
    """Raises `Problem` not_found or gone."""
    job = jobs.get(job_id) if _ID.fullmatch(job_id) else None
    if job is None:
        raise missing(jobs, job_id)
    return job


def missing(jobs: JobStore, job_id: str) -> Problem:
    """Why there is no such job."""
    if _ID.fullmatch(job_id) and jobs.gone(job_id):
        return Problem("gone", "This job was deleted or has expired")
    return Problem("not_found", "There is no such job")


def describe(jobs: JobStore, job: Job) -> dict[str, Any]:
    """The job document, with the place in the queue."""
    return job_document(job, jobs.queue_position(job, QUEUE_CAP) if job.state is State.QUEUED else None)


def is_known(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names `tag`, by the weak comparison (RFC 9110 §13.1.2)."""
    given = ",".join(request.headers.getlist("if-none-match")).strip()
    return given == "*" or tag in _ENTITY_TAG.findall(given)


def answer(request: Request, document: Any, headers: Mapping[str, str] | None = None) -> Response:
    """The document with its `ETag`, or 304 when the client has these very bytes."""
    body = encode(document)
    tag = etag(body)
    fields = {"ETag": tag, "Cache-Control": "no-cache", **(headers or {})}
    if is_known(request, tag):
        return Response(status_code=304, headers=fields)
    return Response(body, media_type="application/json", headers=fields)


async def off_loop(
    house: House, call: Callable[..., T], *arguments: Any, executor: ThreadPoolExecutor | None = None
) -> T:
    """Run what blocks for longer than a short read away from the event loop, by the house's executor or another."""
    return await asyncio.get_running_loop().run_in_executor(executor or house.executor, call, *arguments)


@router.head("/v1/jobs/{job_id}", include_in_schema=False)
@router.get(
    "/v1/jobs/{job_id}", summary="The job document", tags=["jobs"], responses=problems("not_found", "gone", "too_busy")
)
async def read_job(
    request: Request,
    house: HouseDep,
    feed: FeedDep,
    job_id: str,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT_SECONDS, allow_inf_nan=False)] = 0,
) -> Response:
    """200 in every state. `wait` holds the answer for so many seconds, or until the job has ended; together with
    `If-None-Match`, until the document is another one."""
    job = find_job(house.jobs, job_id)
    if wait and not is_terminal(job):
        job = await _wait(request, house.jobs, feed, job_id, wait)
    headers = {} if is_terminal(job) else {"Retry-After": str(POLL_SECONDS)}
    return answer(request, describe(house.jobs, job), headers)


async def _wait(request: Request, jobs: JobStore, feed: Feed, job_id: str, seconds: float) -> Job:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    any_change = "if-none-match" in request.headers
    with feed.watch(job_id) as watch:
        leaving = loop.create_task(_stop_when_gone(request, watch))
        try:
            job = find_job(jobs, job_id)
            while not (is_terminal(job) or watch.over or loop.time() >= deadline):
                if any_change and not _has(request, jobs, job):
                    break
                news = await watch.news(deadline - loop.time())
                if news.transitions or any_change:
                    job = find_job(jobs, job_id)
        finally:
            leaving.cancel()
    return find_job(jobs, job_id)


def _has(request: Request, jobs: JobStore, job: Job) -> bool:
    """Whether the client has the document as it is now."""
    return is_known(request, etag(encode(describe(jobs, job))))


async def _stop_when_gone(request: Request, watch: Watch) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    watch.stop()


@router.head("/v1/jobs", include_in_schema=False)
@router.get("/v1/jobs", summary="Jobs, newest first", tags=["jobs"], responses=problems("invalid_parameter"))
async def list_jobs(
    request: Request,
    house: HouseDep,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    state: State | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
    page_token: str | None = None,
) -> Response:
    """`since` and `until` (RFC 3339, from inclusive to exclusive) bound `created_at`. Places in the queue are only in
    the job's own document."""
    if page_token is not None and not _ID.fullmatch(page_token):
        raise Problem("invalid_parameter", "This page_token is none that this server gave", parameter="page_token")
    where = JobFilter(kind, state, since.timestamp() if since else None, until.timestamp() if until else None)
    jobs, more = await page_of_jobs(house, where, limit, page_token)
    token = jobs[-1].id if more else None
    return answer(request, {"jobs": [job_document(job) for job in jobs], "next_page_token": token})


async def page_of_jobs(house: House, where: JobFilter, limit: int, before: str | None = None) -> tuple[list[Job], bool]:
    """A page, and whether there is another one after it."""
    jobs = await off_loop(house, house.jobs.page, where, limit + 1, before)
    return jobs[:limit], len(jobs) > limit


@router.post(
    "/v1/jobs/{job_id}/cancel",
    dependencies=SAME_SITE,
    summary="Cancel the job",
    tags=["jobs"],
    responses=problems("not_found", "already_finished", "gone") | {202: {"description": "The work is being stopped"}},
)
async def cancel(house: HouseDep, job_id: str, background: BackgroundTasks) -> Response:
    """200: the job is cancelled. 202: its work is being stopped."""
    job = await cancel_job(house, job_id, background)
    status = 202 if job.state is State.CANCELLING else 200
    return Response(encode(describe(house.jobs, job)), status_code=status, media_type="application/json")


async def cancel_job(house: House, job_id: str, background: BackgroundTasks) -> Job:
    find_job(house.jobs, job_id)
    found = await off_loop(house, house.jobs.cancel, job_id)
    if found is None:
        raise missing(house.jobs, job_id)
    job, changed = found
    if job.state not in {State.CANCELLING, State.CANCELLED}:
        raise Problem("already_finished", f"The job has {job.state} already", state=job.state)
    if changed:
        background.add_task(house.dispatch.nudge, job_id)
    return job


@router.delete(
    "/v1/jobs/{job_id}",
    status_code=204,
    dependencies=SAME_SITE,
    summary="Forget a finished job and its files",
    tags=["jobs"],
    responses=problems("not_found", "job_active", "gone"),
)
async def delete(house: HouseDep, job_id: str) -> Response:
    await delete_job(house, job_id)
    return Response(status_code=204)


async def delete_job(house: House, job_id: str) -> None:
    find_job(house.jobs, job_id)
    deleted = await off_loop(house, house.jobs.delete, job_id)
    if deleted is None:
        raise missing(house.jobs, job_id)
    if not deleted:
        raise Problem("job_active", "Only a finished job can be deleted: cancel it first")


@router.post("/v1/jobs/{job_id}/retry", dependencies=SAME_SITE, include_in_schema=False)
async def retry(house: HouseDep, job_id: str) -> Response:
    find_job(house.jobs, job_id)
    raise Problem("unsupported_option", "A job can't be run again yet: drop the file off once more")


@cache
def kind_document(kind: str, max_file_bytes: int) -> dict[str, Any]:
    processor = PROCESSORS[kind]
    return {
        "kind": kind,
        "version": processor.version,
        "media_types": sorted(processor.media_types),
        "max_file_bytes": max_file_bytes,
        "limits": asdict(processor.limits),
        "params": processor.Params.model_json_schema(),
        "result": processor.Result.model_json_schema(),
        "links": {"self": f"/v1/kinds/{kind}", "ingest": f"/v1/ingest/{kind}"},
    }


@router.head("/v1/kinds", include_in_schema=False)
@router.get("/v1/kinds", summary="The kinds of file that are taken", tags=["kinds"])
async def list_kinds(request: Request, house: HouseDep) -> Response:
    limit = house.settings.max_file_bytes
    return answer(request, {"kinds": [kind_document(kind, limit) for kind in sorted(PROCESSORS)]})


@router.head("/v1/kinds/{kind}", include_in_schema=False)
@router.get("/v1/kinds/{kind}", summary="One kind", tags=["kinds"], responses=problems("not_found"))
async def read_kind(request: Request, house: HouseDep, kind: str) -> Response:
    """Media types, limits, and the JSON Schemas of `params` and `result`."""
    if kind not in PROCESSORS:
        raise Problem("not_found", "There is no such kind", kinds=sorted(PROCESSORS))
    return answer(request, kind_document(kind, house.settings.max_file_bytes))
