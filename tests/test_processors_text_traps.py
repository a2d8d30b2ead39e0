"""What detectors were seen to fall for: each trap, and that it catches nobody here."""

import codecs
import gzip
import hashlib
import random
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from processors.base import Cancelled, Rejected
from processors.text import TextProcessor
from processors.text.charsets import by_label
from processors.text.digest import WORTH_A_THREAD
from processors.text.encoding import markup_label
from processors.text.legacy import Evidence, guess
from processors.text.models import TextParams
from processors.work import run_alone
from tests.texts import read

GERMAN = "Die Größe der Bäume überrascht; fünf schöne Häuser stehen außerhalb. "


def found(result: Any) -> tuple[str, str]:
    return result.encoding, result.encoding_source


def test_a_legacy_byte_far_behind_ascii_is_seen(tmp_path: Path) -> None:
    """At 300 KB, where a detector that looks at 200,000 bytes says ASCII with confidence 1."""
    result = read(tmp_path, b"plain words " * 25_000 + "schöne Grüße".encode("cp1252"))
    assert found(result) == ("windows-1252", "statistical")
    assert result.replacements == 0


@pytest.mark.parametrize("shift", range(4))
def test_a_sample_that_would_cut_a_character_does_not(shift: int, tmp_path: Path) -> None:
    data = b"a" * (64 * 1024 - shift) + "é語🧑".encode() * 10
    assert found(read(tmp_path, data)) == ("utf-8", "validated")


def test_shift_jis_behind_an_english_header_is_shift_jis(tmp_path: Path) -> None:
    data = b"Subject: hello\n" * 500 + "日本語の文章です。今日は天気がいい。\n".encode("cp932") * 3
    assert found(read(tmp_path, data)) == ("shift_jis", "statistical")


def test_iso_2022_far_behind_ascii_is_seen(tmp_path: Path) -> None:
    data = b"plain words\n" * 10_000 + "日本語の文章です。\n".encode("iso2022_jp") * 3
    result = read(tmp_path, data)
    assert found(result) == ("iso-2022-jp", "structural")
    assert result.replacements == 0


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", ["日本語の文章です。今日は天気がいい。", "我们今天上午在学校里学习中文，你呢。", "우리는 오늘 학교에 간다"]
)
def test_utf16_without_mark_and_without_zeros_is_read_in_its_own_byte_order(
    name: str, text: str, tmp_path: Path
) -> None:
    result = read(tmp_path, text.encode(name))
    assert found(result) == (name, "structural")
    assert result.preview == text


@pytest.mark.parametrize(
    "data", ["日本語の文章です。".encode("cp932"), "我们今天上午在学校里学习中文".encode("gb18030"), b"abcd" * 9]
)
def test_other_bytes_are_not_taken_for_utf16(data: bytes, tmp_path: Path) -> None:
    assert not read(tmp_path, data).encoding.startswith("utf-16")


def test_short_words_are_what_they_are(tmp_path: Path) -> None:
    assert read(tmp_path, "hour時.txt".encode()).encoding == "utf-8"
    assert read(tmp_path, "こんにちは".encode("cp932")).encoding == "shift_jis"
    assert read(tmp_path, "Привет, мир".encode("cp1251")).encoding == "windows-1251"


def test_logs_with_escapes_or_a_zero_are_text(tmp_path: Path) -> None:
    assert read(tmp_path, b"\x1b[32mINFO\x1b[0m started\n" * 50).encoding == "ascii"
    assert read(tmp_path, "Größe\0\n".encode() * 50).encoding == "utf-8"


def test_gzip_called_a_log_is_refused_as_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="gzip"):
        read(tmp_path, gzip.compress(b"some log\n" * 1000))


@pytest.mark.parametrize("data", [b"\xc0\x80", b"\xe0\x80\xaf", b"\xf5\x80\x80\x80", b"\xed\xa0\x80"])
def test_overlong_and_impossible_sequences_are_a_replacement_for_each_byte(data: bytes, tmp_path: Path) -> None:
    result = read(tmp_path, GERMAN.encode() * 9 + data)
    assert (result.encoding, result.replacements) == ("utf-8", len(data))


def test_bytes_that_are_no_text_in_any_encoding_are_a_fallback(tmp_path: Path) -> None:
    assert guess(b"") is None
    data = bytes(random.Random(7).choices(range(0x80, 0x100), k=500))
    assert found(read(tmp_path, data)) == ("windows-1252", "fallback")


# -- what a document says of itself


@pytest.mark.parametrize(
    ("head", "label"),
    [
        (b'<html><head><meta charset="ISO-8859-2">', "iso-8859-2"),
        (b'<META http-equiv="Content-Type" content="text/html; charset=Shift_JIS">', "shift_jis"),
        (b'<?xml version="1.0" encoding="windows-1251"?>', "windows-1251"),
        (b'@charset "latin1";', "iso-8859-1"),
        (b"#!/usr/bin/python\n# -*- coding: koi8-r -*-\n", "koi8-r"),
        (b"x = 1\ny = 2\n# coding: koi8-r\n", None),
        (b'<meta charset="utf-7">', None),
        (b'<meta charset="utf-8">', None),
        (b'<meta charset="zlib_codec">', None),
        (b" " * 1024 + b'<meta charset="koi8-r">', None),
        (b"<meta " * 200, None),
    ],
)
def test_a_label_is_read_where_browsers_and_editors_read_it(head: bytes, label: str | None) -> None:
    assert markup_label(head) == label


def test_a_label_decides_between_equals_but_not_against_the_bytes(tmp_path: Path) -> None:
    said = b'<?xml version="1.0" encoding="iso-8859-15"?>\n'
    result = read(tmp_path, said + "Größe: 5 m²".encode("iso-8859-15"))
    assert found(result) == ("iso-8859-15", "markup")
    russian = "Все люди рождаются свободными и равными в своем достоинстве и правах.".encode("cp1251")
    assert found(read(tmp_path, said + russian)) == ("windows-1251", "statistical")
    assert found(read(tmp_path, said + "Größe".encode())) == ("utf-8", "validated")


def test_labels_have_many_names() -> None:
    assert [by_label(label) for label in ("latin1", "x-sjis", "CP1252", "ks_c_5601-1987", "utf8", "nonsense")] == [
        "iso-8859-1",
        "shift_jis",
        "windows-1252",
        "euc-kr",
        "utf-8",
        None,
    ]


@pytest.mark.parametrize(
    ("label", "name"),
    [("UTF8", "utf-8"), ("Latin1", "iso-8859-1"), ("Shift-JIS", "shift_jis"), ("ascii", "windows-1252")],
)
def test_an_encoding_is_declared_by_any_of_its_labels(label: str, name: str) -> None:
    assert TextParams.model_validate({"encoding": label}).encoding == name


def test_an_encoding_that_is_not_read_is_refused_by_its_name() -> None:
    with pytest.raises(ValidationError, match="'cp500' is no encoding that is read here"):
        TextParams.model_validate({"encoding": "cp500"})
    with pytest.raises(ValidationError, match="Input should be 'auto', 'utf-8'"):
        TextParams.model_validate({"encoding": 5})


# -- strict


@pytest.mark.parametrize(
    ("data", "asked", "words"),
    [
        (b"abc\xffdef", {"encoding": "utf-8"}, "Byte 3 is not valid utf-8."),
        (codecs.BOM_UTF8 + b"ab\xff" + GERMAN.encode() * 9, {}, "Byte 5 is not valid utf-8."),
        (b"x" * 300_000 + b"\x81", {"encoding": "windows-1252"}, "Byte 300000 is not valid windows-1252."),
        ("日本".encode("euc-jp") + b"\xff", {"encoding": "euc-jp"}, "Byte 4 is not valid euc-jp."),
    ],
)
def test_strictness_names_the_first_bad_byte(data: bytes, asked: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(Rejected) as rejected:
        read(tmp_path, data, errors="strict", **asked)
    assert (rejected.value.code, rejected.value.detail) == ("corrupt_input", words)
    assert read(tmp_path, data, **asked).replacements == 1


# -- evidence


def test_the_evidence_is_of_what_is_not_ascii_and_cuts_no_character() -> None:
    line = "日本語の文章です。".encode("cp932")
    evidence = Evidence()
    evidence.add(line[1:] + b"\n" + b"plain\n" * 1000 + line, is_first=False)
    assert evidence.sample == line + b"\n"
    evidence = Evidence()
    evidence.add((b"word " * 1000 + line + b" ") * 50, is_first=True)
    assert evidence.sample.count(line) == 1
    evidence.sample.decode("cp932")


# -- the hash beside the reading


@pytest.mark.parametrize("size", [0, 1000, WORTH_A_THREAD + 5])
def test_the_hash_is_that_of_the_bytes(size: int, tmp_path: Path) -> None:
    data = b"0123456789\n" * (size // 11 + 1)
    assert read(tmp_path, data[:size]).sha256 == hashlib.sha256(data[:size]).hexdigest()


def test_no_thread_is_left_by_a_refusal_or_a_cancel(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(bytes(range(256)) * (WORTH_A_THREAD // 128))
    with pytest.raises(Rejected):
        run_alone(TextProcessor(), path, scratch=tmp_path)
    assert not [thread for thread in threading.enumerate() if thread.name == "digest"]
    path.write_bytes(b"words " * WORTH_A_THREAD)
    with pytest.raises(Cancelled):
        run_alone(TextProcessor(), path, scratch=tmp_path, cancelled=iter([False] * 9 + [True] * 99).__next__)
    assert not [thread for thread in threading.enumerate() if thread.name == "digest"]


# -- lines


@pytest.mark.parametrize(
    ("text", "style", "width"),
    [
        ("if:\n    a\n    b\n        c\n", "spaces", 4),
        ("if:\n  a\n  b\n    c\n", "spaces", 2),
        ("if:\n\ta\n\tb\n\t\tc\n", "tabs", None),
        ("if:\n\ta\n\tb\n    c\n    d\n", "mixed", None),
        ("a\n b\n  c\n   d\n", "spaces", None),
    ],
)
def test_indentation_has_a_style_and_a_width(text: str, style: str, width: int | None, tmp_path: Path) -> None:
    indentation = read(tmp_path, text.encode()).indentation
    assert indentation is not None
    assert (indentation.style, indentation.width) == (style, width)


def test_flat_text_has_no_indentation(tmp_path: Path) -> None:
    assert read(tmp_path, b"a\nb\n c\n").indentation is None
