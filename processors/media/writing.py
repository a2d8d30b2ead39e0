"""Opens the files that are written: always the same bytes for the same packets, and an MP4 with its index in front.

FFmpeg's own way to an index in front (`+faststart`) writes the whole file a second time without a word, which nobody
can cancel. Here room is left for the index instead. It must be enough: `NoRoom` is raised where it wasn't.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import av
from av.container import OutputContainer
from av.error import ArgumentError, FFmpegError

Kind = Literal["mp4", "fmp4", "webm"]
MUXERS: Mapping[Kind, str] = {"mp4": "mp4", "fmp4": "mp4", "webm": "webm"}
SUFFIXES: Mapping[Kind, str] = {"mp4": "mp4", "fmp4": "mp4", "webm": "webm"}

# Microseconds. Packets of one stream stand together for half a second: a shorter index. And a stream that has nothing
# to say for a second isn't waited for: what the others have to say would be kept in memory.
CHUNK = 500_000
PATIENCE = 1_000_000
FRAGMENT = 4_000_000

SAMPLE_BYTES = 25  # in the index, at most: stsz 4, stts 8, ctts 8, stss 4, sdtp 1
CHUNK_BYTES = 20  # stsc 12, co64 8
TRACK_BYTES = 8192  # descriptions, and what is small
CHAPTER_BYTES = 320  # its title, and a sample of a track of its own
FILE_BYTES = 16_384


class NoRoom(Exception):
    """The index didn't fit into its room, and the file is spoilt."""


def room(table_bytes: float, seconds: float, tracks: int, chapters: int = 0) -> int:
    """Bytes for an index with so much in its tables of samples, at twice as many chunks as there should be."""
    chunks = 2 * seconds * 1_000_000 / CHUNK + 2
    tables = table_bytes + tracks * (chunks * CHUNK_BYTES + TRACK_BYTES)
    return FILE_BYTES + round(tables + chapters * CHAPTER_BYTES)


def room_enough(samples: int, tracks: int, chapters: int = 0) -> int:
    """Bytes for the index of so many packets, whatever they are like."""
    return FILE_BYTES + samples * (SAMPLE_BYTES + CHUNK_BYTES) + tracks * TRACK_BYTES + chapters * CHAPTER_BYTES


@contextmanager
def create(
    path: Path, kind: Kind, *, room: int | None = None, options: Mapping[str, str] | None = None
) -> Iterator[OutputContainer]:
    """The file, to add streams to and mux packets into; whole once the block is left without an error.

    An MP4 has its index in front if there is `room` for it, in bytes, and else at its end. Raises `NoRoom` at the end.
    """
    settings = (
        {"fflags": "+bitexact", "max_interleave_delta": str(PATIENCE)} | _settings(kind, room) | dict(options or {})
    )
    target = av.open(str(path), "w", format=MUXERS[kind], options=settings)
    try:
        yield target
    except BaseException:
        with suppress(FFmpegError):  # what went wrong before is what counts
            target.close()
        raise
    try:
        target.close()
    except ArgumentError as wrong:
        if room is None:
            raise
        raise NoRoom from wrong


def _settings(kind: Kind, room: int | None) -> dict[str, str]:
    match kind:
        case "mp4" if room is not None:
            return {"chunk_duration": str(CHUNK), "moov_size": str(room)}
        case "fmp4":
            return {"movflags": "+frag_keyframe+delay_moov+default_base_moof", "frag_duration": str(FRAGMENT)}
    return {}
