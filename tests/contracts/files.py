"""What every file store must do: the contract of `storage/base.py`, run by each implementation."""

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import open_files
from storage.base import Blob, FileStore, Spool, StorageCode, StorageError, StoredBlob

OWNER = "web-host-1-00c0ffee"
OTHER = "worker-host-2-0badcafe"
DATA = b"the quick brown fox" * 1000
# One store serves all examples of a test, and one test all stores.
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
FORGED = ["", ".", "..", "../x", "a/b", "/etc/passwd", "x" * 64, "0" * 63, "0" * 65, "A" * 64, "0" * 63 + "\n", "\0"]


def refuses(code: StorageCode) -> "pytest.RaisesExc[StorageError]":
    return pytest.raises(StorageError, check=lambda error: error.code == code)


def descriptors() -> set[str]:
    """What this process has open now. The one that listed them is closed again by then."""
    return {number for number in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{number}")}


def keep(files: FileStore, *parts: bytes, owner: str = OWNER) -> Blob:
    """What a request does: spool, put, discard."""
    spool = files.spool(owner)
    spool.append(*parts)
    blob = files.put(spool)
    spool.discard()
    return blob


def content(files: FileStore, key: str, start: int = 0) -> bytes:
    with files.open(key, start) as handle:
        return handle.read()


def found(files: FileStore) -> dict[str, StoredBlob]:
    blobs = list(files.walk())
    assert len({blob.key for blob in blobs}) == len(blobs)
    return {blob.key: blob for blob in blobs}


def plain_files(folder: Path) -> set[str]:
    """The paths of everything below a folder that isn't one."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


class FilesContract:
    """Subclasses name their store: `{folder}` in `url` becomes an empty folder."""

    url: str

    @pytest.fixture
    def files(self, tmp_path: Path) -> Iterator[FileStore]:
        store = open_files(self.url.format(folder=tmp_path / "files"))
        yield store
        store.close()

    def test_what_was_put_can_be_read_and_bears_the_sha256_of_its_bytes(self, files: FileStore) -> None:
        blob = keep(files, DATA[:7], DATA[7:])
        assert (blob.sha256, blob.size) == (sha256(DATA).hexdigest(), len(DATA))
        assert content(files, blob.key) == DATA
        assert files.exists(blob.key)

    @pytest.mark.parametrize("data", [b"", b"\0", bytes(range(256)) * 5000], ids=["nothing", "one", "a lot"])
    def test_any_size_can_be_kept_even_none(self, files: FileStore, data: bytes) -> None:
        blob = keep(files, data)
        assert (blob.size, content(files, blob.key)) == (len(data), data)

    @given(appends=st.lists(st.lists(st.binary(max_size=40), max_size=5), max_size=6))
    @settings(suppress_health_check=SHARED, max_examples=40, deadline=None)
    def test_the_blob_never_depends_on_how_the_bytes_were_split(
        self, files: FileStore, appends: Sequence[Sequence[bytes]]
    ) -> None:
        whole = b"".join(part for parts in appends for part in parts)
        spool = files.spool(OWNER)
        for n, parts in enumerate(appends):
            spool.append(*(part if n % 2 else memoryview(bytearray(part)) for part in parts))
        assert (spool.size, spool.sha256()) == (len(whole), sha256(whole).hexdigest())
        blob = files.put(spool)
        spool.discard()
        assert content(files, blob.key) == whole
        assert blob == keep(files, whole)

    def test_more_parts_than_one_system_call_takes_are_written_in_order(self, files: FileStore) -> None:
        parts = [n.to_bytes(2, "big") for n in range(3000)]
        assert content(files, keep(files, *parts).key) == b"".join(parts)

    def test_the_callers_buffer_may_be_used_again_after_an_append(self, files: FileStore) -> None:
        spool, buffer = files.spool(OWNER), bytearray(b"one.")
        spool.append(buffer)
        buffer[:] = b"two."
        spool.append(memoryview(buffer)[:3])
        blob = files.put(spool)
        spool.discard()
        assert content(files, blob.key) == b"one.two"

    def test_a_closed_spool_is_resumed_at_its_end_as_often_as_needed(self, files: FileStore) -> None:
        spool = files.spool(OWNER)
        name = spool.name
        for n in range(5):
            assert (spool.owner, spool.name, spool.size) == (OWNER, name, n * len(DATA))
            spool.append(DATA)
            spool.close()
            spool = files.spool(OWNER, name)
        blob = files.put(spool)
        spool.discard()
        assert blob.sha256 == sha256(DATA * 5).hexdigest()
        assert content(files, blob.key) == DATA * 5

    @pytest.mark.parametrize("name", ["0" * 32, *FORGED])
    def test_resuming_a_spool_that_is_not_there_is_refused(self, files: FileStore, name: str) -> None:
        files.spool(OWNER).close()
        with refuses("blob_missing"):
            files.spool(OWNER, name)

    def test_a_spool_belongs_to_its_owner_alone(self, files: FileStore) -> None:
        spool = files.spool(OWNER)
        spool.close()
        with refuses("blob_missing"):
            files.spool(OTHER, spool.name)

    def test_a_put_can_be_repeated_and_the_spool_stays(self, files: FileStore) -> None:
        spool = files.spool(OWNER)
        spool.append(DATA)
        blob = files.put(spool)
        assert files.put(spool) == blob
        files.delete(blob.key)
        assert not files.exists(blob.key)
        assert files.put(spool) == blob
        assert [(entry.owner, entry.name, entry.size) for entry in files.spools()] == [(OWNER, spool.name, len(DATA))]
        spool.discard()
        assert content(files, blob.key) == DATA
        assert list(files.spools()) == []

    def test_a_spool_that_was_put_never_grows_again_resumed_or_not(self, files: FileStore) -> None:
        """A blob never changes."""
        spool = files.spool(OWNER)
        spool.append(DATA)
        blob = files.put(spool)
        for _ in range(2):
            with refuses("storage_unavailable"):
                spool.append(b"more")
            spool.close()
            spool = files.spool(OWNER, spool.name)
        assert files.put(spool) == blob
        spool.discard()
        assert content(files, blob.key) == DATA

    def test_spools_of_the_same_bytes_become_one_blob_and_stay_usable(self, files: FileStore) -> None:
        spools = [files.spool(OWNER), files.spool(OTHER)]
        for spool in spools:
            spool.append(DATA)
        blobs = [files.put(spool) for spool in (*spools, *spools)]
        assert len(set(blobs)) == 1
        assert list(found(files)) == [blobs[0].key]
        for spool in spools:
            spool.discard()
            assert content(files, blobs[0].key) == DATA

    def test_deleting_is_idempotent_and_deletes_only_what_it_names(self, files: FileStore) -> None:
        gone, stays = keep(files, b"gone"), keep(files, b"stays")
        files.delete(gone.key)
        files.delete(gone.key)
        assert not files.exists(gone.key)
        for read in (files.open, files.fetch):
            with refuses("blob_missing"):
                read(gone.key)
        assert content(files, stays.key) == b"stays"
        assert keep(files, b"gone") == gone

    def test_who_reads_a_blob_reads_it_whole_though_it_is_deleted_meanwhile(self, files: FileStore) -> None:
        data = os.urandom(3 << 20)
        blob = keep(files, data)
        with files.open(blob.key) as opened, files.fetch(blob.key) as fetched:
            start = opened.read(10)
            files.delete(blob.key)
            assert start + opened.read() == data
            assert fetched.read() == data

    @pytest.mark.parametrize("key", FORGED)
    def test_a_key_that_the_store_never_gave_leads_nowhere(self, files: FileStore, key: str) -> None:
        assert not files.exists(key)
        for use in (files.open, files.fetch, files.delete):
            with refuses("blob_missing"):
                use(key)

    def test_reading_starts_where_it_is_told_to(self, files: FileStore) -> None:
        blob = keep(files, DATA)
        for start in (0, 1, 4096, len(DATA) - 1, len(DATA), len(DATA) + 5):
            assert content(files, blob.key, start) == DATA[start:]

    def test_a_fetched_blob_is_a_real_file_of_its_own_that_nobody_can_write(self, files: FileStore) -> None:
        blob = keep(files, DATA)
        with files.fetch(blob.key) as one, files.fetch(blob.key) as two:
            assert (os.fstat(one.fileno()).st_size, one.seekable()) == (len(DATA), True)
            assert os.pread(one.fileno(), 5, 4) == DATA[4:9]
            one.seek(100)
            assert two.read(3) == DATA[:3]
            assert fcntl.fcntl(one, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.write(one.fileno(), b"x")

    def test_walking_shows_each_blob_once_with_its_size_and_time(self, files: FileStore) -> None:
        start = time.time() - 1
        sizes = {keep(files, bytes(n)).key: n for n in range(20)}
        blobs = found(files)
        assert {key: blob.size for key, blob in blobs.items()} == sizes
        assert all(start <= blob.modified_at <= time.time() + 1 for blob in blobs.values())

    def test_blobs_may_be_deleted_while_they_are_walked(self, files: FileStore) -> None:
        for n in range(20):
            keep(files, bytes(n))
        for blob in files.walk():
            files.delete(blob.key)
        assert found(files) == {}

    def test_spools_are_listed_by_owner_and_discarded_by_name(self, files: FileStore) -> None:
        spools = [files.spool(owner) for owner in (OWNER, OWNER, OTHER)]
        for n, spool in enumerate(spools):
            spool.append(bytes(n))
        assert {(entry.owner, entry.name, entry.size) for entry in files.spools()} == {
            (spool.owner, spool.name, n) for n, spool in enumerate(spools)
        }
        for spool in spools:
            spool.close()
            files.discard_spool(spool.owner, spool.name)
            files.discard_spool(spool.owner, spool.name)
            with refuses("blob_missing"):
                files.spool(spool.owner, spool.name)
        assert list(files.spools()) == []
        files.spool(OWNER).discard()

    def test_discarding_by_name_never_harms_a_blob(self, files: FileStore) -> None:
        spool = files.spool(OWNER)
        spool.append(DATA)
        blob = files.put(spool)
        spool.close()
        files.discard_spool(OWNER, spool.name)
        assert content(files, blob.key) == DATA

    @pytest.mark.parametrize("last", ["close", "discard"])
    def test_closing_and_discarding_are_idempotent_and_final(self, files: FileStore, last: str) -> None:
        spool = files.spool(OWNER)
        spool.append(DATA)
        for _ in range(2):
            getattr(spool, last)()
        for use in (lambda: spool.append(b"more"), lambda: files.put(spool)):
            with refuses("storage_unavailable"):
                use()
        spool.discard()
        spool.close()
        assert (list(files.spools()), found(files)) == ([], {})

    def test_many_threads_may_keep_the_same_bytes_and_others_at_once(self, files: FileStore) -> None:
        def upload(n: int) -> list[Blob]:
            return [keep(files, DATA), keep(files, n.to_bytes(2, "big"), DATA)]

        with ThreadPoolExecutor(32) as pool:
            blobs = [blob for pair in pool.map(upload, range(64)) for blob in pair]
        assert len(set(blobs)) == 65
        assert found(files).keys() == {blob.key for blob in blobs}
        for blob in blobs:
            assert sha256(content(files, blob.key)).hexdigest() == blob.sha256
        assert list(files.spools()) == []

    def test_no_descriptor_is_leaked_or_inherited(self, files: FileStore) -> None:
        keep(files, b"first")  # what is held open from then on belongs to the store
        before = descriptors()
        spool: Spool = files.spool(OWNER)
        spool.append(DATA)
        blob = files.put(spool)
        resumed = files.spool(OWNER, spool.name)
        with files.open(blob.key), files.fetch(blob.key):
            walking = files.walk()
            next(walking)
            next(walking)
            assert [number for number in descriptors() - before if os.get_inheritable(int(number))] == []
            assert list(walking) == []
        with refuses("blob_missing"):
            files.open("forged")
        files.probe()
        spool.discard()
        resumed.discard()
        assert descriptors() == before

    def test_probing_a_healthy_store_leaves_nothing_behind(self, files: FileStore) -> None:
        files.probe()
        assert (list(files.spools()), found(files)) == ([], {})
        assert files.free_bytes() > 1 << 20
