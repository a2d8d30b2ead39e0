"""The event stream over HTTP: what it starts with, what it resumes, and how it ends."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent, connect_sse

from ingest.clock import rfc3339
from ingest.events import frame
from ingest.jobs.base import Event
from ingest.jobs.outcomes import Done, Released
from tests.backdoor import UNKNOWN, Desk, backdoor, open_desk, problem
from tests.server import running_server


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("events")) as opened:
        yield opened


def path(job_id: str) -> str:
    return f"/v1/jobs/{job_id}/events"


@contextmanager
def following(desk: Desk, job_id: str, **headers: str) -> Iterator[Iterator[ServerSentEvent]]:
    with open_stream(desk.client, job_id, headers) as source:
        assert source.response.status_code == 200
        yield source.iter_sse()


def open_stream(client: httpx.Client, job_id: str, headers: Mapping[str, str] | None = None) -> Any:
    return connect_sse(client, "GET", path(job_id), headers=dict(headers or {}))


def whole(desk: Desk, job_id: str, query: str = "", **headers: str) -> list[ServerSentEvent]:
    """Every event of a stream that ends by itself."""
    answer = desk.client.get(f"{path(job_id)}{query}", headers={"Accept": "text/event-stream", **headers})
    assert answer.status_code == 200
    return list(EventSource(answer).iter_sse())


def history(desk: Desk, job_id: str) -> list[Event]:
    return desk.back.jobs.events(0, 1000, job_id)


def seen(events: list[ServerSentEvent]) -> list[tuple[str, str]]:
    return [(event.event, event.json()["state"]) for event in events]


def test_a_stream_tells_the_whole_life_of_a_job_in_order(desk: Desk) -> None:
    job = desk.back.drop()
    with following(desk, job.id) as events:
        first = next(events)
        claim = desk.back.claim(job)
        running = next(events)
        desk.back.report(claim, 0.5)
        progress = next(events)
        desk.back.finish(claim, Done({"lines": 3}))
        last, end = next(events), next(events)
        assert next(events, None) is None
    assert [event.event for event in (first, running, progress, last, end)] == [
        "snapshot",
        "state",
        "progress",
        "state",
        "end",
    ]
    transitions = history(desk, job.id)
    assert [running.json()["state"], last.json()["state"]] == ["running", "succeeded"]
    assert [event.seq for event in transitions] == [int(event.id) for event in (first, running, last)]
    assert running.json() == {**transitions[1].data, "seq": transitions[1].seq, "state": "running"} | {
        "at": rfc3339(transitions[1].at)
    }
    assert progress.json()["fraction"] == 0.5
    assert progress.json()["attempt"] == 1
    assert end.json() == {"state": "succeeded"}


def test_the_snapshot_is_the_job_document(desk: Desk) -> None:
    claim = desk.back.running()
    desk.back.report(claim, 0.3)
    with following(desk, claim.job.id) as events:
        first = next(events)
    assert first.json() == desk.client.get(f"/v1/jobs/{claim.job.id}").json()
    assert first.retry == 1000


def test_only_snapshots_and_transitions_bear_an_id(desk: Desk) -> None:
    """On the wire: a frame of progress or an end with an id would make a client skip transitions."""
    claim = desk.back.running()
    with desk.client.stream("GET", path(claim.job.id)) as answer:
        chunks = answer.iter_text()
        wire = next(chunks)
        desk.back.report(claim, 0.5)
        while "event: progress" not in wire:
            wire += next(chunks)
        desk.back.finish(claim, Done({}))
        wire += "".join(chunks)
    snapshot, progress, state, end, nothing = wire.split("\n\n")
    assert snapshot.startswith("retry: 1000\nevent: snapshot\nid: ")
    assert progress.startswith("event: progress\ndata: {")
    assert state.startswith("event: state\nid: ")
    assert end == 'event: end\ndata: {"state":"succeeded"}'
    assert nothing == ""


def test_the_answer_is_an_event_stream_that_nobody_stores_or_holds_back(desk: Desk) -> None:
    job = desk.back.succeeded()
    for answer in (desk.client.get(path(job.id)), desk.client.head(path(job.id))):
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
    assert desk.client.head(path(desk.back.drop().id)).content == b""


def test_the_stream_of_a_finished_job_ends_at_once(desk: Desk) -> None:
    for job in (desk.back.succeeded(), desk.back.failed(), desk.back.cancelled()):
        events = whole(desk, job.id)
        assert seen(events) == [("snapshot", job.state), ("end", job.state)]
        assert int(events[0].id) == history(desk, job.id)[-1].seq


def test_whoever_comes_back_past_the_end_gets_204(desk: Desk) -> None:
    """That is what stops an EventSource."""
    job = desk.back.succeeded()
    last = history(desk, job.id)[-1].seq
    for header in ({"Last-Event-ID": str(last)}, {"Last-Event-ID": str(last + 10**9)}):
        answer = desk.client.get(path(job.id), headers=header)
        assert (answer.status_code, answer.content) == (204, b"")
    assert desk.client.get(path(job.id), params={"after": last}).status_code == 204


def test_whoever_comes_back_gets_exactly_what_was_missed(desk: Desk) -> None:
    job = desk.back.succeeded()
    transitions = history(desk, job.id)
    assert [event.state for event in transitions] == ["queued", "running", "succeeded"]
    for missed in range(1, len(transitions)):
        events = whole(desk, job.id, **{"Last-Event-ID": str(transitions[missed - 1].seq)})
        states = [event for event in events if event.event == "state"]
        assert [int(event.id) for event in states] == [event.seq for event in transitions[missed:]]
        assert [event.event for event in events] == ["snapshot", *["state"] * len(states), "end"]


def test_the_snapshot_of_a_resumed_stream_bears_no_id(desk: Desk) -> None:
    """With one, a client that lost the line right after it would never see the transitions that follow it."""
    job = desk.back.succeeded()
    answer = desk.client.get(path(job.id), headers={"Last-Event-ID": str(history(desk, job.id)[0].seq)})
    assert "event: snapshot\ndata: " in answer.text


def test_after_is_for_clients_without_headers_and_yields_to_last_event_id(desk: Desk) -> None:
    job = desk.back.succeeded()
    transitions = history(desk, job.id)
    assert len([event for event in whole(desk, job.id, "?after=0") if event.event == "state"]) == 3
    resumed = whole(desk, job.id, "?after=0", **{"Last-Event-ID": str(transitions[1].seq)})
    assert seen(resumed)[1:] == [("state", "succeeded"), ("end", "succeeded")]


@pytest.mark.parametrize("given", ["", "x", "-1", "1.5", "9" * 5000, "0x10", "１"])
def test_a_last_event_id_that_is_none_of_ours_counts_as_none(desk: Desk, given: str) -> None:
    job = desk.back.succeeded()
    answer = desk.client.get(path(job.id), headers={b"Last-Event-ID": given.encode()})
    assert seen(list(EventSource(answer).iter_sse())) == [("snapshot", "succeeded"), ("end", "succeeded")]


@pytest.mark.parametrize("query", ["after=-1", "after=x", f"after={2**63}", "after=" + "9" * 5000, "limit=0"])
def test_parameters_out_of_range_are_refused(desk: Desk, query: str) -> None:
    assert problem(desk.client.get(f"{path(desk.back.drop().id)}?{query}")) == (422, "invalid_parameter")


def test_a_stream_goes_on_after_the_server_was_killed_and_started_again(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=0) as server, backdoor(server.data) as back:
        job = back.drop()
        with httpx.Client(base_url=server.url, timeout=30) as client, open_stream(client, job.id) as source:
            events = source.iter_sse()
            assert next(events).event == "snapshot"
            claim = back.claim(job)
            last = next(events)
            assert last.json()["state"] == "running"
            server.kill()
            with pytest.raises(httpx.TransportError):
                next(events)
        back.finish(claim, Released())
        claim = back.claim(job)
        server.start()
        headers = {"Last-Event-ID": last.id}
        with httpx.Client(base_url=server.url, timeout=30) as client, open_stream(client, job.id, headers) as source:
            events = source.iter_sse()
            assert next(events).event == "snapshot"
            assert [next(events).json()["state"] for _ in range(2)] == ["queued", "running"]
            back.finish(claim, Done({}))
            states = [(event.event, event.json()["state"]) for event in events]
        assert states == [("state", "succeeded"), ("end", "succeeded")]


def test_a_drain_ends_the_streams_with_an_event_and_the_server_goes_at_once(tmp_path: Path) -> None:
    with open_desk(tmp_path) as own, following(own, own.back.drop().id) as events:
        assert next(events).event == "snapshot"
        assert own.server.process is not None
        started = time.monotonic()
        own.server.process.terminate()
        assert [event.event for event in events] == ["drain"]
        own.server.process.wait(timeout=20)
        assert time.monotonic() - started < 10


def test_the_transitions_come_as_pages_of_json_to_who_asks_for_it(desk: Desk) -> None:
    job = desk.back.succeeded()
    accept = {"Accept": "application/json"}
    everything = desk.client.get(path(job.id), headers=accept).json()
    assert [event["state"] for event in everything["events"]] == ["queued", "running", "succeeded"]
    assert everything["next"] is None
    first = desk.client.get(path(job.id), headers=accept, params={"limit": 2}).json()
    rest = desk.client.get(path(job.id), headers=accept, params={"after": first["next"]}).json()
    assert first["events"] + rest["events"] == everything["events"]
    assert "etag" in desk.client.get(path(job.id), headers=accept).headers


def test_an_event_stream_is_what_everybody_else_gets(desk: Desk) -> None:
    job = desk.back.succeeded()
    for accept in ("*/*", "text/event-stream", "text/event-stream, application/json", "text/html"):
        answer = desk.client.get(path(job.id), headers={"Accept": accept})
        assert answer.headers["content-type"].startswith("text/event-stream")


def test_the_stream_of_an_unknown_job_is_refused_before_it_starts(desk: Desk) -> None:
    assert problem(desk.client.get(path(UNKNOWN))) == (404, "not_found")
    assert problem(desk.client.get(path(desk.back.gone()))) == (410, "gone")


def test_data_never_breaks_out_of_its_line(desk: Desk) -> None:
    """Names and messages are strangers' words: a line break in them must not become one on the wire."""
    wire = frame("progress", {"message": "a\nevent: end\r\ndata: {}\u2028\x00"}, 7)
    assert wire.count(b"\n") == 4
    assert b"\r" not in wire
    assert json.loads(wire.split(b"\ndata: ")[1])["message"].startswith("a\nevent: end")
