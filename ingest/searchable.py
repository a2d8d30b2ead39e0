"""What of a job can be searched for: its name and metadata, and the text that its result names.

A result is a cell's word, so what it says is checked: the text is the job's own file or one of its outputs, and its
encoding one that decodes in a straight line.
"""

import codecs
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from pydantic import ValidationError

from ingest.jobs.base import Job
from ingest.jobs.states import State
from ingest.search.base import Document
from processors.base import Searchable
from storage.base import FileStore, StorageError

log = logging.getLogger(__name__)

BLOCK_BYTES = 64 << 10
# Codecs that take a text for a program or a host name, or whose time is not linear.
NOT_FOR_TEXT = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})


@dataclass(frozen=True, slots=True)
class Source:
    """A text in the store; `size` is in bytes, without the `skip_bytes` before it."""

    blob_key: str
    encoding: str
    skip_bytes: int
    size: int


def document_of(files: FileStore, job: Job, limit: int) -> Document | None:
    """With at most `limit` bytes of text. None: the job isn't there to be found.

    Reading the text raises `StorageError` where the store can't be read now.
    """
    if job.state is not State.SUCCEEDED or job.params.get("index") is False:
        return None
    source = source_of(job)
    return Document(
        job_id=job.id,
        kind=job.kind,
        created_at=job.created_at,
        name=job.name,
        media_type=job.media_type,
        size=job.size,
        metadata=job.metadata,
        text=() if source is None else read(files, source, limit),
        is_cut=source is not None and source.size > limit,
    )


def source_of(job: Job) -> Source | None:
    """Where the text of the job is, if it has any."""
    said = (job.result or {}).get("searchable")
    if said is None:
        return None
    try:
        searchable = Searchable.model_validate(said)
    except ValidationError:
        log.warning("job %s: what its result says of its text can't be read", job.id)
        return None
    places: dict[str | None, tuple[str, int]] = {one.name: (one.blob_key, one.size) for one in job.outputs}
    places[None] = (job.blob_key, job.size)
    if searchable.output not in places or not decodes_text(searchable.encoding):
        log.warning("job %s: there is no such text as its result names", job.id)
        return None
    blob_key, size = places[searchable.output]
    return Source(blob_key, searchable.encoding, searchable.skip_bytes, max(0, size - searchable.skip_bytes))


def decodes_text(encoding: str) -> bool:
    try:
        known = codecs.lookup(encoding)
    except (LookupError, ValueError):
        return False
    return bool(getattr(known, "_is_text_encoding", False)) and known.name.replace("_", "-") not in NOT_FOR_TEXT


def read(files: FileStore, source: Source, limit: int) -> Iterator[str]:
    """The text in blocks, up to `limit` bytes; what is cut off in the middle of a character is not there."""
    try:
        file = files.open(source.blob_key, source.skip_bytes)
    except StorageError as error:
        if error.code != "blob_missing":
            raise
        log.warning("a text can't be indexed: %s", error.detail)
        return
    with file:
        try:
            yield from _decoded(file, source, limit)
        except UnicodeError as error:  # UTF-16 wants a mark where the name says no byte order, and replaces nothing
            log.warning("a text is indexed as far as it can be decoded: %s", error)


def _decoded(file: BinaryIO, source: Source, limit: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(source.encoding)("replace")
    left = min(limit, source.size)
    while left > 0 and (data := file.read(min(BLOCK_BYTES, left))):
        left -= len(data)
        yield decoder.decode(data)
    if source.size <= limit:
        yield decoder.decode(b"", final=True)
