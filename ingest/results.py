"""The result of a job, and its files: the outputs, and `original`, which is the file that was uploaded.

Files are served as RFC 9110 says: strong validators (§8.8.3), `If-None-Match` and `If-Range` (§13.1), one range (§14);
`Repr-Digest` is RFC 9530's, `Content-Disposition` RFC 6266's. What is in them came from strangers: only raster
pictures, sound, film and plain text are shown inline, and nothing in them may run.
"""

import asyncio
import re
import string
import unicodedata
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import quote

from aiofiles.threadpool import wrap
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ingest.deps import HouseDep
from ingest.document import POLL_SECONDS, is_terminal, job_document
from ingest.errors import Problem
from ingest.guard import READ
from ingest.jobs.base import Job
from ingest.jobs.states import State
from ingest.names import NAMELESS, display_name
from ingest.status import answer, find_job, is_known, off_loop, problems
from ingest.wiring import House

ORIGINAL = "original"
CHUNK_BYTES = 256 << 10
INLINE = re.compile(r"(image/(jpeg|png|gif|webp|avif)|video/(mp4|webm)|audio/(mpeg|mp4|ogg|wav|flac)|text/plain)(;.*)?")
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+(; ?charset=[a-z0-9-]+)?")
# A number longer than any file is no range of ours: the header counts as unreadable, and is ignored.
_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)
_ATTR_CHARS = string.ascii_letters + string.digits + "!#$&+-.^_`|~"  # RFC 8187 §3.2.1

router = APIRouter(tags=["results"], dependencies=READ)


@dataclass(frozen=True, slots=True)
class Served:
    """A file as it goes out."""

    name: str
    media_type: str
    size: int
    sha256: str
    blob_key: str

    @property
    def tag(self) -> str:
        return f'"{self.sha256}"'


@router.head("/v1/jobs/{job_id}/result", include_in_schema=False)
@router.get(
    "/v1/jobs/{job_id}/result",
    summary="The result",
    responses=problems("not_found", "not_finished", "job_failed", "job_cancelled", "gone"),
)
async def read_result(request: Request, house: HouseDep, job_id: str) -> Response:
    """200 once the job has succeeded."""
    job = find_job(house.jobs, job_id)
    if job.state is not State.SUCCEEDED:
        raise no_result(job)
    document = job_document(job)
    return answer(request, {key: document[key] for key in ("id", "kind", "state", "result", "outputs", "links")})


def no_result(job: Job) -> Problem:
    """Why there is none (yet)."""
    if not is_terminal(job):
        headers = {"Retry-After": str(POLL_SECONDS)}
        return Problem("not_finished", f"The job is {job.state}", headers=headers, state=job.state)
    if job.state is State.CANCELLED:
        return Problem("job_cancelled", "The job was cancelled before it was done", state=job.state)
    error = job.error.document() if job.error else None
    return Problem("job_failed", job.error.detail if job.error else "", state=job.state, error=error)


@router.head("/v1/jobs/{job_id}/files/{name}", include_in_schema=False)
@router.get(
    "/v1/jobs/{job_id}/files/{name}",
    summary="One file: an output, or `original`",
    responses=problems("not_found", "range_not_satisfiable", "gone")
    | {200: {"content": {"application/octet-stream": {}}}, 206: {"description": "The range asked for"}},
)
async def read_file(request: Request, house: HouseDep, job_id: str, name: str) -> Response:
    served = find_file(find_job(house.jobs, job_id), name)
    headers = headers_of(served)
    if is_known(request, served.tag):
        return Response(status_code=304, headers={key: headers[key] for key in ("ETag", "Cache-Control")})
    asked = wanted_range(request, served)
    if asked is None:
        return await _send(request, house, served, range(served.size), headers)
    if not asked:
        limits = {"Content-Range": f"bytes */{served.size}", "Accept-Ranges": "bytes"}
        raise Problem("range_not_satisfiable", f"The file has {served.size} bytes", headers=limits, size=served.size)
    headers["Content-Range"] = f"bytes {asked.start}-{asked.stop - 1}/{served.size}"
    return await _send(request, house, served, asked, headers)


def find_file(job: Job, name: str) -> Served:
    if name == ORIGINAL:
        return Served(job.name, job.media_type, job.size, job.sha256, job.blob_key)
    for output in job.outputs:
        if output.name == name:
            return Served(output.name, output.media_type, output.size, output.sha256, output.blob_key)
    raise Problem("not_found", "The job has no such file", files=[ORIGINAL, *(output.name for output in job.outputs)])


def headers_of(served: Served) -> dict[str, str]:
    media_type = served.media_type if _MEDIA_TYPE.fullmatch(served.media_type) else "application/octet-stream"
    return {
        "Content-Type": media_type,
        "Content-Disposition": disposition("inline" if INLINE.fullmatch(media_type) else "attachment", served.name),
        "ETag": served.tag,
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(served.sha256)).decode()}:",
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        **SAFE_HEADERS,
    }


def disposition(how: str, name: str) -> str:
    """`Content-Disposition` with an ASCII name for old clients and the real one for all others (RFC 6266 §4.3)."""
    name = display_name(name)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r'[^ -~]|["\\%]', "_", plain).strip()
    if plain == name:
        return f'{how}; filename="{plain}"'
    if plain.startswith(".") or not plain:
        plain = f"{NAMELESS}{plain}"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"


def wanted_range(request: Request, served: Served) -> range | None:
    """The bytes asked for. None: the whole file. Empty: no byte of it.

    Only GET has ranges (RFC 9110 §14.2). A header that can't be read, or that lists several ranges, is ignored, which
    the RFC allows; so is any range of an empty file, which has no bytes to send but is no error either.
    """
    asked = _ONE_RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None or request.method != "GET" or not served.size:
        return None
    if request.headers.get("if-range", served.tag) != served.tag:
        return None
    first, last = asked.groups()
    if first:
        if last and int(last) < int(first):
            return None
        return range(int(first), min(int(last) + 1 if last else served.size, served.size))
    return range(max(0, served.size - int(last)), served.size) if last else None


async def _send(request: Request, house: House, served: Served, part: range, headers: dict[str, str]) -> Response:
    headers["Content-Length"] = str(len(part))
    if request.method == "HEAD":
        return Response(status_code=200, headers=headers)
    file = await off_loop(house, house.files.open, served.blob_key, part.start)
    return FileStream(house, file, len(part), 206 if "Content-Range" in headers else 200, headers)


class FileStream(StreamingResponse):
    """`length` bytes of an open file, which is closed with the response, however that ends.

    If the file is shorter than it should be the client sees a body cut short, and not one that looks whole.
    """

    def __init__(self, house: House, file: BinaryIO, length: int, status_code: int, headers: dict[str, str]) -> None:
        self._house = house
        self._file = file
        super().__init__(self._chunks(length), status_code, headers)

    async def _chunks(self, length: int) -> AsyncIterator[bytes]:
        reader = wrap(self._file, executor=self._house.executor)
        while length > 0 and (chunk := await reader.read(min(CHUNK_BYTES, length))):
            length -= len(chunk)
            yield chunk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # In a thread, since one that still reads holds the file's lock; shielded, since this may be a cancellation.
            await asyncio.shield(off_loop(self._house, self._file.close))
