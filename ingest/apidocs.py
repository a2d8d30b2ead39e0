"""The API for readers: Swagger UI without anything from outside, and the table of error codes."""

from collections.abc import Iterator, Mapping
from importlib.resources import files

import fastapi_swagger
from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from ingest.errors import JOB_ERRORS, PROBLEMS, Problem
from ingest.guard import READ
from ingest.markup import TEMPLATES, render, render_all
from ingest.pages import PAGE_HEADERS, page, page_response

SWAGGER = files(fastapi_swagger) / "resources"
ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}
# Swagger UI's style sheet holds its pictures as data: URLs.
DOCS_HEADERS = {
    **PAGE_HEADERS,
    "Content-Security-Policy": PAGE_HEADERS["Content-Security-Policy"].replace(
        "img-src 'self'", "img-src 'self' data:"
    ),
}

router = APIRouter(include_in_schema=False, dependencies=READ)


@router.head("/docs")
@router.get("/docs")
async def show_docs() -> Response:
    return HTMLResponse(TEMPLATES["docs"], headers=DOCS_HEADERS)


@router.head("/static/docs/{asset}")
@router.get("/static/docs/{asset}")
def read_asset(asset: str) -> Response:
    if asset not in ASSETS:
        raise Problem("not_found", "There is no such file")
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response((SWAGGER / asset).read_bytes(), media_type=ASSETS[asset], headers=headers)


@router.head("/docs/errors")
@router.get("/docs/errors")
async def show_errors() -> Response:
    body = render(
        "errors", problems=render_all("code", _problem_rows()), job_errors=render_all("code", _job_error_rows())
    )
    return page_response(page("Errors", body))


def _problem_rows() -> Iterator[Mapping[str, object]]:
    """The anchors are what the `type` of a problem points to."""
    for code, kind in PROBLEMS.items():
        yield {"id": code, "code": code, "sort": kind.status, "title": kind.title, "retry": _yes(kind.retryable)}


def _job_error_rows() -> Iterator[Mapping[str, object]]:
    for code, kind in JOB_ERRORS.items():
        anchor = f"job-{code}"
        yield {"id": anchor, "code": code, "sort": kind.category, "title": kind.title, "retry": _yes(kind.retryable)}


def _yes(retryable: bool) -> str:
    return "yes" if retryable else "no"
