"""The way in: admit, receive, sniff, keep, record, and only then 202; then tell the worker that there is work."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse

from ingest.admit import Admission, admit
from ingest.body import chunks
from ingest.digests import Verifier
from ingest.dispatch.base import Dispatch
from ingest.document import POLL_SECONDS, encode, job_document
from ingest.intake import Intake
from ingest.jobs.base import Job
from ingest.kinds import Kind
from ingest.pages import PAGE_HEADERS, accepted_page
from ingest.status import problems
from ingest.wiring import House

# A client that left is not answered; this is what stands in the place of an answer.
NOBODY_LISTENS = 400

BINARY = {"type": "string", "format": "binary"}
RAW = {"application/octet-stream": {"schema": BINARY}}
FORM = {
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["file"],
            "properties": {
                "params": {"type": "string", "description": "JSON, as the kind's schema of params has it"},
                "metadata": {"type": "string", "description": "A JSON object of strings: yours, returned as it is"},
                "sha256": {"type": "string", "description": "64 hexadecimal digits that the file must have"},
                "file": BINARY,
            },
        },
        "encoding": {"params": {"contentType": "application/json"}, "metadata": {"contentType": "application/json"}},
    }
}
NAME = {"name": "name", "in": "query", "description": "What a raw body is called", "schema": {"type": "string"}}
REFUSALS = problems(
    "malformed_multipart",
    "truncated_body",
    "digest_mismatch",
    "duplicate_field",
    "unauthorized",
    "body_too_slow",
    "file_too_large",
    "field_too_large",
    "too_many_parts",
    "unsupported_media_type",
    "kind_mismatch",
    "content_encoding",
    "unknown_kind",
    "invalid_params",
    "empty_file",
    "file_required",
    "draining",
    "busy",
    "insufficient_storage",
)

Admitted = Annotated[Admission, Depends(admit)]

router = APIRouter(tags=["upload"])


def _body(content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": content}, **more}


@router.post(
    "/v1/ingest/{kind}",
    status_code=202,
    summary="Drop a file off",
    responses=REFUSALS,
    openapi_extra=_body({**FORM, **RAW}, parameters=[NAME]),
)
async def post(request: Request, kind: Kind, admission: Admitted) -> Response:
    """A form with `params`, `metadata` and `sha256` in front of exactly one `file`; or the file as the whole body.

    The 202 carries the job document and leaves when file and job are safe on disk. Every refusal leaves nothing
    behind. `auto` lets the file's content choose the kind.
    """
    return await _drop(request, str(kind), admission)


@router.put(
    "/v1/ingest/{kind}/{name:path}",
    status_code=202,
    summary="Drop a file off as the whole body",
    responses=REFUSALS,
    openapi_extra=_body(RAW),
)
async def put(request: Request, kind: Kind, name: str, admission: Admitted) -> Response:
    """What `curl -T photo.jpg URL/v1/ingest/auto/` sends."""
    return await _drop(request, str(kind), admission)


async def _drop(request: Request, kind: str, admission: Admission) -> Response:
    house: House = request.app.state.house
    try:
        job = await _receive(request, house, Intake(house, kind, admission.of_file), admission)
    except ClientDisconnect:
        return Response(status_code=NOBODY_LISTENS)
    return _accepted(request, house, job)


async def _receive(request: Request, house: House, intake: Intake, admission: Admission) -> Job:
    verifier = Verifier(admission.of_body)
    try:
        async for chunk in chunks(request, house.settings):
            verifier.update(chunk)
            for event in admission.reader.feed(chunk):
                await intake.take(event)
        for event in admission.reader.end():
            await intake.take(event)
        verifier.check()
        return await intake.keep()
    finally:
        await intake.close()


def _accepted(request: Request, house: House, job: Job) -> Response:
    headers = {"Location": f"/v1/jobs/{job.id}", "Retry-After": str(POLL_SECONDS)}
    nudge = BackgroundTask(_nudge, house.dispatch, job.id)
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(accepted_page(job), 202, {**headers, **PAGE_HEADERS}, background=nudge)
    return Response(encode(job_document(job)), 202, headers, "application/json", nudge)


async def _nudge(dispatch: Dispatch, job_id: str) -> None:
    """A coroutine, because Starlette would send a function through a thread; a nudge never blocks."""
    dispatch.nudge(job_id)
