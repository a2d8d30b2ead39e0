"""The store on disk against the real thing: full, read-only and limited, each in a process of its own."""

import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import faults
from tests.architecture import REPOSITORY
from tests.programs import lack

PREAMBLE = """
import os, resource, subprocess, sys
from pathlib import Path
from storage.base import StorageError
from storage.local import LocalFiles
from tests.contracts.files import DATA, OWNER, content, descriptors, found, keep, plain_files, refuses

folder = Path(sys.argv[1])
"""
# A mount namespace of its own, as an unprivileged user may have it.
APART = ("unshare", "--user", "--map-root-user", "--mount")


def run(folder: Path, script: str, prefix: tuple[str, ...] = (), environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        [*prefix, sys.executable, "-c", PREAMBLE + textwrap.dedent(script), str(folder)],
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def own_disk(tmp_path: Path) -> Path:
    if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode:
        lack("this system lets nobody mount a disk of their own")
    return tmp_path


MOUNT = """
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder], check=True)
"""


def test_a_full_disk_refuses_what_does_not_fit_and_takes_the_next_small_file(own_disk: Path) -> None:
    script = """
    files = LocalFiles(folder)
    kept = keep(files, DATA)
    spool = files.spool(OWNER)
    with refuses("insufficient_storage") as refusal:
        spool.append(bytes(30_000), bytes(30_000))
    assert refusal.value.detail == "writing a spool: No space left on device"
    assert files.free_bytes() == 0
    with refuses("insufficient_storage"):
        files.probe()
    with refuses("storage_unavailable"):
        files.put(spool)
    spool.discard()
    assert plain_files(folder / "spool") == set()
    assert files.free_bytes() > 40_000
    files.probe()
    assert content(files, keep(files, b"small").key) == b"small"
    assert content(files, kept.key) == DATA
    """
    run(own_disk, MOUNT + textwrap.dedent(script), APART)


def test_a_store_on_a_disk_that_is_full_already_opens_reads_and_makes_room(own_disk: Path) -> None:
    script = """
    files = LocalFiles(folder)
    kept = keep(files, bytes(20_000))
    files.close()
    with (folder / "ballast").open("wb", buffering=0) as ballast:
        try:
            while ballast.write(bytes(4096)):
                pass
        except OSError:
            pass
    files = LocalFiles(folder)
    assert files.free_bytes() == 0
    assert found(files).keys() == {kept.key}
    assert content(files, kept.key) == bytes(20_000)
    with refuses("insufficient_storage"):
        keep(files, DATA)
    for entry in list(files.spools()):
        files.discard_spool(entry.owner, entry.name)
    files.delete(kept.key)
    assert content(files, keep(files, b"small").key) == b"small"
    """
    run(own_disk, MOUNT + textwrap.dedent(script), APART)


def test_a_disk_that_turns_read_only_refuses_with_a_reason_and_recovers_by_itself(own_disk: Path) -> None:
    script = """
    files = LocalFiles(folder)
    kept = keep(files, DATA)
    spool = files.spool(OWNER)
    spool.append(DATA)
    spool.close()
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    for use in (
        files.probe,
        lambda: files.spool(OWNER),
        lambda: files.spool("web-host-2-another"),
        lambda: files.spool(OWNER, spool.name),
        lambda: files.delete(kept.key),
        lambda: files.discard_spool(OWNER, spool.name),
        spool.discard,
    ):
        with refuses("storage_unavailable") as refusal:
            use()
        assert "Read-only file system" in refusal.value.detail
    assert content(files, kept.key) == DATA
    assert files.exists(kept.key)
    subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
    files.probe()
    spool.discard()
    assert keep(files, DATA) == kept
    """
    run(own_disk, MOUNT + textwrap.dedent(script), APART)


def test_a_disk_without_inodes_refuses_to_become_a_store(own_disk: Path) -> None:
    script = """
    subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=50", "none", folder], check=True)
    before = descriptors()
    with refuses("insufficient_storage"):
        LocalFiles(folder)
    assert descriptors() == before
    """
    run(own_disk, script, APART)


def test_a_file_larger_than_the_process_may_write_is_refused_whole(tmp_path: Path) -> None:
    """RLIMIT_FSIZE cuts the write short first: the rest of it is what fails."""
    script = """
    files = LocalFiles(folder)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    spool = files.spool(OWNER)
    spool.append(bytes(90_000))
    with refuses("storage_unavailable") as refusal:
        spool.append(bytes(5_000), bytes(50_000))
    assert refusal.value.detail == "writing a spool: File too large"
    assert [entry.size for entry in files.spools()] == [100_000]
    with refuses("storage_unavailable"):
        files.put(spool)
    spool.discard()
    assert content(files, keep(files, DATA).key) == DATA
    assert plain_files(folder / "spool") == set()
    """
    run(tmp_path, script)


def test_a_process_out_of_descriptors_refuses_and_goes_on_when_it_has_some_again(tmp_path: Path) -> None:
    script = """
    def limit(spare):
        lowest = os.dup(0)
        os.close(lowest)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + spare, hard))

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = LocalFiles(folder)
    kept = keep(files, b"kept")
    before = descriptors()
    limit(spare=0)
    for use in (files.probe, lambda: files.spool(OWNER), lambda: files.open(kept.key), lambda: next(files.walk())):
        with refuses("storage_unavailable") as refusal:
            use()
        assert refusal.value.detail.endswith("Too many open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    spool = files.spool(OWNER)
    limit(spare=0)  # the spool is open, and now its put lacks one
    spool.append(DATA)
    with refuses("storage_unavailable"):
        files.put(spool)
    spool.discard()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert descriptors() == before
    assert content(files, keep(files, DATA).key) == DATA
    assert plain_files(folder / "spool") == set()
    """
    run(tmp_path, script)


def test_an_armed_environment_reaches_every_python_process_below(tmp_path: Path) -> None:
    """The way to walk faults through a whole server. Each process counts for itself; only the child gets to five."""
    site = tmp_path / "site"
    site.mkdir()
    script = """
    LocalFiles(folder).close()  # four syncs; the child finds the folder there and makes three, then its upload's two
    child = '''if True:
        import sys
        from pathlib import Path
        from storage.local import LocalFiles
        from tests.contracts.files import DATA, keep, refuses
        files = LocalFiles(Path(sys.argv[1]))
        with refuses("storage_unavailable"):
            keep(files, DATA)
        keep(files, DATA)
    '''
    subprocess.run([sys.executable, "-c", child, folder], check=True)
    """
    run(tmp_path / "files", script, environment=faults.environment(site, {"fsync"}, 5, errno.EIO))
    assert (site / "fired").exists()


def test_without_the_variable_nothing_is_armed() -> None:
    assert not hasattr(os.fsync, "__wrapped__")
