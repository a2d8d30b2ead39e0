"""The text kind as a whole: the contract, what is not text, progress, memory, and the corpus."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import get_args

import pytest

from processors.base import AnyProcessor, Rejected, RejectionCode, Report
from processors.registry import load
from processors.text import TextProcessor
from processors.text.content import BLOCK_BYTES
from processors.text.models import Charset, TextParams
from processors.text.preview import preview
from processors.work import FileWork
from tests.architecture import REPOSITORY
from tests.contracts.processor import ProcessorContract
from tests.texts import read

SAMPLES = REPOSITORY / "samples"


@pytest.fixture(scope="module")
def processor() -> AnyProcessor:
    return load(["text"])["text"]


@pytest.fixture(scope="module")
def good() -> Sequence[Path]:
    return [SAMPLES / name for name in ("notes-utf8.txt", "legacy-cp1252.txt", "table.csv")]


@pytest.fixture(scope="module")
def bad() -> Sequence[tuple[bytes, RejectionCode]]:
    return [
        (b"\x89PNG\r\n\x1a\n and no controls after it", "unsupported_input"),
        (bytes(range(256)) * 100, "unsupported_input"),
        (b"PK\3\4" + b"plain words" * 1000, "unsupported_input"),
        (b"text" * 100 + b"\0" * 500, "unsupported_input"),
    ]


class TestTextContract(ProcessorContract):
    module = "processors.text"


# -- not text


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(9) + b"\xff\xdb" + b"x" * 100, "a JPEG image"),
        (b"\x1f\x8b\x08" + b"x" * 100, "gzip data"),
        (b"\x7fELF" + b"x" * 100, "a program"),
        (b"%PDF-1.7\n" + bytes(range(256)) * 9, "a PDF document"),
        (b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 9, "an MP4 or QuickTime file"),
        (bytes(range(256)) * 9, "binary data"),
    ],
)
def test_binary_data_is_refused_by_the_name_of_what_it_seems_to_be(data: bytes, what: str, tmp_path: Path) -> None:
    with pytest.raises(Rejected) as rejected:
        read(tmp_path, data)
    assert rejected.value.code == "unsupported_input"
    assert what in rejected.value.detail


def test_binary_data_behind_text_is_found_too(tmp_path: Path) -> None:
    """As in a shell script that carries an archive."""
    with pytest.raises(Rejected):
        read(tmp_path, b"#!/bin/sh\n" * 60_000 + bytes(range(256)) * 4000)


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a is how old pictures begin",
        b"BMW makes cars",
        b"MZ is my initials",
        b"%PDF- is a prefix",
        b"\x1b[31mred\x1b[0m\n" * 20,
        b"line\n" * 100 + b"\0" * 400,
        b"one NUL\0 in a log\n",
    ],
)
def test_prose_with_a_binary_beginning_and_logs_with_zeros_are_text(data: bytes, tmp_path: Path) -> None:
    assert read(tmp_path, data).characters == len(data)


def test_an_empty_file_is_an_empty_text(tmp_path: Path) -> None:
    result = read(tmp_path, b"")
    assert (result.characters, result.words, result.lines, result.line_ending) == (0, 0, 0, None)
    assert (result.preview, result.preview_truncated) == ("", False)


# -- progress, memory


def test_progress_counts_bytes_and_a_second_reading_counts_on(tmp_path: Path) -> None:
    """The file proves not to be UTF-8 at its very end, so it is read twice, and the total says so."""
    path = tmp_path / "in.txt"
    path.write_bytes(b"a" * (3 * BLOCK_BYTES) + b"\xe9")
    size = path.stat().st_size
    now, reports = 0.0, list[Report]()

    def clock() -> float:
        nonlocal now
        now += 1.0
        return now

    with path.open("rb") as source:
        work = FileWork(
            params=TextParams(),
            name="in.txt",
            media_type="text/plain",
            size=size,
            scratch=tmp_path,
            descriptor=source.fileno(),
            on_report=reports.append,
            clock=clock,
        )
        TextProcessor().process(work)
    assert [(report.done, report.total) for report in reports] == [
        *((done, size) for done in (0, BLOCK_BYTES, 2 * BLOCK_BYTES, 3 * BLOCK_BYTES, size)),
        *((size + done, 2 * size) for done in (0, BLOCK_BYTES, 2 * BLOCK_BYTES, 3 * BLOCK_BYTES, size)),
    ]
    assert {(report.unit, report.message) for report in reports} == {
        ("bytes", "as utf-8"),
        ("bytes", "as windows-1252"),
    }


MEASURE = """
import resource, sys
from pathlib import Path
from processors.registry import load
from processors.work import FileWork, run_alone
processor = load(["text"])["text"]
processor.warm()
run_alone(processor, Path(sys.argv[1]), scratch=Path(sys.argv[3]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = run_alone(processor, Path(sys.argv[2]), scratch=Path(sys.argv[3])).result
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, result.longest_line, result.words)
"""


@pytest.mark.parametrize(("word", "ending"), [("x", ""), ("é ", ""), ("ab ", "\n")])
def test_memory_does_not_grow_with_the_file_or_its_lines(word: str, ending: str, tmp_path: Path) -> None:
    """128 MiB, in one line or in ten thousands, in at most 12 MiB more than a small file takes."""
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_text("one line\n")
    block = (word * (1 << 20))[: (1 << 20) // len(word.encode())] + ending
    with large.open("wb") as file:
        for _ in range(128):
            file.write(block.encode())
    ran = subprocess.check_output([sys.executable, "-c", MEASURE, small, large, tmp_path], text=True)
    grown_kib, longest, _words = map(int, ran.split())
    assert grown_kib < 12 * 1024
    assert longest == (len(block) - 1 if ending else len(block) * 128)


# -- the corpus: the name of a folder is the encoding of its files

MOSTLY_NULS = "_mozilla_bug638318_text.html"  # 1,070 of 1,108 bytes: refused
PYTHON_NAMES = {"MacCyrillic": "mac_cyrillic", "MacRoman": "macintosh", "EUC-TW": None}


def corpus_files(corpus: Path) -> Iterator[tuple[Path, str | None]]:
    """Every text with the name that Python has for its encoding, if it has one."""
    for path in sorted((corpus / "text" / "encodings").glob("*/*")):
        folder = re.sub(r"^(windows-\d+|iso-8859-\d+)-[a-z]+$", r"\1", path.parent.name)
        yield path, PYTHON_NAMES.get(folder, folder)


@pytest.mark.corpus
def test_real_files_in_utf8_utf16_and_utf32_read_as_what_they_are(corpus: Path, tmp_path: Path) -> None:
    seen = 0
    for path, name in corpus_files(corpus):
        if name is None or not name.lower().startswith(("utf-", "ascii")) or path.name == MOSTLY_NULS:
            continue
        text = path.read_bytes().decode(name).removeprefix("\ufeff")
        result = read(tmp_path, path.read_bytes())
        assert (result.characters, result.words) == (len(text), len(text.split())), path
        assert result.replacements == 0
        assert result.encoding_source != "fallback"
        seen += 1
    assert seen > 25


@pytest.mark.corpus
def test_no_real_file_in_a_legacy_encoding_is_taken_for_utf8_or_for_binary_data(corpus: Path, tmp_path: Path) -> None:
    """They are read as windows-1252, and that is called a guess; ISO 2022 writes every alphabet in ASCII bytes."""
    seen = 0
    for path, name in corpus_files(corpus):
        if name is None or name.lower().startswith(("utf-", "ascii", "iso-2022")):
            continue
        result = read(tmp_path, path.read_bytes())
        is_ascii = path.read_bytes().isascii()
        assert result.encoding_source == ("validated" if is_ascii else "fallback"), path
        seen += 1
    assert seen > 300


@pytest.mark.corpus
def test_a_real_file_reads_right_when_the_caller_says_what_it_is(corpus: Path, tmp_path: Path) -> None:
    seen = set()
    for path, name in corpus_files(corpus):
        if name is None or name.lower() not in get_args(Charset):
            continue
        text = path.read_bytes().decode(name, "replace").removeprefix("\ufeff")
        result = read(tmp_path, path.read_bytes(), encoding=name.lower())
        assert result.characters == len(text), path
        assert result.words == len(text.split()), path
        seen.add(name)
    assert len(seen) > 20


@pytest.mark.corpus
def test_malformed_utf8_is_replaced_as_unicode_recommends(corpus: Path, tmp_path: Path) -> None:
    folder = corpus / "text" / "hostile" / "utf8tests"
    expected = (folder / "utf8.replace.ref.txt").read_text(encoding="utf-8")
    result = read(tmp_path, (folder / "utf8tests.bin").read_bytes(), encoding="utf-8", preview_characters=10_000)
    assert result.characters == len(expected)
    assert result.words == len(expected.split())
    assert result.preview == preview(expected, 10_000)[0]


@pytest.mark.corpus
def test_every_other_text_of_the_corpus_ends_in_a_result_or_a_refusal(corpus: Path, tmp_path: Path) -> None:
    refused = []
    paths = [path for folder in ("formats", "hostile") for path in (corpus / "text" / folder).rglob("*")]
    for path in sorted(path for path in paths if path.is_file()):
        try:
            result = read(tmp_path, path.read_bytes())
        except Rejected:
            refused.append(path.name)
        else:
            assert result.characters <= path.stat().st_size
    assert len(paths) > 300
    assert refused == []
