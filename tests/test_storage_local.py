"""The store on disk keeps the contract, its layout and its write order, and tidies up after the dead."""

import errno
import os
import threading
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from storage.base import Spool
from storage.local import SHARDS, LocalFiles
from storage.local_spool import BESIDE_BYTES, WRITE_BACK_BYTES
from tests import faults
from tests.contracts.files import DATA, OWNER, FilesContract, content, descriptors, found, keep, plain_files, refuses

DIGEST = sha256(DATA).hexdigest()


class TestLocalFiles(FilesContract):
    url = "file:{folder}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "files"


@pytest.fixture
def files(folder: Path) -> Iterator[LocalFiles]:
    store = LocalFiles(folder)
    yield store
    store.close()


def test_every_file_lies_where_the_layout_says_and_is_for_its_user_alone(folder: Path) -> None:
    mask = os.umask(0)
    try:
        files = LocalFiles(folder)
        spool = files.spool(OWNER)
        spool.append(DATA)
        blob = files.put(spool)
    finally:
        os.umask(mask)
    assert blob.key == DIGEST
    assert plain_files(folder) == {f"blobs/{DIGEST[:2]}/{DIGEST}", f"spool/{OWNER}/{spool.name}"}
    assert sorted(os.listdir(folder / "blobs")) == list(SHARDS)
    assert {path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")] if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o600}
    spool.discard()
    files.close()


def test_bytes_are_synced_before_they_are_named_and_the_name_before_it_is_told(files: LocalFiles) -> None:
    """The shard is opened before it changes, so that a failed write-back of the change is told to this descriptor."""
    spool = files.spool(OWNER)
    spool.append(DATA)
    assert steps(files, spool) == [
        ("fsync", spool.name),
        ("open", DIGEST[:2]),
        ("link", "of the spool"),
        ("fsync", DIGEST[:2]),
    ]
    spool.discard()


def test_a_name_that_is_taken_is_taken_over(files: LocalFiles) -> None:
    """A blob is there already: its writer may not have synced it yet, so this put does all that the first one did."""
    keep(files, DATA)
    spool = files.spool(OWNER)
    spool.append(DATA)
    second = f"{spool.name}.put"
    assert steps(files, spool) == [
        ("fsync", spool.name),
        ("open", DIGEST[:2]),
        ("link", "of the spool"),
        ("unlink", second),
        ("link", "of the spool"),
        ("rename", second),
        ("unlink", second),
        ("fsync", DIGEST[:2]),
    ]
    spool.discard()


def steps(files: LocalFiles, spool: Spool) -> list[tuple[str, str]]:
    with faults.watch(faults.WRITES | {"open"}) as watched:
        files.put(spool)
    return [(name, "of the spool" if name == "link" else Path(target).name) for name, target in watched.log]


def test_opening_syncs_every_folder_that_it_makes(folder: Path) -> None:
    with faults.watch({"mkdir", "fsync"}) as watched:
        LocalFiles(folder).close()
    synced = [target for name, target in watched.log if name == "fsync"]
    assert synced[-4:] == [str(path) for path in (folder.parent.parent, folder.parent, folder, folder / "blobs")]
    assert watched.log[-1] == ("fsync", str(folder / "blobs"))


def test_a_large_spool_is_written_back_while_it_arrives(files: LocalFiles) -> None:
    part, spool = os.urandom(1 << 20), files.spool(OWNER)
    with faults.watch({"posix_fadvise"}) as watched:
        for _ in range(20):
            spool.append(part)
    assert len(watched.log) == (20 << 20) // WRITE_BACK_BYTES
    blob = files.put(spool)
    assert blob.sha256 == sha256(part * 20).hexdigest()
    assert content(files, blob.key) == part * 20
    spool.discard()


@pytest.mark.parametrize("size", [BESIDE_BYTES - 1, BESIDE_BYTES, 3 * BESIDE_BYTES])
def test_many_bytes_are_hashed_while_they_are_written(files: LocalFiles, size: int) -> None:
    """In the order in which they came, however they are cut."""
    data = os.urandom(size)
    cut = size // 3
    assert keep(files, data[:cut], data[cut:]).sha256 == sha256(data).hexdigest()
    spool = files.spool(OWNER)
    spool.append(memoryview(data)[:cut], data[cut:])
    assert files.put(spool).sha256 == sha256(data).hexdigest()
    spool.discard()


def test_a_write_that_fails_beside_the_hashing_is_a_failed_append(files: LocalFiles) -> None:
    spool = files.spool(OWNER)
    with faults.Fault({"writev"}, error=errno.ENOSPC), refuses("insufficient_storage"):
        spool.append(bytes(BESIDE_BYTES))
    with refuses("storage_unavailable"):
        files.put(spool)
    spool.discard()


def test_a_system_without_threads_is_a_failed_append(files: LocalFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    spool = files.spool(OWNER)
    with monkeypatch.context() as patched, refuses("storage_unavailable"):
        patched.setattr(threading.Thread, "start", refuse)
        spool.append(bytes(BESIDE_BYTES))
    with refuses("storage_unavailable"):
        spool.append(b"more")
    spool.discard()
    assert content(files, keep(files, DATA).key) == DATA


def test_a_spool_is_closed_only_after_a_put_that_is_under_way(files: LocalFiles) -> None:
    """Its descriptor's number may be another file's at once: the blob would get that one's bytes."""
    spool = files.spool(OWNER)
    spool.append(DATA)
    closed = threading.Event()

    def close() -> None:
        spool.close()
        closed.set()

    with spool.in_use:  # as `put` holds it
        closing = threading.Thread(target=close)
        closing.start()
        assert not closed.wait(0.05)
    assert closed.wait(10)
    closing.join()
    with refuses("storage_unavailable"):
        files.put(spool)
    spool.discard()


def test_a_system_that_takes_no_advice_costs_no_upload(files: LocalFiles) -> None:
    data = bytes(WRITE_BACK_BYTES)
    with faults.Fault({"posix_fadvise"}, error=errno.EINVAL) as fault:
        blob = keep(files, data)
    assert (fault.fired, blob.sha256) == (1, sha256(data).hexdigest())


def test_a_spool_outlives_its_store_and_is_resumed_by_the_next(folder: Path) -> None:
    first = LocalFiles(folder)
    spool = first.spool(OWNER)
    spool.append(DATA)
    spool.close()
    first.close()
    second = LocalFiles(folder)
    spool = second.spool(OWNER, spool.name)
    spool.append(DATA)
    assert second.put(spool).sha256 == sha256(DATA * 2).hexdigest()
    spool.discard()
    second.close()


def test_what_a_killed_put_left_is_listed_and_hinders_nobody(files: LocalFiles, folder: Path) -> None:
    """Killed between link and rename: the second name is there."""
    spool = files.spool(OWNER)
    spool.append(DATA)
    spool.close()
    mine = folder / "spool" / OWNER / spool.name
    second = mine.with_name(f"{spool.name}.put")
    os.link(mine, second)
    assert {entry.name for entry in files.spools()} == {mine.name, second.name}
    resumed = files.spool(OWNER, spool.name)
    assert files.put(resumed).sha256 == DIGEST
    resumed.close()
    for entry in list(files.spools()):
        files.discard_spool(entry.owner, entry.name)
    assert plain_files(folder) == {f"blobs/{DIGEST[:2]}/{DIGEST}"}
    assert os.listdir(folder / "spool") == []


def test_opening_clears_away_what_nobody_would_find(folder: Path) -> None:
    LocalFiles(folder).close()
    (folder / "spool" / "web-host-9-dead").mkdir()
    (folder / "spool" / ".probe").mkdir()
    (folder / "spool" / ".probe" / "x").touch()
    (folder / "spool" / OWNER).mkdir()
    (folder / "spool" / OWNER / "x").touch()
    files = LocalFiles(folder)
    assert os.listdir(folder / "spool") == [OWNER]
    assert [entry.name for entry in files.spools()] == ["x"]
    files.close()


def test_processes_that_open_the_store_do_not_disturb_those_who_use_it(files: LocalFiles, folder: Path) -> None:
    """Opening removes empty folders of owners, and this owner's is empty most of the time."""
    done = threading.Event()

    def open_again_and_again() -> None:
        while not done.is_set():
            LocalFiles(folder).close()

    opener = threading.Thread(target=open_again_and_again)
    opener.start()
    try:
        for n in range(300):
            keep(files, n.to_bytes(2, "big"))
    finally:
        done.set()
        opener.join()
    assert len(found(files)) == 300


def test_walking_needs_no_more_memory_for_more_blobs(files: LocalFiles, folder: Path) -> None:
    for n in range(4000):
        (folder / "blobs" / "00" / f"{n:064x}").touch()
    tracemalloc.start()
    try:
        count = sum(1 for _ in files.walk())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 4000
    assert peak < 100_000


def test_a_closed_store_refuses_and_touches_no_descriptor_that_is_now_anothers(files: LocalFiles) -> None:
    spool = files.spool(OWNER)
    spool.append(DATA)
    files.close()
    files.close()
    before = descriptors()
    with refuses("storage_unavailable"):
        files.spool(OWNER)
    with refuses("storage_unavailable"):
        files.put(spool)
    with refuses("storage_unavailable"):
        files.open(DIGEST)
    with refuses("storage_unavailable"):
        list(files.walk())
    assert descriptors() == before
    spool.close()


@pytest.mark.parametrize("owner", ["", ".", "..", "a/b", "../x", ".hidden", "\0", "x" * 201, "é"])
def test_an_owner_whose_name_can_not_be_a_folder_is_refused(files: LocalFiles, folder: Path, owner: str) -> None:
    with refuses("storage_unavailable"):
        files.spool(owner)
    with refuses("blob_missing"):
        files.discard_spool(owner, "0" * 32)
    assert plain_files(folder) == set()
