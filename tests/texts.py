"""Texts for tests: one to try everything on, and ways to read and to cut them."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from processors.text import TextProcessor
from processors.text.models import TextResult
from processors.work import run_alone

EVERYTHING = "naïve café – “Größe”\r\nдва слова\r三\u3000四\n🧑‍🚀\u2028end"


def read(tmp_path: Path, data: bytes, **params: Any) -> TextResult:
    path = tmp_path / "in.txt"
    path.write_bytes(data)
    result = run_alone(TextProcessor(), path, params, scratch=tmp_path).result
    assert isinstance(result, TextResult)
    return result


def split(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(edges)]
