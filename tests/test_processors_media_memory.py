"""What pictures take is told by their format alone; the wall stands in cells only."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from av.video.format import VideoFormat

from processors.media.memory import MIB, lean, picture_bytes, walled
from tests.architecture import REPOSITORY

PROGRAM = """
import os, resource, sys
if os.fork():  # a cell is forked, too, and not executed: that would inherit the peak of whoever did it
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
from processors.base import Rejected
from processors.media.memory import walled
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
try:
    with walled():
        bytearray(100 << 20)
        bytearray(300 << 20)
except Rejected as rejected:
    print(rejected.code)
print(len(bytearray(300 << 20)))
"""


@pytest.mark.parametrize(
    ("format_", "size"),
    [
        ("yuv420p", 1.5),
        ("yuv420p10le", 3),
        ("yuv422p", 2),
        ("yuv444p12le", 6),
        ("gray", 1),
        ("rgb24", 3),
        ("rgba64le", 8),
    ],
)
def test_a_picture_takes_what_its_parts_take(format_: str, size: float) -> None:
    assert picture_bytes(VideoFormat(format_, 1920, 1080)) == 1920 * 1080 * size


def test_the_process_of_whoever_runs_it_alone_has_no_wall() -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with walled():
        assert resource.getrlimit(resource.RLIMIT_DATA) == before
        assert len(bytearray(300 * MIB)) == 300 * MIB


def test_where_there_are_walls_already_too_much_is_refused_and_all_is_as_before_afterwards() -> None:
    """As in a cell: in a process that may be limited."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["limit_exceeded", "314572800"]


def has_huge_pages() -> bool:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("THP_enabled")]
    return line.split()[1] == "1"


def test_pages_are_small_only_where_that_was_asked_for_and_only_as_long() -> None:
    with lean(small_pages=False):
        assert has_huge_pages()
    with lean(small_pages=True):
        assert not has_huge_pages()
    assert has_huge_pages()
