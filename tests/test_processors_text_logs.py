"""Logs: real ones of six kinds, every format of time stamp, levels, spans, and what is no log."""

from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.text.lines.logs import _Log, looks_like_log
from processors.text.lines.models import LogFacts, LogFormat
from processors.text.lines.splitting import lines
from processors.text.lines.stamps import COMPILED, PATTERNS, Clock
from tests.chunked import split
from tests.texts import read

STAMPS: dict[LogFormat, tuple[str, str]] = {
    "iso8601": ("2026-02-28T23:59:60.123+05:30 x", "2026-02-28T23:59:60.123+05:30"),
    "syslog": ("<34>Oct  1 22:14:15 host su: x", "--10-01T22:14:15"),
    "syslog_rfc5424": ("<165>1 2003-10-11T22:14:15.003Z host app - - x", "2003-10-11T22:14:15.003Z"),
    "apache_access": ('::1 - bob [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 5', "2000-10-10T13:55:36-0700"),
    "apache_error": ("[Sun Dec 04 04:47:44.123456 2005] [error] x", "2005-12-04T04:47:44.123456"),
    "android": ("03-17 16:13:38.811  1702  2395 D Tag: x", "--03-17T16:13:38.811"),
    "hdfs": ("081109 203615 148 INFO dfs: x", "2008-11-09T20:36:15"),
    "glog": ("W0102 15:04:05.678901  1234 file.cc:12] x", "--01-02T15:04:05.678901"),
    "kernel": ("[   12.345678] usb 1-1: x", "12.345678"),
    "epoch": ("1700000000.250 x", "2023-11-14T22:13:20.250Z"),
    "logfmt": ('level=info time="2026-01-02T03:04:05Z" msg=x', "2026-01-02T03:04:05Z"),
}


def log(text: str, **params: Any) -> LogFacts:
    found = read_log(text, **params)
    assert found is not None
    return found


def read_log(text: str, **_params: Any) -> LogFacts | None:
    name = next(iter(_names(text)), None)
    if name is None:
        return None
    taken = _Log(name)
    for line in lines(iter([text])):
        taken.take(line.text)
    return taken.facts()


def _names(text: str) -> list[LogFormat]:
    from processors.text.lines.logs import _format

    found = _format(line.text for line in lines(iter([text])))
    return [found] if found else []


@pytest.mark.parametrize("name", get_args(LogFormat))
def test_every_format_is_recognised_and_shown_as_precise_as_it_is(name: LogFormat) -> None:
    line, shown = STAMPS[name]
    facts = log(f"{line}\n" * 3)
    assert (facts.format, facts.entries, facts.first, facts.last) == (name, 3, shown, shown)
    assert facts.has_year is (shown[:1] != "-" and name != "kernel")
    assert facts.has_zone is (shown[-6:-5] in ("+",) or shown.endswith(("Z", "-0700")))


def test_there_is_a_pattern_for_every_format() -> None:
    assert set(PATTERNS) == set(get_args(LogFormat))


@pytest.mark.parametrize(
    "stamp", ["2026-02-30 00:00:00", "2026-13-01 00:00:00", "2026-01-01 25:00:00", "2026-01-01 00:61:00"]
)
def test_what_is_no_time_is_no_time_stamp(stamp: str) -> None:
    found = COMPILED["iso8601"].match(f"{stamp} x")
    assert found is not None
    assert Clock("iso8601").at(found) is None


def test_zones_are_reckoned_with() -> None:
    facts = log("2026-01-01 00:00:00+01:00 a\n2025-12-31 23:30:00Z b\n2026-01-01 03:00:00 +0200 c\n")
    assert (facts.first, facts.last) == ("2026-01-01T00:00:00+01:00", "2026-01-01T03:00:00+0200")
    assert (facts.seconds, facts.has_zone, facts.out_of_order) == (7200.0, True, 0)


def test_a_log_that_wraps_the_year_tells_no_duration() -> None:
    facts = log("Dec 31 23:59:59 h x\nJan  1 00:00:01 h y\n")
    assert (facts.first, facts.last, facts.seconds, facts.has_year) == (
        "--12-31T23:59:59",
        "--01-01T00:00:01",
        None,
        False,
    )
    assert facts.out_of_order == 1


def test_a_trace_belongs_to_the_entry_above() -> None:
    text = (
        "start\n"
        + (
            "2026-01-01 00:00:00,123 ERROR oh\nTraceback (most recent call last):\n  File x\nValueError: no\n\n"
            "2026-01-01 00:00:01,123 INFO fine\n"
        )
        * 3
    )
    facts = log(text)
    assert (facts.entries, facts.continuation_lines, facts.other_lines, facts.longest_entry) == (6, 12, 1, 5)
    assert facts.levels == {"error": 3, "info": 3}


@pytest.mark.parametrize(
    ("message", "level"),
    [
        ("WARN x", "warning"),
        ("[main] [warning] x", "warning"),
        ("level=fatal x", "critical"),
        ("app[1]: error: x", "error"),
        ("<Notice>: x", "notice"),
        ("an error occurred", None),
        ("INFORMATION", "info"),
        ("a b c d e f g ERROR", None),
    ],
)
def test_a_level_is_a_word_in_capitals_or_a_field(message: str, level: str | None) -> None:
    facts = log(f"2026-01-01 00:00:00 {message}\n" * 2)
    assert facts.levels == ({level: 2} if level else {})


def test_syslog_priorities_and_http_statuses_are_counted() -> None:
    assert log("<11>Oct 11 22:14:15 h x\n<14>Oct 11 22:14:15 h y\n").levels == {"error": 1, "info": 1}
    line = '1.2.3.4 - - [10/Oct/2000:13:55:36 +0000] "GET /a?b HTTP/1.1" {} 5 "-" "curl"\n'
    assert log(line.format(200) + line.format(404) + line.format(403)).statuses == {"2xx": 1, "4xx": 2}


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, 5000), max_size=8))
def test_the_facts_do_not_depend_on_where_the_stream_was_cut(cuts: list[int]) -> None:
    text = "".join(f"2026-01-01 00:00:{n:02} ERROR x\r\n  at line {n}\r" for n in range(30))
    taken = _Log("iso8601")
    for line in lines(split(text, cuts)):
        taken.take(line.text)
    assert taken.facts() == log(text)


@pytest.mark.parametrize(
    "text",
    [
        "In 2026-01-01 00:00:00 nothing happened.\nNor later.\n",
        "2026-01-01 00:00:00,1\n2026-01-01 00:00:01,2\n",  # a table
        "2026-01-01 00:00:00;1;2\n2026-01-01 00:00:01;3;4\n",
        "Dear Sir,\n\n2026-01-01 12:00:00 is when we met.\n\nYours\n",
        "1700000000\n1700000001\n"[:10],
    ],
)
def test_tables_and_letters_are_no_logs(text: str) -> None:
    assert not looks_like_log(text)


def test_a_log_is_told_by_its_content_and_not_by_its_name(tmp_path: Path) -> None:
    result = read(tmp_path, b"2026-01-01 00:00:00 INFO a\n2026-01-01 00:00:01 INFO b\n")  # in.txt
    assert (result.format, result.log and result.log.entries) == ("log", 2)
    (tmp_path / "x").mkdir()
    assert read(tmp_path / "x", b"no log\nat all\n", format="log").format == "plain"


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "form", "first", "last"),
    [
        ("Android", "android", "--03-17T16:13:38.811", "--03-17T16:16:09.141"),
        ("Apache", "apache_error", "2005-12-04T04:47:44", "2005-12-05T19:15:57"),
        ("HDFS", "hdfs", "2008-11-09T20:36:15", "2008-11-11T10:20:17"),
        ("Linux", "syslog", "--06-14T15:16:01", "--07-27T14:42:00"),
        ("OpenSSH", "syslog", "--12-10T06:55:46", "--12-10T11:04:45"),
        ("Zookeeper", "iso8601", "2015-07-29T17:41:44.747", "2015-08-25T11:26:28.145"),
    ],
)
def test_every_line_of_the_real_logs_is_an_entry(
    name: str, form: str, first: str, last: str, corpus: Path, tmp_path: Path
) -> None:
    data = (corpus / "text/formats/logs" / f"{name}_2k.log").read_bytes()
    result = read(tmp_path, data)
    assert (result.format, result.warnings) == ("log", [])
    facts = result.log
    assert facts is not None
    assert (facts.format, facts.entries, facts.first, facts.last) == (form, 2000, first, last)
    assert facts.continuation_lines + facts.other_lines == 0
