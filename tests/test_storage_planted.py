"""The store on disk is not fooled by links, pipes and folders that somebody planted in it."""

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from storage.local import LocalFiles
from tests.contracts.files import DATA, OWNER, content, found, keep, plain_files, refuses

DIGEST = sha256(DATA).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.fixture
def files(folder: Path) -> Iterator[LocalFiles]:
    store = LocalFiles(folder)
    yield store
    store.close()


@pytest.fixture
def address(folder: Path) -> Path:
    """Where a blob of DATA lies."""
    return folder / "blobs" / DIGEST[:2] / DIGEST


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file outside of the store that nothing in it may reach."""
    path = tmp_path / "victim"
    path.write_bytes(b"precious")
    return path


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside"
    path.mkdir()
    (path / DIGEST).write_bytes(DATA)
    return path


def plant_symlink(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def plant_fifo(path: Path, victim: Path) -> None:
    os.mkfifo(path)


def plant_nothing_to_point_at(path: Path, victim: Path) -> None:
    path.symlink_to(victim.with_name("nowhere"))


Plant = Callable[[Path, Path], None]
PLANTS = [plant_symlink, plant_fifo, plant_nothing_to_point_at]


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_at_an_address_is_never_opened_and_a_put_replaces_it(
    files: LocalFiles, address: Path, victim: Path, plant: Plant
) -> None:
    plant(address, victim)
    assert not files.exists(DIGEST)
    for read in (files.open, files.fetch):
        with refuses("blob_missing"):
            read(DIGEST)
    assert found(files) == {}
    assert content(files, keep(files, DATA).key) == DATA
    assert not address.is_symlink()
    assert victim.read_bytes() == b"precious"


def test_a_folder_planted_at_an_address_stops_the_put_and_nothing_is_left(
    files: LocalFiles, folder: Path, address: Path
) -> None:
    address.mkdir()
    spool = files.spool(OWNER)
    spool.append(DATA)
    with refuses("storage_unavailable"):
        files.put(spool)
    assert plain_files(folder) == {f"spool/{OWNER}/{spool.name}"}
    assert (files.exists(DIGEST), found(files)) == (False, {})
    with refuses("blob_missing"):
        files.open(DIGEST)
    address.rmdir()
    assert content(files, files.put(spool).key) == DATA
    spool.discard()


@pytest.mark.parametrize("plant", PLANTS)
def test_a_spool_that_was_replaced_is_neither_put_nor_resumed(
    files: LocalFiles, folder: Path, victim: Path, plant: Plant
) -> None:
    spool = files.spool(OWNER)
    spool.append(DATA)
    path = folder / "spool" / OWNER / spool.name
    path.unlink()
    plant(path, victim)
    with refuses("storage_unavailable"):
        files.put(spool)
    with refuses("blob_missing"):
        files.spool(OWNER, spool.name)
    assert (found(files), list(files.spools())) == ({}, [])
    spool.discard()
    assert victim.read_bytes() == b"precious"
    assert plain_files(folder) == set()


def test_a_shard_that_became_a_link_is_not_followed(
    files: LocalFiles, folder: Path, address: Path, outside: Path
) -> None:
    address.parent.rmdir()
    address.parent.symlink_to(outside)
    spool = files.spool(OWNER)
    spool.append(DATA)
    with refuses("storage_unavailable"):
        files.put(spool)
    with refuses("blob_missing"):
        files.open(DIGEST)
    with refuses("storage_unavailable"):
        files.delete(DIGEST)
    assert (files.exists(DIGEST), found(files)) == (False, {})
    spool.discard()
    assert os.listdir(outside) == [DIGEST]


def test_an_owners_folder_that_became_a_link_is_not_followed(files: LocalFiles, folder: Path, outside: Path) -> None:
    (folder / "spool" / OWNER).symlink_to(outside)
    with refuses("storage_unavailable"):
        files.spool(OWNER)
    with refuses("blob_missing"):
        files.spool(OWNER, DIGEST)
    with refuses("storage_unavailable"):
        files.discard_spool(OWNER, DIGEST)
    assert list(files.spools()) == []
    assert os.listdir(outside) == [DIGEST]


def test_a_spool_that_is_a_second_name_of_another_file_never_grows(
    files: LocalFiles, folder: Path, victim: Path
) -> None:
    files.spool(OWNER).discard()
    os.link(victim, folder / "spool" / OWNER / "planted")
    spool = files.spool(OWNER, "planted")
    with refuses("storage_unavailable"):
        spool.append(DATA)
    spool.discard()
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("plant", PLANTS)
def test_what_is_planted_at_the_second_name_of_a_put_is_replaced(
    files: LocalFiles, folder: Path, victim: Path, plant: Plant
) -> None:
    spool = files.spool(OWNER)
    spool.append(DATA)
    plant(folder / "spool" / OWNER / f"{spool.name}.put", victim)
    assert content(files, files.put(spool).key) == DATA
    spool.discard()
    assert victim.read_bytes() == b"precious"
    assert plain_files(folder) == {f"blobs/{DIGEST[:2]}/{DIGEST}"}


def test_walking_shows_nothing_that_the_store_did_not_name(files: LocalFiles, folder: Path, victim: Path) -> None:
    blob = keep(files, DATA)
    shard = folder / "blobs" / "ab"
    (shard / ("cd" * 32)).write_bytes(b"in the wrong shard")
    (shard / "notes.txt").write_bytes(b"of another's name")
    (shard / ("ab" * 32)).symlink_to(victim)
    (folder / "blobs" / "stray").write_bytes(b"")
    os.mkfifo(shard / ("ab" * 31 + "00"))
    (shard / ("ab" * 31 + "01")).mkdir()
    (folder / "blobs" / "ac").rmdir()
    (folder / "blobs" / "ad").rmdir()
    (folder / "blobs" / "ad").touch()
    assert found(files).keys() == {blob.key}


def test_listing_spools_shows_nothing_that_the_store_did_not_name(
    files: LocalFiles, folder: Path, victim: Path
) -> None:
    spool = files.spool(OWNER)
    mine = folder / "spool" / OWNER
    (mine / "link").symlink_to(victim)
    (mine / "folder").mkdir()
    (mine / ".hidden").touch()
    os.mkfifo(mine / "pipe")
    (folder / "spool" / "no-owner").touch()
    (folder / "spool" / ".hidden").mkdir()
    (folder / "spool" / ".hidden" / "x").touch()
    assert [(entry.owner, entry.name) for entry in files.spools()] == [(OWNER, spool.name)]
    spool.close()


def test_the_store_itself_may_be_a_link_that_the_operator_made(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "files").symlink_to(tmp_path / "disk")
    files = LocalFiles(tmp_path / "files")
    assert content(files, keep(files, DATA).key) == DATA
    assert (tmp_path / "disk" / "blobs").is_dir()
    files.close()


def test_a_store_that_can_not_be_a_folder_is_refused_without_its_path(victim: Path) -> None:
    with refuses("storage_unavailable") as refusal:
        LocalFiles(victim / "files")
    assert refusal.value.detail == "opening the store: File exists"
