"""Memory that was freed goes back to the kernel."""

import os

from ingest import kernel
from processors import heap

BLOCKS, SIZE = 20_000, 4_000


def test_what_lies_free_beneath_something_kept_goes_back() -> None:
    blocks = [bytes([number % 256]) * SIZE for number in range(BLOCKS)]
    kept = blocks.pop()
    blocks.clear()
    before = kernel.resident_bytes(os.getpid())
    heap.give_back()
    assert kernel.resident_bytes(os.getpid()) < before - BLOCKS * SIZE // 2
    assert len(kept) == SIZE
