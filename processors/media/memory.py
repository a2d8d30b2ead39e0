"""What a film's pictures take in memory, told before they are decoded; and a wall for what its headers don't tell."""

import ctypes
import resource
from collections.abc import Iterator
from contextlib import contextmanager

from av.video.codeccontext import VideoCodecContext
from av.video.format import VideoFormat

from processors import heap
from processors.base import Rejected

MIB = 1 << 20
MORE = 154 * MIB  # than a cell has when it begins, for all that doesn't encode a film: it comes to 200 with the rest
MOST_PICTURE = 96 * MIB  # one in 8K with 10 bits of 4:2:0
MOST_ALONE = 128 * MIB  # of a codec in which no picture needs another
PR_SET_THP_DISABLE = 41

_libc = ctypes.CDLL(None)


def picture_bytes(format_: VideoFormat) -> int:
    """Of a decoded one, in a format that has a size."""
    return sum((part.bits + 7) // 8 * part.width * part.height for part in format_.components)


def check_picture(codec: VideoCodecContext, is_alone: bool) -> None:
    """Raises `Rejected` if a single one wouldn't fit; what isn't known yet is left to the wall."""
    most, size = MOST_ALONE if is_alone else MOST_PICTURE, picture_bytes(codec.format) if codec.format else 0
    if size > most:
        raise Rejected(
            "limit_exceeded",
            f"A picture of the video takes {size // MIB:,} MiB of memory ({codec.width:,} x {codec.height:,} pixels in "
            f"{codec.pix_fmt}); {most // MIB} are the most.",
        )


@contextmanager
def walled() -> Iterator[None]:
    """Around what may take `MORE` bytes than the process has had at its beginning. Raises `Rejected`.

    Only in a cell, which has walls already and is there for one job: a limit counts for the whole process, and what is
    private to it is counted as it is asked for (RLIMIT_DATA).
    """
    if resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY:
        yield
        return
    before, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (resident + MORE, hard))
    try:
        yield
    except MemoryError as wrong:
        raise Rejected("limit_exceeded", "Reading the file would take more memory than is allowed.") from wrong
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (before, hard))


@contextmanager
def lean(small_pages: bool) -> Iterator[None]:
    """What was freed before goes back to the kernel; with `small_pages`, no buffer is rounded up to pages of 2 MiB.

    Where the C library or the kernel is another one, there is nothing to do.
    """
    heap.give_back()
    _disable_huge_pages(small_pages)
    try:
        yield
    finally:
        _disable_huge_pages(False)


def _disable_huge_pages(wanted: bool) -> None:
    if hasattr(_libc, "prctl"):
        _libc.prctl(PR_SET_THP_DISABLE, ctypes.c_ulong(wanted), *[ctypes.c_ulong(0)] * 3)
