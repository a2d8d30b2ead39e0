"""A log line is one line: escaped, bounded, and the same event in both shapes."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable

import pytest

from ingest.logs import MAX_LINE, JsonLines, TextLines

HOSTILE = "name\r\n2025-01-01 error forged\x1b[31m\u202e\x00"
SHAPES: list[Callable[[], logging.Formatter]] = [TextLines, JsonLines]


def record(message: str, *arguments: object) -> logging.LogRecord:
    made = logging.LogRecord("ingest.upload", logging.WARNING, __file__, 1, message, arguments, None)
    made.created = 0.25
    return made


def test_a_text_line_reads_time_level_logger_message() -> None:
    assert (
        TextLines().format(record("kept %s", "a.jpg")) == "1970-01-01T00:00:00.250Z warning ingest.upload: kept a.jpg"
    )


def test_a_json_line_carries_the_same_four_things() -> None:
    assert json.loads(JsonLines().format(record("kept %s", "a.jpg"))) == {
        "time": "1970-01-01T00:00:00.250Z",
        "level": "warning",
        "logger": "ingest.upload",
        "message": "kept a.jpg",
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_a_client_can_not_forge_a_line_or_colour_the_terminal(shape: Callable[[], logging.Formatter]) -> None:
    line = shape().format(record("got %s", HOSTILE))
    assert line.isprintable()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("character", ["x", "\n", "\U0001f600"])
def test_a_line_stays_within_its_bound(shape: Callable[[], logging.Formatter], character: str) -> None:
    line = shape().format(record("%s", character * 1_000_000))
    assert len(line) <= MAX_LINE


@pytest.mark.parametrize("shape", SHAPES)
def test_a_long_message_keeps_its_beginning_and_its_end(shape: Callable[[], logging.Formatter]) -> None:
    line = shape().format(record("began %s ended", "x" * 10_000))
    assert "began" in line
    assert "ended" in line


@pytest.mark.parametrize("shape", SHAPES)
def test_a_traceback_stays_in_the_line_of_its_event(shape: Callable[[], logging.Formatter]) -> None:
    failed = record("it broke")
    try:
        raise ValueError("because")
    except ValueError:
        failed.exc_info = sys.exc_info()
    line = shape().format(failed)
    assert "ValueError: because" in line
    assert line.isprintable()


@pytest.mark.parametrize(("level", "shown"), [("debug", 3), ("info", 2), ("warning", 1)])
def test_set_up_sends_what_is_loud_enough_to_standard_error(level: str, shown: int) -> None:
    program = (
        "import logging, sys; from ingest import logs; logs.set_up('text', sys.argv[1]); log = logging.getLogger('a');"
        "log.debug('one'); log.info('two'); log.warning('three')"
    )
    ran = subprocess.run([sys.executable, "-c", program, level], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    assert len(ran.stderr.splitlines()) == shown
