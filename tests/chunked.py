"""Chunks made for tests, and what must hold for all of them."""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import regex

from processors.text import TextProcessor
from processors.text.chunks.breaks import is_between_cjk
from processors.text.chunks.cutting import Chunk, Cutter
from processors.text.chunks.models import Chunks
from processors.text.models import TextResult
from processors.work import run_alone


def cut(text: str, pieces: Sequence[str] | None = None, **params: Any) -> list[Chunk]:
    asked = Chunks(**{"max_characters": 50, "overlap": 10, "max_words": 8, **params})
    return list(Cutter(iter([text] if pieces is None else pieces), asked, asked.strategy, lambda s: len(s.encode())))


def chunks_of(tmp_path: Path, data: bytes, name: str = "in.txt", **params: Any) -> tuple[TextResult, list[Any]]:
    """The result, and the lines of chunks.ndjson."""
    path = tmp_path / name
    path.write_bytes(data)
    result = run_alone(TextProcessor(), path, params, scratch=tmp_path).result
    assert isinstance(result, TextResult)
    file = tmp_path / "out" / "chunks.ndjson"
    return result, [json.loads(line) for line in file.read_bytes().splitlines()] if file.exists() else []


def check(text: str, chunks: Sequence[Chunk], room: int, overlap: int) -> None:
    """Every promise that the module makes."""
    covered = bytearray(len(text))
    places = {len(text)}
    for cluster in regex.finditer(r"\X", text):
        places |= {cluster.start()} if len(cluster[0]) <= room else set(range(*cluster.span()))
    for chunk in chunks:
        start, end = chunk.start, chunk.end
        assert chunk.text == text[start:end]
        assert 0 < end - start <= room
        assert (chunk.start_byte, chunk.end_byte) == (len(text[:start].encode()), len(text[:end].encode()))
        assert {start, end} <= places
        if end in (0, len(text)) or not _is_stop(text[end - 1]):  # before a mark's tower, a stop may be either
            assert chunk.is_word_cut is not _is_word_end(text, end)
        covered[start:end] = b"x" * (end - start)
    assert all(covered[n] or character.isspace() for n, character in enumerate(text))
    for before, after in pairwise(chunks):
        assert before.start < after.start
        assert before.end < after.end
        assert before.end - after.start <= min(overlap, (before.end - before.start) // 2) + 1
        assert before.end == after.start if before.is_word_cut else _is_word_end(text, after.start)
    assert sum(len(chunk.text) for chunk in chunks) <= 2 * len(text)


def _is_word_end(text: str, place: int) -> bool:
    around = text[place - 1 : place + 1]
    return place in (0, len(text)) or any(c.isspace() for c in around) or is_between_cjk(*around) or _is_stop(around[0])


def _is_stop(before: str) -> bool:
    return before in "。！？」』）”’"


def split(text: str, cuts: Sequence[int]) -> Iterator[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    yield from (text[start:end] for start, end in pairwise(edges))
