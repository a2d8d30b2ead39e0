"""Bytes that have all come -> jobs: the one way to a 202, whoever brought the bytes. Blocks; for the executor."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingest.clock import Clock, new_id
from ingest.jobs.base import Acceptance, Job, JobStore, NewJob
from storage.base import Blob, FileStore, Spool, StorageError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be done with the bytes. Everything in it has been checked."""

    kind: str
    name: str
    media_type: str
    declared_media_type: str | None
    params: dict[str, Any]
    metadata: dict[str, str]
    processor_version: str
    max_attempts: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """A whole file, and what shall be done with it."""

    spool: Spool
    order: Order


def accept(files: FileStore, jobs: JobStore, clock: Clock, parcels: Sequence[Parcel]) -> list[Job | Exception]:
    """Keep each spool's bytes and record a job, both durably; then the spools are gone, whatever happened.

    Each fails by itself, with the error in its place. A spool stays until the row is committed: if the janitor deleted
    a blob of the same bytes in between, it is put again. A commit that failed leaves at most a blob without a row,
    which is the janitor's.
    """
    try:
        put = [_put(files, clock, parcel) for parcel in parcels]
        recorded = iter(jobs.accept([one for one in put if isinstance(one, Acceptance)]))
        return [next(recorded) if isinstance(one, Acceptance) else one for one in put]
    finally:
        for parcel in parcels:
            discard(parcel.spool)


def _put(files: FileStore, clock: Clock, parcel: Parcel) -> Acceptance | StorageError:
    try:
        blob = files.put(parcel.spool)
    except StorageError as error:
        return error

    def ensure_blob() -> None:
        if not files.exists(blob.key):
            files.put(parcel.spool)

    return Acceptance(_new_job(parcel.order, blob, clock()), ensure_blob)


def _new_job(order: Order, blob: Blob, now: float) -> NewJob:
    return NewJob(
        id=new_id(now),
        kind=order.kind,
        created_at=now,
        max_attempts=order.max_attempts,
        name=order.name,
        media_type=order.media_type,
        declared_media_type=order.declared_media_type,
        size=blob.size,
        sha256=blob.sha256,
        blob_key=blob.key,
        params=order.params,
        metadata=order.metadata,
        processor_version=order.processor_version,
    )


def discard(spool: Spool) -> None:
    """A spool that can't be removed now is removed by the sweep: that must not turn an answer into another."""
    try:
        spool.discard()
    except StorageError as error:
        log.warning("a spool could not be discarded: %s", error.detail)
