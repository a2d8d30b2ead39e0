"""The copy in UTF-8 is the text and nothing else, in the form that was asked for."""

import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.base import Rejected
from processors.text import TextProcessor, normalized
from processors.text.models import TextResult
from processors.text.normalized import composed, with_line_feeds
from processors.work import Finished, run_alone
from tests.texts import EVERYTHING

CHARACTERS = "ab\r\n\u0301\u0323\u0308é가\u1100\u1161\u11a8\u0b47\u0b3eΩ語\U0001d15e"
TEXTS = st.text(alphabet=st.sampled_from(CHARACTERS), max_size=60)
CUTS = st.lists(st.integers(0, 1000), max_size=6)


def pieces(text: str, cuts: list[int]) -> Iterator[str]:
    edges = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return (text[start:end] for start, end in pairwise(edges))


@settings(deadline=None, max_examples=300)
@given(text=TEXTS, cuts=CUTS)
def test_the_forms_do_not_depend_on_where_the_stream_was_cut(text: str, cuts: list[int]) -> None:
    assert "".join(composed(pieces(text, cuts))) == unicodedata.normalize("NFC", text)
    fed = "".join(with_line_feeds(pieces(text, cuts)))
    assert fed == text.replace("\r\n", "\n").replace("\r", "\n")


def test_nothing_joins_what_came_before_it_but_what_is_held_back() -> None:
    """For every two characters that Unicode composes."""
    for code in range(0x11_0000):
        parts = unicodedata.decomposition(chr(code)).split()
        if parts and not parts[0].startswith("<"):
            text = "".join(chr(int(part, 16)) for part in parts)
            for cut in range(len(text) + 1):
                assert "".join(composed(iter([text[:cut], text[cut:]]))) == unicodedata.normalize("NFC", text)


def test_endless_marks_are_cut_and_not_held() -> None:
    held = list(composed("\u0301" * 1000 for _ in range(100)))
    assert sum(map(len, held)) == 100_000
    assert max(map(len, held)) <= 6000


def finished(tmp_path: Path, data: bytes, **params: Any) -> tuple[Finished, bytes]:
    path = tmp_path / "in.txt"
    path.write_bytes(data)
    done = run_alone(TextProcessor(), path, params, scratch=tmp_path)
    return done, (tmp_path / "out" / "text.txt").read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
@pytest.mark.parametrize("repeat", [1, 20_000])
def test_the_copy_is_the_text(encoding: str, repeat: int, tmp_path: Path) -> None:
    text = EVERYTHING * repeat
    done, copy = finished(tmp_path, text.encode(encoding), encoding=encoding, normalized={})
    assert copy == text.encode()
    assert isinstance(done.result, TextResult)
    assert done.result.normalized is not None
    assert (done.result.normalized.outputs, done.result.normalized.bytes) == (["text.txt"], len(copy))
    (output,) = done.outputs
    assert (output.media_type, output.attributes) == ("text/plain; charset=utf-8", {"newline": "keep", "form": "none"})


def test_everything_at_once(tmp_path: Path) -> None:
    asked = {"newline": "lf", "form": "nfc", "bom": True}
    _, copy = finished(tmp_path, "cafe\u0301\r\nend\r".encode("utf-16"), normalized=asked)
    assert copy == "\ufeffcafé\nend\n".encode()


def test_bad_bytes_become_three_each_and_no_more(tmp_path: Path) -> None:
    data = b"\xff\xfe" + b"a\0" + b"\x00\xd8" * 1000
    _, copy = finished(tmp_path, data, normalized={})
    assert len(copy) <= normalized.MOST_GROWTH * len(data)


def test_a_copy_that_grew_too_far_would_be_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normalized, "MOST_GROWTH", 1)
    with pytest.raises(Rejected) as rejected:
        finished(tmp_path, "Größe ".encode("cp1252") * 10_000, normalized={})
    assert rejected.value.code == "limit_exceeded"
