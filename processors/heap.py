"""The C library's heap, where that is glibc; elsewhere there is nothing to do."""

import ctypes

_libc = ctypes.CDLL(None)


def give_back() -> None:
    """What was freed and is kept for later goes back to the kernel."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(ctypes.c_size_t(0))
