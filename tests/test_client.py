"""The client's side of HTTP: errors become typed, and a job is followed across whatever happens to its server."""

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from ingest import client as module
from ingest.client import Client, Refused

JOB: dict[str, Any] = {"id": "1", "state": "queued", "attempt": 0, "links": {"events": "/v1/jobs/1/events"}}
Answer = tuple[int, str, bytes]


def document(**changes: Any) -> Answer:
    return 200, "application/json", json.dumps({**JOB, **changes}).encode()


def stream(*frames: tuple[str, dict[str, Any]]) -> Answer:
    text = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in frames)
    return 200, "text/event-stream", text.encode()


class Script(BaseHTTPRequestHandler):
    """A server that answers each path with the next line of its script, and the last one again and again."""

    lines: ClassVar[dict[str, list[Answer]]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        script = self.lines[self.path]
        status, media_type, body = script.pop(0) if len(script) > 1 else script[0]
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests speak for themselves."""


class Played:
    """A client of a server with a script."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def plays(self, path: str, *answers: Answer) -> None:
        Script.lines[path] = list(answers)

    def followed(self) -> Sequence[dict[str, Any]]:
        return list(self.client.follow(JOB))


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    monkeypatch.setattr(module, "RECONNECT_SECONDS", 0)
    Script.lines, Script.asked = {}, []
    with ThreadingHTTPServer(("127.0.0.1", 0), Script) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        with Client(f"http://127.0.0.1:{server.server_address[1]}") as client:
            yield Played(client)
        server.shutdown()
        thread.join()


def test_an_error_carries_the_code_and_words_of_the_server(played: Played) -> None:
    problem = {"code": "not_found", "title": "There is nothing here", "detail": "There is no such job"}
    played.plays("/v1/jobs/1", (404, "application/problem+json", json.dumps(problem).encode()))
    with pytest.raises(Refused) as refused:
        played.client.job("1")
    assert refused.value.problem == problem
    assert str(refused.value) == "not_found: There is no such job"


def test_an_error_of_a_proxy_is_told_although_it_is_no_json(played: Played) -> None:
    played.plays("/v1/jobs/1", (502, "text/html", b"<h1>Bad Gateway</h1>"))
    with pytest.raises(Refused, match="http_502: <h1>Bad Gateway"):
        played.client.job("1")


def test_a_server_that_is_not_there_is_a_transport_error() -> None:
    with Client("http://127.0.0.1:1") as client, pytest.raises(httpx.TransportError):
        client.jobs()


def test_a_job_is_followed_by_its_events_to_its_end(played: Played) -> None:
    progress = {"fraction": 0.5, "stage": "decoding"}
    played.plays(
        "/v1/jobs/1/events",
        stream(
            ("snapshot", JOB),
            ("state", {"state": "running", "attempt": 1}),
            ("progress", {**progress, "attempt": 2}),
            ("state", {"state": "succeeded"}),
            ("end", {"state": "succeeded"}),
        ),
    )
    played.plays("/v1/jobs/1", document(state="succeeded", attempt=2, result={"pages": 1}))
    seen = played.followed()
    told = [(job["state"], job["attempt"]) for job in seen]
    assert told == [("queued", 0), ("queued", 0), ("running", 1), ("running", 2), ("succeeded", 2)]
    assert seen[3]["progress"] == progress
    assert seen[-1]["result"] == {"pages": 1}


def test_the_last_document_is_the_whole_one(played: Played) -> None:
    """A transition alone has no result, so the job is read again at its end."""
    played.plays("/v1/jobs/1/events", stream(("state", {"state": "failed"})))
    played.plays("/v1/jobs/1", document(state="failed", error={"code": "corrupt_input"}))
    assert played.followed()[-1]["error"] == {"code": "corrupt_input"}


def test_a_stream_that_drains_is_taken_up_again(played: Played) -> None:
    played.plays(
        "/v1/jobs/1/events",
        stream(("snapshot", JOB), ("drain", {})),
        stream(("snapshot", {**JOB, "state": "running"}), ("state", {"state": "succeeded"})),
    )
    played.plays("/v1/jobs/1", document(), document(state="succeeded"))
    assert played.followed()[-1]["state"] == "succeeded"
    assert Script.asked.count("/v1/jobs/1/events") == 2


def test_an_unknown_event_of_a_later_version_is_passed_over(played: Played) -> None:
    played.plays("/v1/jobs/1/events", stream(("weather", {"rain": True}), ("state", {"state": "succeeded"})))
    played.plays("/v1/jobs/1", document(state="succeeded"))
    assert [job["state"] for job in played.followed()] == ["queued", "succeeded"]


def test_a_finished_job_needs_no_stream(played: Played) -> None:
    ended = {**JOB, "state": "cancelled"}
    assert list(played.client.follow(ended)) == [ended]
    assert Script.asked == []


def test_a_server_that_stays_away_ends_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECONNECT_SECONDS", 0)
    with Client("http://127.0.0.1:1") as client:
        assert [job["state"] for job in client.follow(JOB)] == ["queued", "queued"]


def test_a_download_is_written_as_it_is(played: Played, tmp_path: Path) -> None:
    played.plays("/v1/jobs/1/files/a.bin", (200, "application/octet-stream", bytes(range(256)) * 100))
    played.client.download("/v1/jobs/1/files/a.bin", tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == bytes(range(256)) * 100


def test_a_download_that_is_refused_leaves_no_file(played: Played, tmp_path: Path) -> None:
    problem = b'{"code": "gone", "detail": "The job was deleted"}'
    played.plays("/v1/jobs/1/files/a.bin", (410, "application/problem+json", problem))
    with pytest.raises(Refused, match="gone"):
        played.client.download("/v1/jobs/1/files/a.bin", tmp_path / "a.bin")
    assert not (tmp_path / "a.bin").exists()
