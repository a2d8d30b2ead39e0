"""Hostile and odd requests against a real server on a real socket, under both parsers: one exact answer each."""

from collections.abc import Iterator

import pytest

from tests.http_cases import CASES, HELLO, LIMIT, Case
from tests.rawhttp import connected, exchange, file_part, form, head, is_alive, post, stored
from tests.server import Server, running_server


@pytest.fixture(scope="module", params=["httptools", "h11"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    with running_server(folder, workers=0, http=request.param, max_file_bytes=LIMIT) as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_request_gets_its_exact_answer_and_leaves_nothing_behind(server: Server, case: Case) -> None:
    before = stored(server)
    answer = exchange(server.port, case.request)
    assert answer is not None
    assert answer.status == case.status, answer.body
    if case.status == 202:
        assert answer.headers["location"] == f"/v1/jobs/{answer.document['id']}"
    else:
        assert answer.code == (case.code or answer.code)
        assert stored(server) == before
    assert is_alive(server)


REFUSED = [
    post(b"\r\xfd\n" + HELLO),
    post(form(file_part(b"x")) + b"x" * 2000),
    post(HELLO[:-6]),
]


@pytest.mark.parametrize("request_bytes", REFUSED)
def test_where_a_request_is_cut_changes_nothing(server: Server, request_bytes: bytes) -> None:
    """H16, on the wire: the head and the body arrive in two packets, cut at every third byte."""
    whole = exchange(server.port, request_bytes)
    assert whole is not None
    for cut in range(1, min(len(request_bytes), 400), 3):
        answer = exchange(server.port, request_bytes[:cut], request_bytes[cut:])
        assert answer is not None
        assert (answer.status, answer.code) == (whole.status, whole.code)


def test_a_refusal_of_a_whole_request_keeps_the_connection(server: Server) -> None:
    with connected(server.port) as line:
        for _ in range(3):
            line.send(post(HELLO, kind="image"))
            answer = line.answer()
            assert answer is not None
            assert answer.code == "kind_mismatch"
            assert "connection" not in answer.headers


def test_requests_sent_ahead_are_answered_in_order(server: Server) -> None:
    with connected(server.port) as line:
        line.send(post(HELLO) + post(HELLO, kind="image") + head("GET", "/livez"))
        answers = [line.answer() for _ in range(3)]
    assert [answer and answer.status for answer in answers] == [202, 415, 200]


def test_rubbish_behind_a_whole_request_takes_nothing_from_its_answer(server: Server) -> None:
    """The job is recorded: another answer than 202 would be the lie the other way round."""
    with connected(server.port) as line:
        line.send(post(HELLO) + b"\x00rubbish\r\n\r\n")
        answer = line.answer()
        assert answer is not None
        assert answer.status == 202


def test_an_upgrade_that_is_not_offered_is_ignored(server: Server) -> None:
    answer = exchange(server.port, head("GET", "/livez", "Connection: upgrade", "Upgrade: h2c"))
    assert answer is not None
    assert answer.status == 200
