"""What comes through the wall: whole, in pieces, too much of it, and nothing of the sort."""

import json
import random
import socket
from dataclasses import asdict
from itertools import pairwise

import pytest
from pydantic import ValidationError

from ingest.cellwire import (
    BURST_LINES,
    DETAIL_LENGTH,
    KILL,
    LINES_PER_SECOND,
    NOTICE,
    REPORT_BYTES,
    RESULT_BYTES,
    Babble,
    Ended,
    Errand,
    Exhausted,
    Hearing,
    Kill,
    Left,
    Message,
    NotStarted,
    Obeyed,
    Raised,
    Refused,
    Reported,
    Returned,
    Started,
    Word,
    receive,
)
from processors.base import Limits, Report

REPORTED = Reported(report=Report("reading", 1, 2, "pages", "ü\n\U0001f600"))
LAST_WORDS: list[Word] = [
    Returned(result={"a": [1, 2.5, None, True, {"b": "é"}]}, outputs=(Left("o.txt", "text/plain", {"n": 1}),)),
    Refused(code="corrupt_input", detail="It is broken"),
    Raised(exception="ValueError", traceback="Traceback ..."),
    Exhausted(what="file size"),
    Obeyed(),
]


def heard(*pieces: bytes, seconds: float = 0.0) -> list[Word]:
    hearing = Hearing()
    return [word for piece in pieces for word in hearing.feed(piece, seconds)]


@pytest.mark.parametrize("last", LAST_WORDS, ids=lambda word: word.word)
def test_words_come_out_as_they_went_in_however_they_are_cut(last: Word) -> None:
    """Whole, byte by byte, and in random pieces."""
    data = REPORTED.line() * 3 + last.line()
    expected = [REPORTED] * 3 + [last]
    assert heard(data) == expected
    assert heard(*[data[n : n + 1] for n in range(len(data))]) == expected
    dice = random.Random(7)
    for _ in range(50):
        cuts = sorted({0, len(data), *(dice.randrange(len(data)) for _ in range(5))})
        assert heard(*[data[a:b] for a, b in pairwise(cuts)]) == expected


def test_an_unfinished_line_is_no_word_yet() -> None:
    assert heard(REPORTED.line()[:-1]) == []


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"null",
        b"[]",
        b"garbage",
        b"{}",
        b'{"word":"reported"}',
        b'{"word":"begged"}',
        b'{"word":"started","pid":1}',
        b'{"word":"obeyed","more":1}',
        b'{"word":"reported","report":{"stage":["x"]}}',
        b'{"word":"reported","report":{"stage":"x","done":"many"}}',
        b'{"word":"returned","result":[],"outputs":[]}',
        b'{"word":"returned","result":{"a":NaN},"outputs":[]}',
        b'{"word":"returned","result":{"a":1e999},"outputs":[]}',
        b'{"word":"returned","result":{"a":-Infinity},"outputs":[]}',
        b'{"word":"returned","result":{"a":"\xff"},"outputs":[]}',
        b'{"word":"returned","result":{"a":"\\ud800"},"outputs":[]}',
        b'{"word":"returned","result":{"a":' + b"[" * 100_000 + b"]" * 100_000 + b'},"outputs":[]}',
        b'{"word":"returned","result":{"a":' + b"9" * 10_000 + b'},"outputs":[]}',
        b'{"word":"returned","result":{},"outputs":[{"name":"a","media_type":"b/c"}]}',
        b'{"word":"returned","result":{},"outputs":[{"name":"a","media_type":"b/c","attributes":{"n":NaN}}]}',
        b'{"word":"refused","code":"made_up","detail":"x"}',
        b'{"word":"refused","code":"corrupt_input","detail":"' + b"x" * (DETAIL_LENGTH + 1) + b'"}',
        b'{"word":"exhausted","what":"patience"}',
    ],
    ids=lambda line: line[:60].decode(errors="replace"),
)
def test_what_no_cell_says_is_babble(line: bytes) -> None:
    with pytest.raises(Babble, match="It wrote what is no report"):
        heard(line + b"\n")


def test_a_last_word_is_the_last() -> None:
    with pytest.raises(Babble, match="went on after its last word"):
        heard(Obeyed().line() * 2)


def test_reports_are_counted_by_the_second() -> None:
    """The burst at the start, then the rate; and nothing of a flood is passed on."""
    assert len(heard(REPORTED.line() * BURST_LINES)) == BURST_LINES
    flood = REPORTED.line() * (BURST_LINES + LINES_PER_SECOND)
    assert len(heard(flood, seconds=1.0)) == BURST_LINES + LINES_PER_SECOND
    hearing = Hearing()
    with pytest.raises(Babble, match="too often"):
        next(hearing.feed(flood, 0.9))


def test_a_long_report_and_a_longer_result_are_refused() -> None:
    with pytest.raises(Babble, match=f"larger than {REPORT_BYTES} bytes"):
        heard(Reported(report=Report("x" * REPORT_BYTES)).line())
    result = Returned(result={"x": "y" * (RESULT_BYTES - 100)}, outputs=())
    assert heard(result.line()) == [result]
    for line in (Returned(result={"x": "y" * RESULT_BYTES}, outputs=()).line(), b"x" * (RESULT_BYTES + 1)):
        with pytest.raises(Babble, match=f"larger than {RESULT_BYTES} bytes"):
            heard(line)


def test_a_result_that_is_no_json_can_not_even_be_said() -> None:
    with pytest.raises(ValidationError):
        Returned(result={"x": float("nan")}, outputs=())


def test_an_errand_comes_out_as_it_went_in() -> None:
    errand = Errand({"width": 3, "tags": ["ä"]}, "näme.jpg", "image/jpeg", 5, "/scratch", Limits(cpu_seconds=9))
    assert Errand.parse(errand.line()) == errand
    assert json.loads(errand.line()) == asdict(errand)


@pytest.mark.parametrize(
    "notice",
    [Started(pid=7), NotStarted(reason="no"), Ended(exit=-9, cpu_seconds=0.5, peak_rss_bytes=9, strays=0)],
    ids=lambda notice: notice.word,
)
def test_notices_keep_their_bounds_and_their_end_on_a_socket(notice: Message) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours:
        with theirs:
            for _ in range(2):
                theirs.send(notice.line())
            assert [receive(ours, NOTICE), receive(ours, NOTICE)] == [notice, notice]
        assert receive(ours, NOTICE) is None


def test_only_two_signals_can_be_asked_for() -> None:
    assert KILL.validate_json(Kill(signal=9).line()) == Kill(signal=9)
    with pytest.raises(ValidationError):
        KILL.validate_json('{"signal":19}')
