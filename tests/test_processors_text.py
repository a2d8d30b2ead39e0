"""The text kind as a whole: the contract, what is not text, progress, memory, and the corpus."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from processors.base import AnyProcessor, Rejected, RejectionCode, Report
from processors.registry import load
from processors.text import TextProcessor
from processors.text.models import TextParams
from processors.text.reading import BLOCK_BYTES
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


def reports_of(path: Path, params: TextParams) -> Sequence[Report]:
    """Every one of them: a second passes between two."""
    now, reports = 0.0, list[Report]()

    def clock() -> float:
        nonlocal now
        now += 1.0
        return now

    with path.open("rb") as source:
        work = FileWork(
            params=params,
            name=path.name,
            media_type="text/plain",
            size=path.stat().st_size,
            scratch=path.parent,
            descriptor=source.fileno(),
            on_report=reports.append,
            clock=clock,
        )
        TextProcessor().process(work)
    return reports


def test_stages_that_are_left_out_count_as_done(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"word " * BLOCK_BYTES)
    asked = {"tables": {}, "main_text": True, "chunks": {}, "normalized": {}, "on_error": "partial"}
    done = [(report.done, report.total) for report in reports_of(path, TextParams.model_validate(asked))]
    assert done == sorted(done)
    assert done[-1] == (5 * path.stat().st_size, 5 * path.stat().st_size)


def test_progress_counts_bytes_and_a_second_reading_counts_on(tmp_path: Path) -> None:
    """The file proves not to be UTF-8 at its very end, so it is read twice, and the total says so."""
    path = tmp_path / "in.txt"
    path.write_bytes(b"a" * (3 * BLOCK_BYTES) + b"\xe9")
    size = path.stat().st_size
    reports = reports_of(path, TextParams())
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
