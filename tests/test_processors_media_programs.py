"""A transport stream of countless programmes is refused at once, and an ordinary one is not."""

import io
import time

import pytest

from processors.base import Rejected
from processors.media import programs
from tests.hostile_films import programs as announced
from tests.small_media import FILMS, SOUNDS, made

COUNTLESS = announced(20_000)


def packets(data: bytes, size: int) -> bytes:
    """In packets of 192 bytes, as of camcorders, or of 204, as of satellites."""
    parts = [data[start : start + 188] for start in range(0, len(data), 188)]
    return b"".join(bytes(4) + part if size == 192 else part + bytes(size - 188) for part in parts)


@pytest.mark.parametrize("size", [188, 192, 204])
def test_countless_programmes_are_refused_before_they_are_read(size: int) -> None:
    begun = time.process_time()
    with pytest.raises(Rejected, match="more than 2,000 programmes") as told:
        programs.check(io.BytesIO(packets(COUNTLESS, size) + made("a.ts")))
    assert told.value.code == "limit_exceeded"
    assert time.process_time() - begun < 2


@pytest.mark.parametrize("name", [*FILMS, *SOUNDS])
def test_other_files_pass_and_are_at_their_beginning(name: str) -> None:
    file = io.BytesIO(made(name))
    programs.check(file)
    assert file.tell() == 0


def test_a_table_that_is_said_again_counts_once() -> None:
    programs.check(io.BytesIO(announced(40) * 10_000))


@pytest.mark.parametrize("data", [b"", b"G", b"G" * 10_000, bytes(5000)])
def test_what_is_no_stream_passes(data: bytes) -> None:
    programs.check(io.BytesIO(data))
