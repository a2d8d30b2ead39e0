"""Many watchers, silent ones, and ones that leave."""

import asyncio
import resource
import time
from collections.abc import Callable, Coroutine, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import FastAPI

from ingest import events, feed
from ingest.app import create_app
from ingest.feed import Feed
from ingest.jobs import migrate
from ingest.jobs.base import JobStore
from ingest.jobs.outcomes import Done
from ingest.settings import Settings
from ingest.wiring import open_house
from tests.backdoor import Backdoor, Desk, backdoor, open_desk

BOUND_SECONDS = 2.5  # ten times the budget: these tests share the machine with others


@pytest.fixture(scope="module", autouse=True)
def enough_descriptors() -> Iterator[None]:
    """For a thousand connections; many systems start with 1,024."""
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("watchers")) as opened:
        yield opened


def test_silence_is_filled_with_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.05)
    migrate(Settings(data=tmp_path).jobs_url)
    with backdoor(tmp_path) as back:
        job = back.drop()

        async def listen() -> list[bytes]:
            async with Feed(back.jobs) as feed:
                with feed.watch(job.id) as watch:
                    opening = events.open_stream(back.jobs, watch, None)
                    assert opening is not None
                    told = events.frames(watch, opening)
                    chunks = [await anext(told) for _ in range(3)]
                    await told.aclose()
                    return chunks

        opening, *beats = asyncio.run(asyncio.wait_for(listen(), 20))
    assert opening.startswith(b"retry: ")
    assert beats == [events.HEARTBEAT] * 2
    assert beats[0].startswith(b":")


class Meddling:
    """The real store, in which something happens right before its n-th read."""

    def __init__(self, jobs: JobStore, reads: int, meddle: Callable[[], object]) -> None:
        self._jobs = jobs
        self._left = reads
        self._meddle = meddle

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self._left -= 1
            if not self._left:
                self._meddle()
            return getattr(self._jobs, name)(*arguments)

        return call


@pytest.mark.parametrize("reads", range(1, 6))
def test_no_transition_falls_between_the_snapshot_and_the_stream(tmp_path: Path, reads: int) -> None:
    """Whichever read of the table a commit gets in front of: what the snapshot's id does not cover is told."""
    migrate(Settings(data=tmp_path).jobs_url)
    with backdoor(tmp_path) as back:
        job = back.drop()
        jobs = cast(JobStore, Meddling(back.jobs, reads, lambda: back.claim(job)))

        async def follow() -> None:
            async with Feed(jobs) as followed:
                with followed.watch(job.id) as watch:
                    opening = events.open_stream(jobs, watch, None)
                    assert opening is not None
                    told = events.frames(watch, opening)
                    wire = await anext(told)
                    while b"id: 2\n" not in wire:
                        wire += await anext(told)
                    assert b'"state":"running"' in wire
                    await told.aclose()

        asyncio.run(asyncio.wait_for(follow(), 5))


def test_a_thousand_watchers_are_told_within_a_bound(desk: Desk) -> None:
    """Over real sockets, from one client process that shares two cores with the server."""
    job = desk.back.drop()
    request = f"GET /v1/jobs/{job.id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()

    async def watch(ready: asyncio.Semaphore, opened: list[int], all_open: asyncio.Event) -> float:
        async with ready:
            reader, writer = await asyncio.open_connection("127.0.0.1", desk.server.port)
            writer.write(request)
            await reader.readuntil(b"event: snapshot")
        opened.append(1)
        if len(opened) == 1000:
            all_open.set()
        await reader.readuntil(b"event: state")
        told_at = time.monotonic()
        writer.close()
        return told_at

    async def play() -> list[float]:
        ready, opened, all_open = asyncio.Semaphore(100), list[int](), asyncio.Event()
        watching = [asyncio.create_task(watch(ready, opened, all_open)) for _ in range(1000)]
        await asyncio.wait_for(all_open.wait(), 60)
        await asyncio.to_thread(desk.back.claim, job)
        committed_at = time.monotonic()
        return sorted(told_at - committed_at for told_at in await asyncio.wait_for(asyncio.gather(*watching), 60))

    delays = asyncio.run(play())
    assert len(delays) == 1000
    assert delays[989] < BOUND_SECONDS


@dataclass
class Line:
    """A connection to the application itself: what it sent so far, and when the client hangs up."""

    app: FastAPI
    sent: list[dict[str, Any]] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def get(self, path: str, query: str = "") -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"127.0.0.1")],
            "root_path": "",
            "http_version": "1.1",
            "scheme": "http",
        }
        await self.app(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        await self.hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(dict(message))
        if message.get("body"):
            self.heard.set()


@pytest.mark.parametrize("ending", ["the client hangs up", "the job ends", "the server drains"])
def test_a_stream_leaves_nothing_behind_however_it_ends(tmp_path: Path, ending: str) -> None:
    async def scene(app: FastAPI, back: Backdoor) -> None:
        claim = back.running()
        line, watched = Line(app), app.state.feed
        stream = asyncio.create_task(line.get(f"/v1/jobs/{claim.job.id}/events"))
        await line.heard.wait()
        assert watched.watching == 1
        match ending:
            case "the client hangs up":
                line.hung_up.set()
            case "the job ends":
                back.finish(claim, Done({}))
            case "the server drains":
                watched.close_soon()
        await stream
        assert watched.watching == 0

    play(tmp_path, scene)


def test_a_long_poll_whose_client_hangs_up_is_over(tmp_path: Path) -> None:
    async def scene(app: FastAPI, back: Backdoor) -> None:
        line, watched = Line(app), app.state.feed
        poll = asyncio.create_task(line.get(f"/v1/jobs/{back.drop().id}", "wait=60"))
        while not watched.watching:
            await asyncio.wait([poll], timeout=0.01)
        line.hung_up.set()
        await poll
        assert watched.watching == 0

    play(tmp_path, scene)


def test_a_client_that_reads_nothing_of_a_stream_holds_up_nobody(tmp_path: Path) -> None:
    """It hangs in the middle of the snapshot, while another one is told everything."""

    class Stalled(Line):
        async def _send(self, message: MutableMapping[str, Any]) -> None:
            await super()._send(message)
            await self.hung_up.wait()

    async def scene(app: FastAPI, back: Backdoor) -> None:
        claim = back.running()
        stalled, line = Stalled(app), Line(app)
        streams = [asyncio.create_task(one.get(f"/v1/jobs/{claim.job.id}/events")) for one in (stalled, line)]
        await line.heard.wait()
        back.finish(claim, Done({}))
        await streams[1]
        assert b"succeeded" in b"".join(message.get("body", b"") for message in line.sent)
        stalled.hung_up.set()
        await streams[0]

    play(tmp_path, scene)


def test_too_many_watchers_are_told_to_come_again_and_may_when_others_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MAX_WATCHES", 1)

    async def scene(app: FastAPI, back: Backdoor) -> None:
        path = f"/v1/jobs/{back.drop().id}"
        first, *refused, again = [Line(app) for _ in range(4)]
        stream = asyncio.create_task(first.get(f"{path}/events"))
        await first.heard.wait()
        await refused[0].get(f"{path}/events")
        await refused[1].get(path, "wait=60")
        for line in refused:
            assert line.sent[0]["status"] == 429
            assert b"retry-after" in dict(line.sent[0]["headers"])
            assert b"too_busy" in line.sent[1]["body"]
        first.hung_up.set()
        await stream
        await again.get(path, "wait=0.01")
        assert again.sent[0]["status"] == 200

    play(tmp_path, scene)


def play(folder: Path, scene: Callable[[FastAPI, Backdoor], Coroutine[Any, Any, None]]) -> None:
    settings = Settings(data=folder)
    migrate(settings.jobs_url)
    house = open_house(settings, "web")
    app = create_app(house)

    async def run(back: Backdoor) -> None:
        async with app.router.lifespan_context(app):
            await asyncio.wait_for(scene(app, back), 20)

    with backdoor(folder) as back:
        asyncio.run(run(back))
    house.close()
