"""Whatever call the system refuses: a typed error or the truth, never a wrong blob, and nothing left behind."""

import errno
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pytest

from storage.base import Blob, Spool, StorageError
from storage.local import LocalFiles
from tests import faults
from tests.contracts.files import DATA, OWNER, content, descriptors, found, keep, plain_files, refuses

DIGEST = sha256(DATA).hexdigest()
CALLS = faults.WRITES | {"open", "mkdir", "rmdir", "readv", "posix_fadvise", "fstat", "scandir", "stat"}
CODES = {errno.EIO: "storage_unavailable", errno.ENOSPC: "insufficient_storage", errno.EMFILE: "storage_unavailable"}


def attempt(files: LocalFiles, codes: list[str]) -> Blob | None:
    """An upload of DATA in two sessions, put twice, as a request does it: whatever fails, the spool is discarded."""
    spool = None
    try:
        spool = files.spool(OWNER)
        spool.append(DATA[:100])
        spool.close()
        spool = files.spool(OWNER, spool.name)
        spool.append(DATA[100:])
        files.put(spool)
        return files.put(spool)
    except StorageError as error:
        codes.append(error.code)
        return None
    finally:
        if spool is not None:
            discard(spool, codes)


def discard(spool: Spool, codes: list[str]) -> None:
    """Again, if the fault struck here: it strikes once."""
    try:
        spool.discard()
    except StorageError as error:
        codes.append(error.code)
        spool.discard()


def blobs_are_true(folder: Path) -> bool:
    """Each address holds the bytes of its name, under that one name."""
    blobs = [path for path in (folder / "blobs").rglob("*") if path.is_file()]
    return all(sha256(path.read_bytes()).hexdigest() == path.name and path.stat().st_nlink == 1 for path in blobs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def files(folder: Path) -> Iterator[LocalFiles]:
    store = LocalFiles(folder)
    yield store
    store.close()


@pytest.mark.parametrize("there", [False, True], ids=["new", "known"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("error", CODES, ids=errno.errorcode.get)
def test_an_upload_survives_a_fault_at_every_single_call(
    files: LocalFiles, folder: Path, error: int, when: Literal["before", "after"], there: bool
) -> None:
    calls = CALLS if when == "before" else faults.WRITES | {"mkdir", "rmdir"}
    before = descriptors()
    walked = []
    for fault in faults.walk(calls, error, when=when):
        if there:
            keep(files, DATA)
        codes: list[str] = []
        with fault:
            blob = attempt(files, codes)
        assert set(codes) <= {CODES[error]}
        assert len(descriptors() - before) <= 1  # the owner's folder is held open
        assert blobs_are_true(folder)
        assert plain_files(folder / "spool") == set()
        if there or blob is not None:
            assert content(files, DIGEST) == DATA
        files.discard_spool(OWNER, "0" * 32)
        assert content(files, keep(files, DATA).key) == DATA
        files.delete(DIGEST)
        walked += [name for name, _ in fault.log[fault.nth - 1 : fault.nth]]
    assert {"writev", "fsync", "link", "rename", "unlink"} <= set(walked)


@pytest.mark.parametrize("error", CODES, ids=errno.errorcode.get)
def test_a_fault_that_stays_leaves_nothing_wrong_once_it_is_gone(files: LocalFiles, folder: Path, error: int) -> None:
    """A full or dying disk: from the n-th call on nothing works any more, not even cleaning up."""
    for fault in faults.walk(CALLS, error, sticky=True):
        spool = None
        with fault, suppress(StorageError):
            spool = files.spool(OWNER)
            spool.append(DATA)
            files.put(spool)
            spool.discard()
        if spool is not None:
            spool.discard()
        assert blobs_are_true(folder)
        assert plain_files(folder / "spool") == set()
        assert content(files, keep(files, DATA).key) == DATA
        files.delete(DIGEST)
        files.discard_spool(OWNER, "0" * 32)


def test_after_a_failed_sync_the_bytes_are_never_trusted_again(files: LocalFiles) -> None:
    """Not by a second put, which the kernel would call a success, nor by who resumes the spool by its name."""
    for fault in faults.walk({"fsync"}, errno.EIO):
        spool = files.spool(OWNER)
        spool.append(DATA)
        with fault, suppress(StorageError):
            files.put(spool)
        if fault.fired:
            with faults.watch({"fsync"}) as watched, refuses("storage_unavailable"):
                files.put(spool)
            assert watched.log == []
            with refuses("storage_unavailable"):
                spool.append(b"more")
            with refuses("blob_missing"):
                files.spool(OWNER, spool.name)
            assert list(files.spools()) == []
        spool.discard()
    assert fault.nth == 3


def test_a_spool_that_could_not_be_removed_is_removed_with_one_of_the_next_uploads(
    files: LocalFiles, folder: Path
) -> None:
    """Its owner, this process, may live for months: no sweep comes for it before."""
    for spool in [files.spool(OWNER) for _ in range(3)]:
        with faults.Fault({"unlink"}, error=errno.EROFS, sticky=True), refuses("storage_unavailable"):
            spool.discard()
    assert len(list(files.spools())) == 3
    for _ in range(3):
        keep(files, DATA)
    assert plain_files(folder / "spool") == set()


def test_after_a_failed_append_the_spool_takes_nothing_more(files: LocalFiles) -> None:
    spool = files.spool(OWNER)
    with faults.Fault({"writev"}, error=errno.ENOSPC), refuses("insufficient_storage") as refusal:
        spool.append(DATA)
    assert refusal.value.detail == "writing a spool: No space left on device"
    with refuses("storage_unavailable"):
        spool.append(DATA)
    with refuses("storage_unavailable"):
        files.put(spool)
    spool.discard()
    assert found(files) == {}


def open_again(files: LocalFiles, folder: Path) -> None:
    LocalFiles(folder).close()


def read(files: LocalFiles, folder: Path) -> None:
    with files.open(DIGEST, 5) as handle:
        assert handle.read() == DATA[5:]


def list_spools(files: LocalFiles, folder: Path) -> None:
    assert len(list(files.spools())) == 1


ACTIONS: list[Callable[[LocalFiles, Path], object]] = [
    open_again,
    read,
    list_spools,
    lambda files, _: files.exists(DIGEST),
    lambda files, _: files.delete(DIGEST),
    lambda files, _: files.discard_spool(OWNER, DIGEST),
    lambda files, _: files.probe(),
]


@pytest.mark.parametrize("action", ACTIONS)
def test_every_other_action_fails_with_a_typed_error_and_works_again(
    files: LocalFiles, folder: Path, action: Callable[[LocalFiles, Path], object]
) -> None:
    keep(files, DATA)
    waiting = files.spool(OWNER)
    waiting.append(b"something")
    waiting.close()
    before = descriptors()
    for fault in faults.walk(CALLS - {"mkdir"}, errno.EIO):
        with fault, suppress(StorageError):
            action(files, folder)
        assert len(descriptors() - before) <= 1  # an owner's folder is held open
        assert blobs_are_true(folder)
    keep(files, DATA)
    action(files, folder)
    assert [entry.name for entry in files.spools()] == [waiting.name]


@pytest.mark.parametrize("call", ["open", "scandir"])
@pytest.mark.parametrize("nth", [1, 100, 256])
def test_a_shard_that_can_not_be_read_ends_a_walk_instead_of_hiding_its_blobs(
    files: LocalFiles, call: str, nth: int
) -> None:
    before = descriptors()
    with faults.Fault({call}, nth), refuses("storage_unavailable"):
        list(files.walk())
    assert descriptors() == before


@pytest.mark.parametrize("nth", [1, 100, 258])
def test_a_store_whose_folders_can_not_be_made_does_not_open(folder: Path, nth: int) -> None:
    before = descriptors()
    with faults.Fault({"mkdir"}, nth, errno.ENOSPC), refuses("insufficient_storage"):
        LocalFiles(folder)
    assert descriptors() == before
    LocalFiles(folder).close()
