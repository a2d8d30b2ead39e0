"""Every error that anybody outside can see: one table, code -> HTTP status, title, retryable.

`Problem` is what routes raise; it becomes `application/problem+json` (RFC 9457). `JobError` is what a job document
carries. Coded errors of `storage` and `processors` find their status here by their code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Category = Literal["input", "limit", "timeout", "crash", "memory", "configuration", "internal"]


@dataclass(frozen=True, slots=True)
class ProblemType:
    status: int
    title: str
    retryable: bool = False


PROBLEMS: Mapping[str, ProblemType] = {
    "malformed_request": ProblemType(400, "The request is not HTTP that can be read"),
    "malformed_multipart": ProblemType(400, "The multipart body can't be read"),
    "malformed_content_type": ProblemType(400, "The Content-Type can't be read"),
    "truncated_body": ProblemType(400, "The body ended too early", retryable=True),
    "digest_mismatch": ProblemType(400, "The bytes are not the ones announced", retryable=True),
    "malformed_digest": ProblemType(400, "A digest can't be read"),
    "duplicate_field": ProblemType(400, "A field is there twice"),
    "unexpected_field": ProblemType(400, "A field is unknown, or in the wrong place"),
    "part_header_too_large": ProblemType(400, "A part's header is too large"),
    "name_too_long": ProblemType(400, "The file's name is too long"),
    "bad_host": ProblemType(400, "The Host header names no host of this server"),
    "bad_length": ProblemType(400, "The Content-Length can't be right"),
    "malformed_json": ProblemType(400, "A field is not the JSON it should be"),
    "unsupported_option": ProblemType(400, "This option does not exist yet"),
    "unauthorized": ProblemType(401, "The API key is missing or wrong"),
    "cross_site": ProblemType(403, "Another site's page may not post here"),
    "not_found": ProblemType(404, "There is nothing here"),
    "method_not_allowed": ProblemType(405, "This method does nothing here"),
    "body_too_slow": ProblemType(408, "The body arrives too slowly", retryable=True),
    "not_finished": ProblemType(409, "The job has not finished yet", retryable=True),
    "job_failed": ProblemType(409, "The job failed, so there is no result"),
    "job_cancelled": ProblemType(409, "The job was cancelled, so there is no result"),
    "job_active": ProblemType(409, "The job is still active: cancel it first", retryable=True),
    "already_finished": ProblemType(409, "The job has finished already"),
    "gone": ProblemType(410, "The job was deleted or has expired"),
    "file_too_large": ProblemType(413, "The file is too large"),
    "field_too_large": ProblemType(413, "A field is too large"),
    "too_many_parts": ProblemType(413, "The body has too many parts"),
    "unsupported_media_type": ProblemType(415, "This media type is not accepted"),
    "kind_mismatch": ProblemType(415, "The file is not what the path says"),
    "content_encoding": ProblemType(415, "Encoded bodies are not accepted"),
    "range_not_satisfiable": ProblemType(416, "The range lies outside the file"),
    "unknown_kind": ProblemType(422, "There is no such kind"),
    "invalid_params": ProblemType(422, "The params don't fit the kind"),
    "invalid_metadata": ProblemType(422, "The metadata is not an object of strings"),
    "invalid_parameter": ProblemType(422, "A parameter is out of range"),
    "invalid_query": ProblemType(422, "The query can't be searched for"),
    "empty_file": ProblemType(422, "The file is empty"),
    "file_required": ProblemType(422, "There is no file in the request"),
    "headers_too_large": ProblemType(431, "The request's headers are too large"),
    "too_busy": ProblemType(429, "Too many requests at once", retryable=True),
    "internal": ProblemType(500, "The server made a mistake", retryable=True),
    "draining": ProblemType(503, "The server is shutting down", retryable=True),
    "busy": ProblemType(503, "The server can't record the job now", retryable=True),
    "search_unavailable": ProblemType(503, "The index of texts can't be searched now", retryable=True),
    "storage_unavailable": ProblemType(503, "The store can't take files now", retryable=True),
    "blob_missing": ProblemType(503, "A stored file can't be read", retryable=False),
    "insufficient_storage": ProblemType(507, "There is not enough space left", retryable=True),
}


class Problem(Exception):
    """A request that can't be served. `extra` holds what helps the client (limit, detected, accepted, ...)."""

    def __init__(self, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra

    @property
    def type(self) -> ProblemType:
        return PROBLEMS[self.code]

    def document(self) -> dict[str, Any]:
        """The RFC 9457 body."""
        kind = self.type
        return {
            "type": f"/docs/errors#{self.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
            "retryable": kind.retryable,
            **self.extra,
        }


@dataclass(frozen=True, slots=True)
class JobErrorType:
    title: str
    category: Category
    retryable: bool = False


JOB_ERRORS: Mapping[str, JobErrorType] = {
    "corrupt_input": JobErrorType("The file is damaged", "input"),
    "unsupported_input": JobErrorType("The file is of a sort that this kind can't read", "input"),
    "limit_exceeded": JobErrorType("The file or its processing went over a limit", "limit"),
    "out_of_memory": JobErrorType("Processing needed more memory than allowed", "memory"),
    "timeout": JobErrorType("Processing took longer than allowed", "timeout"),
    "stalled": JobErrorType("Processing stopped making progress", "timeout"),
    "worker_killed": JobErrorType("Processing was cut short from outside, again and again", "crash", retryable=True),
    "unknown_kind": JobErrorType("No processor for this kind is installed any more", "configuration"),
    "internal": JobErrorType("The processor made a mistake", "internal"),
}


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed; `detail` is for a person."""

    code: str
    detail: str

    def document(self) -> dict[str, Any]:
        kind = JOB_ERRORS[self.code]
        return {
            "code": self.code,
            "title": kind.title,
            "detail": self.detail,
            "category": kind.category,
            "retryable": kind.retryable,
        }
