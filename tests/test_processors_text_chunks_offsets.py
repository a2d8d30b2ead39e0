"""The byte of every character, in every encoding, in whatever bytes."""

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.text.charsets import Charset, codec
from processors.text.chunks.offsets import MULTI_BYTE, STATEFUL, STEP_BYTES, Offsets, measure_of
from processors.text.encoding import Decoder
from tests.texts import EVERYTHING

ENCODINGS = ("utf-8", *sorted(MULTI_BYTE))


def places(data: bytes, encoding: str, mark_bytes: int = 0) -> list[int]:
    """Of every character, and of the end, in order."""
    total = len(Decoder(encoding).decode(data[mark_bytes:], final=True))
    offsets = Offsets(io.BytesIO(data), encoding, mark_bytes)
    return [offsets.byte(character) for character in range(total + 1)]


def decoded(data: bytes, encoding: str) -> str:
    return data.decode(codec(encoding), "replace")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_bytes_between_two_places_are_the_character(encoding: str) -> None:
    name = codec(encoding)
    text = "".join(c for c in EVERYTHING * 30 + "語彙、カナ。" * 30 if c.encode(name, "ignore").decode(name) == c)
    assert len(text) > 300
    data = text.encode(name)
    found = places(data, encoding)
    if encoding in STATEFUL:  # a character alone says less than one behind an escape sequence
        assert [data[:place].decode(name) for place in found[::50]] == [text[:n] for n in range(len(found))[::50]]
    else:
        assert [data[start:end].decode(name) for start, end in pairwise(found)] == list(text)


@settings(deadline=None, max_examples=300)
@given(
    encoding=st.sampled_from([name for name in ENCODINGS if name not in STATEFUL]),
    pieces=st.lists(
        st.sampled_from(
            [b"a", b" ", b"\xe2", b"\x82", b"\xac", b"\xf0\x90", b"\x8f\xa2", b"\x81\x30", b"\xa4\xd4", b"\xff"]
        )
        | st.binary(max_size=4),
        max_size=STEP_BYTES,
    ),
)
def test_every_place_in_damaged_bytes_parts_them_into_what_they_decode_to(encoding: str, pieces: list[bytes]) -> None:
    """What is between two places is one character, and what is behind a place is the rest of the text."""
    data = b"".join(pieces)
    text = decoded(data, encoding)
    found = places(data, encoding)
    assert found == sorted(found)
    assert found[-1] == len(data)
    assert [decoded(data[start:end], encoding) for start, end in pairwise(found)] == list(text)
    for character, place in enumerate(found):
        assert decoded(data[place:], encoding) == text[character:]


@given(data=st.binary(max_size=100), asked=st.lists(st.integers(0, 100), max_size=9))
def test_an_answer_does_not_depend_on_what_was_asked_before(data: bytes, asked: list[int]) -> None:
    every = places(data, "utf-8")
    offsets = Offsets(io.BytesIO(data), "utf-8", 0)
    for character in sorted(n for n in asked if n < len(every)):
        assert offsets.byte(character) == every[character]


@settings(deadline=None, max_examples=200)
@given(
    pieces=st.lists(
        st.sampled_from([b"\x1b$B", b"\x1b(B", b"\x1b(J", b"\x1b", b"$", b"\x24\x22", b"ab", b"\xff"]), max_size=40
    )
)
def test_damaged_shift_sequences_give_places_in_order(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    found = places(data, "iso-2022-jp")
    assert found == sorted(found)
    assert 0 <= found[0] <= found[-1] <= len(data)


def test_shift_sequences_belong_to_what_follows_them() -> None:
    assert places("aあb".encode("iso-2022-jp"), "iso-2022-jp") == [0, 1, 6, 10]
    assert places(b"\x1b$B\x24\x22\x24\x1b(Bab", "iso-2022-jp")[-1] == 11


def test_the_byte_order_mark_counts() -> None:
    assert places(b"\xef\xbb\xbfa\xffb", "utf-8", 3) == [3, 4, 5, 6]


@pytest.mark.parametrize("encoding", get_args(Charset))
def test_a_measure_adds_up_where_there_is_one(encoding: str) -> None:
    """Where pieces of a text tell their bytes, they agree with the encoder, piece by piece."""
    measure = measure_of(encoding, is_utf8=encoding == "utf-8")
    exact = "utf-16-le" if encoding == "utf-16" else "utf-32-le" if encoding == "utf-32" else codec(encoding)
    text = "".join(c for c in EVERYTHING if c.encode(exact, "ignore"))
    if measure is None:
        assert encoding in MULTI_BYTE
        return
    sizes: Sequence[int] = [measure(character) for character in text]
    assert sizes == [len(character.encode(exact)) for character in text]
    assert measure(text) == sum(sizes)


def test_utf8_with_bad_bytes_has_no_measure() -> None:
    assert measure_of("utf-8", is_utf8=False) is None
