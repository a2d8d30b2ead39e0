"""The encoding is decided over the whole file, and no trap that detectors fall into catches this."""

import codecs
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.text.charsets import Charset, codec
from processors.text.encoding import Decoder, recognise
from processors.text.reading import BLOCK_BYTES
from tests.texts import EVERYTHING, read, split

CUTS = st.lists(st.integers(0, 10_000), max_size=8)


def test_a_byte_order_mark_decides_and_is_not_counted(tmp_path: Path) -> None:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ):
        result = read(tmp_path, mark + EVERYTHING.encode(name))
        assert (result.encoding, result.encoding_source, result.bom) == (name, "bom", True)
        assert result.characters == len(EVERYTHING)
        assert result.replacements == 0
        assert result.preview.startswith("naïve café")


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text", ["Plain words.\n" * 50, "Ein Löwe, größer als drei.\n" * 9, "Слово за слово, и так далее.\n" * 9]
)
def test_utf16_and_utf32_without_a_mark_are_known_by_their_zeros(name: str, text: str, tmp_path: Path) -> None:
    result = read(tmp_path, text.encode(name))
    assert (result.encoding, result.encoding_source, result.bom) == (name, "structural", False)
    assert (result.characters, result.words) == (len(text), len(text.split()))


def test_one_byte_of_a_wide_encoding_missing_at_the_end_is_one_replacement(tmp_path: Path) -> None:
    result = read(tmp_path, ("words and words " * 40).encode("utf-16-le")[:-1])
    assert (result.encoding, result.replacements) == ("utf-16-le", 1)


def test_valid_utf8_is_always_utf8(tmp_path: Path) -> None:
    result = read(tmp_path, EVERYTHING.encode())
    assert (result.encoding, result.encoding_source, result.replacements) == ("utf-8", "validated", 0)
    assert read(tmp_path, b"plain").encoding == "ascii"


def test_one_bad_byte_does_not_turn_utf8_into_another_language(tmp_path: Path) -> None:
    """In 110 KB, which statistical detectors were seen to call cp852."""
    data = bytearray(("Ein schöner Satz über Bäume. " * 3800).encode())
    data[55_000:55_001] = b" \xff"
    result = read(tmp_path, bytes(data))
    assert (result.encoding, result.encoding_source, result.replacements) == ("utf-8", "validated", 1)
    assert "1 sequences are not valid utf-8." in result.warnings


def test_replacement_characters_that_the_file_itself_holds_are_not_mistakes(tmp_path: Path) -> None:
    result = read(tmp_path, ("\ufffd" * 1000).encode() + b"\xff")
    assert (result.encoding, result.replacements) == ("utf-8", 1)


@pytest.mark.parametrize("prefix", [0, 300_000, BLOCK_BYTES - 1, BLOCK_BYTES])
def test_a_legacy_byte_anywhere_in_ascii_makes_it_legacy(prefix: int, tmp_path: Path) -> None:
    """Wherever it stands, for instance behind the 200 KB that a detector looks at."""
    text = "a" * prefix + " Größe, 5 €\r\n"
    result = read(tmp_path, text.encode("cp1252"))
    assert (result.encoding, result.encoding_source) == ("windows-1252", "statistical")
    assert (result.characters, result.words, result.replacements) == (len(text), len(text.split()), 0)
    assert "guess" in result.warnings[0]


def test_a_multibyte_character_across_a_block_is_not_a_mistake(tmp_path: Path) -> None:
    for shift in range(4):
        text = "a" * (BLOCK_BYTES - shift) + "🧑é語"
        result = read(tmp_path, text.encode())
        assert (result.encoding, result.replacements, result.characters) == ("utf-8", 0, len(text))


def test_a_mark_before_legacy_bytes_does_not_make_them_utf8(tmp_path: Path) -> None:
    result = read(tmp_path, codecs.BOM_UTF8 + "Größe und Länge, überall".encode("cp1252"))
    assert (result.encoding, result.encoding_source, result.bom) == ("windows-1252", "statistical", True)
    assert result.preview.startswith("Größe")


def test_utf7_is_never_guessed(tmp_path: Path) -> None:
    result = read(tmp_path, b"+ADw-script+AD4- and +AOk-")
    assert result.encoding == "ascii"
    assert result.preview == "+ADw-script+AD4- and +AOk-"


@pytest.mark.parametrize("name", get_args(Charset))
def test_what_the_caller_says_is_believed(name: str, tmp_path: Path) -> None:
    encodable = "".join(c for c in "abc äöü Слово λόγος שלום 日本語 漢字 한국어\n" if _can(c, name))
    result = read(tmp_path, (encodable * 30).encode(codec(name)), encoding=name)
    assert result.encoding_source == "declared"
    assert result.encoding.startswith(name)
    assert result.replacements == 0
    assert result.preview.startswith(encodable.replace("\n", "\n"))
    assert result.characters == len(encodable) * 30


def _can(character: str, name: str) -> bool:
    try:
        return character.encode(codec(name)).decode(codec(name)) == character
    except UnicodeError:
        return False


@pytest.mark.parametrize(
    ("name", "actual"), [("utf-16", "utf-16-le"), ("utf-16", "utf-16-be"), ("utf-32", "utf-32-be")]
)
def test_a_stated_utf16_without_a_mark_takes_the_byte_order_that_fits(name: str, actual: str, tmp_path: Path) -> None:
    assert read(tmp_path, ("some words " * 20).encode(actual), encoding=name).encoding == actual
    assert read(tmp_path, "語".encode("utf-16-le"), encoding="utf-16").encoding == "utf-16-le"


def test_a_wrong_statement_is_seen_in_the_replacements(tmp_path: Path) -> None:
    result = read(tmp_path, "Größe".encode("cp1252"), encoding="utf-8")
    assert (result.encoding, result.encoding_source, result.replacements) == ("utf-8", "declared", 2)


@settings(deadline=None, max_examples=300)
@given(data=st.binary(max_size=80), cuts=st.lists(st.integers(0, 1000), max_size=6))
def test_decoding_resumes_after_bad_bytes_as_python_does_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    decoder = Decoder("utf-8")
    text = "".join(decoder.decode(piece) for piece in split(data, cuts)) + decoder.decode(b"", final=True)
    assert text == data.decode("utf-8", "replace")
    assert decoder.replaced == text.count("\ufffd") - data.count("\ufffd".encode())


def test_an_encoding_is_recognised_from_the_first_bytes_alone() -> None:
    assert recognise(b"").name == "utf-8"
    assert recognise(b"\0").name == "utf-8"
    assert recognise(b"h\0i\0").name == "utf-16-le"
    assert recognise(b"hi\0ho\0").source == "validated"


SHIFTS = st.sampled_from([b"\x1b$B", b"\x1b(B", b"\x1b(J", b"\x1b$(D", b"\x1b$)C", b"\x1b&@", b"\x1b", b"\x1b$", b"$3", b"a\n", b" and so on ", b"\x0e", b"\xff"])  # fmt: skip  # noqa: E501


@settings(deadline=None, max_examples=300)
@given(name=st.sampled_from(["iso-2022-jp", "iso-2022-kr"]), pieces=st.lists(SHIFTS, max_size=40), cuts=CUTS)
def test_damaged_shifts_are_replaced_however_they_were_cut(name: str, pieces: list[bytes], cuts: list[int]) -> None:
    """Python's own decoder raises `pending buffer overflow`."""
    data = b"".join(pieces)
    whole, cut = Decoder(name), Decoder(name)
    text = whole.decode(data, final=True)
    assert "".join(cut.decode(piece) for piece in split(data, cuts)) + cut.decode(b"", final=True) == text
    assert (cut.replaced, cut.first_bad) == (whole.replaced, whole.first_bad)


def test_a_bad_shift_does_not_swallow_what_follows() -> None:
    assert Decoder("iso-2022-jp").decode(b"ab\x1b$ and so On", final=True) == "ab\ufffd$ and so On"


def test_a_few_bad_shifts_leave_iso_2022_what_it_is(tmp_path: Path) -> None:
    data = "こんにちは。\n".encode("iso-2022-jp") * 50
    assert recognise(data + b"\x1b$ and so on").name == "iso-2022-jp"
    result = read(tmp_path, data + b"\x1b$ and so on\n" + data)
    assert (result.encoding, result.encoding_source, result.replacements) == ("iso-2022-jp", "structural", 1)


@pytest.mark.parametrize("text", ["Größe \0 ", "ключ\0", "語彙\0\0"])
def test_utf8_with_nuls_in_every_second_column_is_utf8(text: str) -> None:
    assert recognise((text * 300).encode()).name == "utf-8"
