"""What a cell leaves behind is hostile until checked: only plain files of its own become blobs."""

import os
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from ingest.publish import ATTRIBUTE_BYTES, Kept, Tampered
from ingest.sandbox import Left
from processors.base import Limits
from storage.base import FileStore, StorageError
from storage.local import LocalFiles

LIMITS = Limits(output_bytes=1 << 20, output_files=4)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[FileStore]:
    store = LocalFiles(tmp_path / "files")
    yield store
    store.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder that a cell writes to, with a file outside of it that it should never reach."""
    (tmp_path / "secret").write_bytes(b"of the server")
    folder = tmp_path / "scratch" / "out"
    folder.mkdir(parents=True)
    return folder


def left(name: str = "a.bin", media_type: str = "application/octet-stream", **attributes: str | int) -> Left:
    return Left(name, media_type, {**attributes})


def blobs(files: FileStore) -> list[str]:
    return [blob.key for blob in files.walk()]


def refusal(files: FileStore, out: Path, *many: Left, limits: Limits = LIMITS) -> str:
    """The code with which `many` are refused. Whatever it is, no spool stays."""
    with Kept(files, "worker") as kept, pytest.raises(Tampered) as tampered:
        kept.take(out, many, limits)
    assert list(files.spools()) == []
    return tampered.value.error.code


# -- what is well


def test_outputs_become_blobs_with_their_hash_and_attributes(files: FileStore, out: Path) -> None:
    (out / "a.bin").write_bytes(b"one")
    (out / "b.webp").write_bytes(b"two")
    with Kept(files, "worker") as kept:
        kept.take(out, [left("a.bin"), left("b.webp", "image/webp", width=320)], LIMITS)
        first, second = kept.outputs
    assert (first.name, first.size, first.sha256) == ("a.bin", 3, sha256(b"one").hexdigest())
    assert (second.media_type, second.attributes) == ("image/webp", {"width": 320})
    with files.open(second.blob_key) as blob:
        assert blob.read() == b"two"


def test_nothing_left_is_nothing_to_do(files: FileStore, tmp_path: Path) -> None:
    """A processor without outputs needs no folder either."""
    with Kept(files, "worker") as kept:
        kept.take(tmp_path / "not there", [], LIMITS)
    assert kept.outputs == []


def test_a_file_that_was_not_announced_is_not_published(files: FileStore, out: Path) -> None:
    (out / "a.bin").write_bytes(b"one")
    (out / "more.bin").write_bytes(b"two")
    with Kept(files, "worker") as kept:
        kept.take(out, [left("a.bin")], LIMITS)
    assert blobs(files) == [sha256(b"one").hexdigest()]


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20])
def test_an_output_of_any_size_up_to_the_limit_is_kept(files: FileStore, out: Path, size: int) -> None:
    (out / "a.bin").write_bytes(b"x" * size)
    with Kept(files, "worker") as kept:
        kept.take(out, [left()], LIMITS)
    assert kept.outputs[0].size == size


@pytest.mark.parametrize("media_type", ["image/webp", "text/plain; charset=utf-8", "application/vnd.api+json"])
def test_a_usual_media_type_is_kept_as_it_is(files: FileStore, out: Path, media_type: str) -> None:
    (out / "a.bin").touch()
    with Kept(files, "worker") as kept:
        kept.take(out, [left("a.bin", media_type)], LIMITS)
    assert kept.outputs[0].media_type == media_type


def test_the_spools_stay_until_the_rows_are_committed(files: FileStore, out: Path) -> None:
    (out / "a.bin").write_bytes(b"one")
    with Kept(files, "worker") as kept:
        kept.take(out, [left()], LIMITS)
        assert len(list(files.spools())) == 1
    assert list(files.spools()) == []


def test_what_the_janitor_took_in_between_is_put_back(files: FileStore, out: Path) -> None:
    """The blob of an output is nobody's until the rows are written, and may be swept."""
    (out / "a.bin").write_bytes(b"one")
    with Kept(files, "worker") as kept:
        kept.take(out, [left()], LIMITS)
        key = kept.outputs[0].blob_key
        files.delete(key)
        kept.ensure()
        assert files.exists(key)


# -- what is planted


def symlink(path: Path) -> None:
    path.symlink_to(path.parent.parent.parent / "secret")


def hard_link(path: Path) -> None:
    os.link(path.parent.parent.parent / "secret", path)


def socket_file(path: Path) -> None:
    os.mknod(path, 0o140600)


PLANTED: list[Callable[[Path], object]] = [symlink, hard_link, os.mkfifo, Path.mkdir, socket_file]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_what_is_no_plain_file_of_its_own_is_refused(
    files: FileStore, out: Path, plant: Callable[[Path], object]
) -> None:
    plant(out / "a.bin")
    assert refusal(files, out, left()) == "internal"
    assert blobs(files) == []


def test_a_missing_output_is_refused(files: FileStore, out: Path) -> None:
    assert refusal(files, out, left()) == "internal"


def test_a_folder_that_was_swapped_for_a_symlink_is_refused(files: FileStore, out: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.bin").write_bytes(b"of the server")
    out.rmdir()
    out.symlink_to(elsewhere)
    assert refusal(files, out, left()) == "internal"
    assert blobs(files) == []


def test_a_folder_that_is_a_file_is_refused(files: FileStore, out: Path) -> None:
    out.rmdir()
    out.write_bytes(b"no folder")
    assert refusal(files, out, left()) == "internal"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../secret", "/etc/passwd", ".hidden", "a/b", "a\0b", "a b", "ü.bin", "x" * 101, "a\n"]
)
def test_a_name_outside_the_contract_is_refused(files: FileStore, out: Path, name: str) -> None:
    assert refusal(files, out, left(name)) == "internal"


@pytest.mark.parametrize("media_type", ["", "image", "image/", "text/html\r\nX: y", "TEXT/HTML", "a/" + "b" * 200])
def test_a_media_type_that_would_break_a_header_is_refused(files: FileStore, out: Path, media_type: str) -> None:
    (out / "a.bin").touch()
    assert refusal(files, out, left("a.bin", media_type)) == "internal"


# -- what is too much


def test_too_many_outputs_are_refused_before_any_is_read(files: FileStore, out: Path) -> None:
    many = [left(f"{n}.bin") for n in range(LIMITS.output_files + 1)]
    assert refusal(files, out, *many) == "limit_exceeded"


def test_an_output_over_the_limit_is_refused(files: FileStore, out: Path) -> None:
    (out / "a.bin").write_bytes(b"x" * (LIMITS.output_bytes + 1))
    assert refusal(files, out, left()) == "limit_exceeded"


def test_outputs_that_are_too_large_together_are_refused(files: FileStore, out: Path) -> None:
    for name in ("a.bin", "b.bin"):
        (out / name).write_bytes(b"x" * (LIMITS.output_bytes // 2 + 1))
    assert refusal(files, out, left("a.bin"), left("b.bin")) == "limit_exceeded"


def test_a_sparse_output_counts_with_the_bytes_that_it_would_take(files: FileStore, out: Path) -> None:
    with (out / "a.bin").open("wb") as file:
        file.truncate(1 << 40)
    assert refusal(files, out, left()) == "limit_exceeded"


def test_attributes_that_are_too_many_are_refused(files: FileStore, out: Path) -> None:
    (out / "a.bin").touch()
    assert refusal(files, out, left(words="x" * ATTRIBUTE_BYTES)) == "limit_exceeded"


def test_a_store_that_fails_is_no_fault_of_the_cell(files: FileStore, out: Path) -> None:
    """`StorageError` passes, so that the worker can run the job again."""
    (out / "a.bin").write_bytes(b"one")
    files.close()
    with pytest.raises(StorageError), Kept(files, "worker") as kept:
        kept.take(out, [left()], LIMITS)
