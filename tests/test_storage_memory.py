"""The store in memory keeps the contract, and its own promises; and stores are found by URL."""

from pathlib import Path

import pytest

from storage import open_files
from storage.local import LocalFiles
from storage.memory import MemoryFiles
from tests.contracts.files import DATA, OWNER, FilesContract, content, keep, refuses


class TestMemoryFiles(FilesContract):
    url = "memory:"


def test_what_exceeds_the_capacity_is_refused_and_the_next_small_file_fits() -> None:
    files = MemoryFiles(capacity=100)
    spool = files.spool(OWNER)
    spool.append(bytes(60))
    with refuses("insufficient_storage"):
        spool.append(bytes(41))
    with refuses("storage_unavailable"):
        files.put(spool)
    assert files.free_bytes() == 40
    spool.discard()
    assert content(files, keep(files, bytes(50)).key) == bytes(50)
    assert files.free_bytes() == 50


def test_a_store_without_room_fails_its_probe() -> None:
    files = MemoryFiles(capacity=10)
    files.probe()
    keep(files, bytes(10))
    with refuses("insufficient_storage"):
        files.probe()


def test_a_closed_store_has_let_go_of_everything() -> None:
    files = MemoryFiles()
    blob = keep(files, DATA)
    files.close()
    assert not files.exists(blob.key)


def test_a_spool_of_another_store_is_a_mistake_of_the_programmer(tmp_path: Path) -> None:
    memory, local = MemoryFiles(), LocalFiles(tmp_path)
    with pytest.raises(TypeError):
        memory.put(local.spool(OWNER))
    with pytest.raises(TypeError):
        local.put(memory.spool(OWNER))
    local.close()


@pytest.mark.parametrize("url", ["", "s3://key:secret@host/bucket", "file", "FILE:x", "file:", "memory:x", "/tmp/x"])
def test_a_url_that_names_no_store_is_refused_without_repeating_its_secrets(url: str) -> None:
    with pytest.raises(ValueError, match=r"^DROPOFF_FILES=") as refusal:
        open_files(url)
    assert "secret" not in str(refusal.value)


def test_a_relative_folder_stays_the_same_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = open_files("file:data/files")
    monkeypatch.chdir("/")
    blob = keep(files, DATA)
    assert content(files, blob.key) == DATA
    assert (tmp_path / "data" / "files" / "blobs").is_dir()
    files.close()
