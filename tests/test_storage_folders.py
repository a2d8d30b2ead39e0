"""Folders held open follow nothing and overwrite nothing, and the system's refusals become the contract's."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.base import StorageCode
from storage.failing import failing, finding
from storage.folders import Folder, make_durable
from tests.contracts.files import descriptors, refuses


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    with Folder.at(tmp_path) as opened:
        yield opened


def test_a_new_file_never_takes_the_place_of_another(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"precious")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("there", "dangling"):
        with pytest.raises(FileExistsError):
            folder.create(name)
    assert (tmp_path / "there").read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_is_linked_by_its_descriptor_whatever_its_name_says_by_then(folder: Folder, tmp_path: Path) -> None:
    descriptor = folder.create("mine")
    os.write(descriptor, b"mine")
    (tmp_path / "other").write_bytes(b"other")
    (tmp_path / "mine").rename(tmp_path / "moved")
    (tmp_path / "other").rename(tmp_path / "mine")
    folder.link(descriptor, "linked")
    os.close(descriptor)
    assert (tmp_path / "linked").read_bytes() == b"mine"


def test_two_scans_of_one_folder_do_not_disturb_each_other(folder: Folder, tmp_path: Path) -> None:
    """A scan moves its descriptor's offset, and listings may run in several threads."""
    for n in range(2000):
        (tmp_path / f"{n:04}").mkdir()
    slow = folder.folders()
    names = [next(slow)]
    assert len(set(folder.folders())) == 2000
    names += slow
    assert len(names) == len(set(names)) == 2000


def test_only_regular_files_are_opened_and_seen(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    before = descriptors()
    for name in ("folder", "link", "pipe", "nothing"):
        assert not folder.has(name)
        with pytest.raises(OSError):  # noqa: PT011 (which one it is depends on what is there)
            os.close(folder.open(name, os.O_RDONLY))
    assert folder.has("file")
    assert [name for name, _ in folder.files()] == ["file"]
    assert list(folder.folders()) == ["folder"]
    assert descriptors() == before


def test_a_closed_folder_keeps_no_number_that_may_be_anothers_by_now(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path)
    folder.close()
    with Folder.at(tmp_path):  # has the number now
        folder.close()
        for use in (folder.sync, folder.free_bytes, lambda: folder.create("x"), lambda: list(folder.files())):
            with pytest.raises(OSError, match="Bad file descriptor"):
                use()
    assert os.listdir(tmp_path) == []


def test_folders_are_made_with_their_parents_for_their_user_alone(tmp_path: Path) -> None:
    make_durable(tmp_path / "a" / "b" / "c")
    make_durable(tmp_path / "a" / "b" / "c")
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "a").rglob("*")} == {0o700}


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "insufficient_storage"),
        (errno.EDQUOT, "insufficient_storage"),
        (errno.EIO, "storage_unavailable"),
        (errno.ENOENT, "storage_unavailable"),
    ],
)
def test_the_public_detail_has_the_systems_words_and_never_a_path(number: int, code: StorageCode) -> None:
    with refuses(code) as refusal, failing("writing"):
        raise OSError(number, "whatever", "/secret/path")
    assert refusal.value.detail == f"writing: {os.strerror(number)}"


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO])
def test_what_can_not_be_a_stored_file_is_missing(number: int) -> None:
    with refuses("blob_missing") as refusal, finding("the blob"):
        raise OSError(number, "whatever", "/secret/path")
    assert refusal.value.detail == "the blob is not there"


def test_a_blob_that_can_not_be_opened_is_not_taken_for_missing() -> None:
    """Out of descriptors, say: whoever asks may ask again."""
    with refuses("storage_unavailable"), finding("the blob"):
        raise OSError(errno.EMFILE, "whatever")
