"""The one transaction behind every 202, and what happens around it."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.accept import Order, Parcel
from ingest.jobs.base import Job
from storage.base import Blob, Spool, StorageError
from tests.way_in import HeldFiles, WayIn, way_in

ORDER = Order(
    kind="text",
    name="a.txt",
    media_type="text/plain",
    declared_media_type=None,
    params={"preview_characters": 5},
    metadata={"a": "b"},
    processor_version="1.0",
    max_attempts=3,
)


@pytest.fixture
def way(tmp_path: Path) -> Iterator[WayIn]:
    with way_in(tmp_path) as way:
        yield way


def spooled(way: WayIn, data: bytes = b"hello") -> Spool:
    spool = way.files.spool(way.house.owner.id)
    spool.append(data)
    return spool


def only(way: WayIn, spool: Spool) -> Job:
    (outcome,) = way.house.accept([Parcel(spool, ORDER)])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def test_an_order_and_its_bytes_become_a_job(way: WayIn) -> None:
    job = only(way, spooled(way))
    assert way.house.jobs.get(job.id) == job
    assert (job.kind, job.name, job.params, job.metadata) == ("text", "a.txt", {"preview_characters": 5}, {"a": "b"})
    assert (job.size, job.processor_version) == (5, "1.0")
    assert way.bytes_of(job) == b"hello"
    assert list(way.files.spools()) == []


class Swept(HeldFiles):
    """A store whose blob a janitor deletes right after it was put for the first time."""

    puts = 0

    def put(self, spool: Spool) -> Blob:
        blob = super().put(spool)
        self.puts += 1
        if self.puts == 1:
            self.delete(blob.key)
        return blob


def test_a_blob_that_was_deleted_meanwhile_is_put_again_before_the_commit(way: WayIn) -> None:
    """Another upload of the same bytes may have failed, and the janitor may have taken their blob away."""
    files = way.house.files = Swept()
    job = only(way, spooled(WayIn(way.house, files, way.threads, [])))
    assert files.puts == 2
    assert files.exists(job.blob_key)


class Sticky(HeldFiles):
    def discard_spool(self, owner: str, name: str) -> None:
        raise StorageError("storage_unavailable", "unlinking: Input/output error")


def test_a_spool_that_can_not_be_removed_changes_no_answer(way: WayIn, caplog: pytest.LogCaptureFixture) -> None:
    """The job is recorded: it is a 202, whatever becomes of the spool. The sweep removes it."""
    files = way.house.files = Sticky()
    with caplog.at_level(logging.WARNING):
        job = only(way, spooled(WayIn(way.house, files, way.threads, [])))
    assert way.house.jobs.get(job.id) is not None
    assert "Input/output error" in caplog.text


class Broken(HeldFiles):
    def put(self, spool: Spool) -> Blob:
        raise StorageError("storage_unavailable", "syncing a spool: Input/output error")


def test_bytes_that_can_not_be_kept_make_no_job(way: WayIn) -> None:
    files = way.house.files = Broken()
    with pytest.raises(StorageError):
        only(way, spooled(WayIn(way.house, files, way.threads, [])))
    assert way.jobs() == []
    assert list(files.spools()) == []


class PartlyBroken(HeldFiles):
    """A store that can't keep one of the files."""

    def put(self, spool: Spool) -> Blob:
        if spool.size == len(b"the broken one"):
            raise StorageError("storage_unavailable", "syncing a spool: Input/output error")
        return super().put(spool)


def test_of_many_each_fails_by_itself(way: WayIn) -> None:
    files = way.house.files = PartlyBroken()
    held = WayIn(way.house, files, way.threads, [])
    contents = [b"first", b"the broken one", b"last"]
    first, broken, last = way.house.accept([Parcel(spooled(held, content), ORDER) for content in contents])
    assert isinstance(broken, StorageError)
    assert isinstance(first, Job)
    assert isinstance(last, Job)
    assert {job.id for job in way.jobs()} == {first.id, last.id}
    assert [held.bytes_of(job) for job in (first, last)] == [b"first", b"last"]
    assert list(files.spools()) == []


def test_nothing_is_accepted_for_nothing(way: WayIn) -> None:
    assert way.house.accept([]) == []
