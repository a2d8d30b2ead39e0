"""Bytes that have all come -> a job: the one way to a 202, whoever brought the bytes. Blocks; for the executor."""

import logging
from dataclasses import dataclass
from typing import Any

from ingest.clock import new_id
from ingest.jobs.base import Job, NewJob
from ingest.wiring import House
from storage.base import Spool, StorageError

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


def accept(house: House, spool: Spool, order: Order) -> Job:
    """Keep the spool's bytes and record a job, both durably; then the spool is gone, whatever happened.

    The spool stays until the row is committed: if the janitor deleted a blob of the same bytes in between, it is put
    again. A commit that failed leaves at most a blob without a row, which is the janitor's.
    """
    try:
        blob = house.files.put(spool)
        now = house.clock()
        new = NewJob(
            id=new_id(now),
            kind=order.kind,
            created_at=now,
            max_attempts=house.settings.max_attempts,
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

        def ensure_blob() -> None:
            if not house.files.exists(blob.key):
                house.files.put(spool)

        return house.jobs.accept(new, ensure_blob)
    finally:
        discard(spool)


def discard(spool: Spool) -> None:
    """A spool that can't be removed now is removed by the sweep: that must not turn an answer into another."""
    try:
        spool.discard()
    except StorageError as error:
        log.warning("a spool could not be discarded: %s", error.detail)
