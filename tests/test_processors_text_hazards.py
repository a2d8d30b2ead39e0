"""What deceives a reader is counted, however the stream was cut, and said in words."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.text.encoding import Decoder
from processors.text.hazards import Hazards, Watch
from tests.texts import read, split

TROUBLE = st.text(
    alphabet=st.sampled_from("aа b\u202e\u2066\u200b\u200d\ufeff\U000e0041\x1b\0\u061c\u180eοé"), max_size=40
)


def found(data: bytes, cuts: list[int]) -> Hazards:
    watch, decoder = Watch(), Decoder("utf-8")
    for piece in (*split(data, cuts), b""):
        text = decoder.decode(piece, final=not piece)
        watch.feed(text, decoder.utf8(text))
    return watch.found(nuls=data.count(0), surrogates=decoder.surrogates)


@settings(deadline=None, max_examples=200)
@given(text=TROUBLE, cuts=st.lists(st.integers(0, 1000), max_size=6))
def test_the_counts_do_not_depend_on_where_the_stream_was_cut(text: str, cuts: list[int]) -> None:
    hazards = found(text.encode(), cuts)
    assert hazards == found(text.encode(), [])
    assert hazards.bidi_controls == sum(map(text.count, "\u202e\u2066\u061c"))
    assert hazards.invisible == sum(map(text.count, "\u200b\ufeff\U000e0041\u180e"))
    assert hazards.escapes == text.count("\x1b")


@pytest.mark.parametrize(
    ("text", "field", "count", "words"),
    [
        ("/*\u202e } \u2066if (isAdmin)\u2069 \u2066 begin*/", "bidi_controls", 4, "bidirectional"),
        ("pass\u200bword and \ufeff that", "invisible", 2, "invisible"),
        ("ignore" + "".join(chr(0xE0000 + ord(c)) for c in "this"), "invisible", 4, "invisible"),
        ("\x1b[31mred\x1b[0m", "escapes", 2, "terminal"),
        ("one\0two", "nuls", 1, "NUL"),
        ("www.pаypal.com", "script_changes", 2, "look alike"),
        ("Αpple", "script_changes", 1, "look alike"),
    ],
)
def test_each_hazard_is_counted_and_said(text: str, field: str, count: int, words: str, tmp_path: Path) -> None:
    result = read(tmp_path, text.encode())
    assert getattr(result.hazards, field) == count
    assert sum(dict(result.hazards).values()) == count
    assert words in " ".join(result.warnings)


def test_ordinary_text_has_no_hazard(tmp_path: Path) -> None:
    """Not joiners in emoji and Persian, not units, not two languages beside each other."""
    result = read(tmp_path, "👩‍🚀 می‌خواهم 5 kΩ, 3 µm, Δt; Слово and word. Größe – “naïve”\n".encode())
    assert set(dict(result.hazards).values()) == {0}
    assert result.warnings == []


@pytest.mark.parametrize("cuts", [[], [5], [6], [5, 6], [4, 5, 6, 7, 8]])
def test_half_a_surrogate_pair_in_utf8_is_a_surrogate_and_three_replacements(cuts: list[int]) -> None:
    data = b"good " + b"\xed\xa0\x80" + b" \xed\x9f\xbf end"
    assert found(data, cuts).surrogates == 1
    decoder = Decoder("utf-8")
    text = "".join(map(decoder.decode, split(data, cuts)))
    assert (decoder.replaced, text.count("\ufffd")) == (3, 3)


def test_cesu8_is_two_halves_each(tmp_path: Path) -> None:
    result = read(tmp_path, b"smile " * 20 + "ä".encode() * 20 + b"\xed\xa0\xbd\xed\xb8\x80")
    assert (result.encoding, result.replacements, result.hazards.surrogates) == ("utf-8", 6, 2)


def test_half_a_pair_in_utf16_is_a_surrogate(tmp_path: Path) -> None:
    data = "some words ".encode("utf-16-le") * 9 + b"\x00\xd8a\0" + b"\x00\xdcb\0"
    result = read(tmp_path, data)
    assert (result.encoding, result.replacements, result.hazards.surrogates) == ("utf-16-le", 2, 2)


@pytest.mark.corpus
def test_naughty_strings_are_seen_for_what_they_are(corpus: Path, tmp_path: Path) -> None:
    result = read(tmp_path, (corpus / "text" / "hostile" / "blns.txt").read_bytes())
    assert result.encoding == "utf-8"
    assert result.hazards.bidi_controls > 0
    assert result.hazards.invisible > 0
    assert result.replacements == 0
