"""The head of an upload -> admission, or a refusal: everything that needs no body is decided before its first byte.

So a client that asks first (`Expect: 100-continue`) never sends in vain, and a stranger never fills the disk.
"""

import re
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import Headers

from ingest import digests
from ingest.digests import Digest
from ingest.errors import Problem
from ingest.form import FormReader, RawReader, Reader
from ingest.guard import check_host, check_key, check_same_site
from ingest.parts import MAX_HEADER_BYTES, MAX_PART_HEADERS, boundary, media_type
from ingest.settings import Settings
from ingest.wiring import House

FORM = "multipart/form-data"
URL_ENCODED = "application/x-www-form-urlencoded"
LATER_HEADERS = ("idempotency-key", "content-range")
LATER_PARAMETERS = ("priority", "reuse", "expires_after", "validate_only")

_LENGTH = re.compile(r"\d{1,19}")


@dataclass(frozen=True, slots=True)
class Admission:
    """How to read the body, and what was promised of the file or of the body as a whole."""

    reader: Reader
    of_file: tuple[Digest, ...] = ()
    of_body: tuple[Digest, ...] = ()


async def admit(request: Request) -> Admission:
    house: House = request.app.state.house
    headers = request.headers
    if house.draining:
        raise Problem("draining", "The server is shutting down", headers={"Retry-After": "5"})
    check_host(headers, house.settings)
    check_key(headers, house.settings)
    check_same_site(headers)
    _refuse_encoded(headers)
    _refuse_what_comes_later(request)
    claimed = _content_type(headers)
    length = _check_length(headers, house.settings, is_form=claimed == FORM)
    promised = _promised(headers)
    _check_space(house, length)
    if claimed == FORM:
        return Admission(_form_reader(headers, house.settings), of_body=promised)
    return Admission(RawReader(_name(request), claimed), of_file=promised)


def _refuse_encoded(headers: Headers) -> None:
    encodings = [encoding for encoding in headers.getlist("content-encoding") if encoding.strip().lower() != "identity"]
    if encodings:
        words = "Send the bytes as they are, without Content-Encoding"
        raise Problem("content_encoding", words, headers={"Accept-Encoding": "identity"}, detected=encodings[0][:100])


def _refuse_what_comes_later(request: Request) -> None:
    """An option that does not exist yet is refused: taking the file and ignoring the wish would be a lie."""
    asked = [name for name in LATER_HEADERS if name in request.headers]
    asked += [name for name in LATER_PARAMETERS if name in request.query_params]
    preferences = ",".join(request.headers.getlist("prefer")).split(",")
    asked += ["prefer: wait"] * any(one.partition("=")[0].strip().lower() == "wait" for one in preferences)
    if asked:
        raise Problem("unsupported_option", f"{asked[0]} is not supported yet", field=asked[0])


def _content_type(headers: Headers) -> str | None:
    """The claimed media type. What is not a form is taken for the file itself, unless it can't be that."""
    given = headers.getlist("content-type")
    if not given:
        return None
    claimed = media_type(given[0]) if len(given) == 1 else None
    if claimed is None:
        raise Problem("malformed_content_type", "The Content-Type is not of the form type/subtype; name=value")
    if claimed == URL_ENCODED or (claimed.startswith("multipart/") and claimed != FORM):
        words = f"Send the file in {FORM}, or as the whole body with a Content-Type of its own, but not in {claimed}"
        raise Problem("unsupported_media_type", words, detected=claimed, accepted=[FORM, "application/octet-stream"])
    return claimed


def _check_length(headers: Headers, settings: Settings, *, is_form: bool) -> int:
    """The announced length; 0 if none is, which says nothing."""
    given = headers.getlist("content-length")
    if not given:
        return 0
    if len(given) > 1 or "transfer-encoding" in headers or not _LENGTH.fullmatch(given[0]):
        raise Problem("bad_length", "A body has either one Content-Length, a number of bytes, or chunks")
    length, limit = int(given[0]), settings.max_file_bytes
    around = settings.max_parts * (settings.max_field_bytes + MAX_PART_HEADERS * MAX_HEADER_BYTES) if is_form else 0
    if length > limit + around:
        raise Problem("file_too_large", f"The file has more than {limit} bytes", limit=limit)
    return length


def _check_space(house: House, length: int) -> None:
    if not house.room.has(house.files, length, house.settings.reserve_bytes):
        raise Problem("insufficient_storage", "The store has no room for a file of this size")


def _promised(headers: Headers) -> tuple[Digest, ...]:
    """Without Content-Encoding, content and representation are the same bytes (RFC 9530 §3)."""
    names = ("Content-Digest", "Repr-Digest")
    return tuple(digest for name in names for digest in digests.read_header(name, headers.getlist(name)))


def _form_reader(headers: Headers, settings: Settings) -> FormReader:
    limits = {"max_parts": settings.max_parts, "max_field_bytes": settings.max_field_bytes}
    return FormReader(boundary(headers["content-type"]), **limits)


def _name(request: Request) -> str:
    """What a raw body is called: in the path of a PUT, in the query of a POST."""
    return str(request.path_params.get("name") or request.query_params.get("name", ""))
