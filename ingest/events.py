"""The event stream of a job (server-sent events, WHATWG HTML §9.2), and its transitions as a JSON page.

A stream opens with a snapshot: the job document. Transitions follow with their `seq` as `id`, so that a client which
comes back with `Last-Event-ID` gets exactly those it missed; for a new client the snapshot bears the id of the last
transition that it includes, for one that comes back it bears none, since the missed ones still follow. Progress never
bears an id: it is not history. After the terminal transition comes `end`, and a client that comes back past it gets
204, which ends an EventSource for good. `drain` says that the server is going down: come back soon.
"""

import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import ExitStack, aclosing
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ingest.clock import rfc3339
from ingest.deps import FeedDep, HouseDep
from ingest.document import encode, progress_document
from ingest.feed import Feed, News, Pulse, Watch
from ingest.guard import READ
from ingest.jobs.base import Event, JobStore
from ingest.jobs.states import TERMINAL, State
from ingest.status import answer, describe, find_job, problems

HEARTBEAT_SECONDS = 15
RETRY_MILLISECONDS = 1000
PAGE = 200
MAX_PAGE = 1000
MAX_SEQ = 2**63 - 1

HEARTBEAT = b": still here\n\n"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
STREAM = "text/event-stream"

router = APIRouter(tags=["jobs"], dependencies=READ)

After = Annotated[int | None, Query(ge=0, le=MAX_SEQ, description="As `Last-Event-ID`, which wins over it.")]


def event_document(event: Event) -> dict[str, Any]:
    return {**event.data, "seq": event.seq, "state": event.state, "at": rfc3339(event.at)}


def frame(name: str, data: Any, seq: int | None = None) -> bytes:
    """One event on the wire. JSON has no line breaks of its own, so one `data:` line holds it."""
    identity = b"" if seq is None else b"id: %d\n" % seq
    return b"event: %s\n%sdata: %s\n\n" % (name.encode(), identity, encode(data))


@dataclass(frozen=True, slots=True)
class Opening:
    """What a stream starts with. `state` is that of the last transition in it."""

    first: bytes
    state: State


def open_stream(jobs: JobStore, watch: Watch, after: int | None) -> Opening | None:
    """Snapshot, and the transitions since `after`. None: there is nothing to come after `after`."""
    # The transitions before the job: so the snapshot may be ahead of its id, which repeats a transition, but never
    # behind it, which would lose one.
    events = list(watch.history())
    job = find_job(jobs, watch.job_id)
    last = events[-1]
    if after is not None and after >= last.seq and last.state in TERMINAL:
        return None
    watch.saw(last.seq, job)
    retry = b"retry: %d\n" % RETRY_MILLISECONDS  # with the snapshot: alone, some clients take it for an event
    snapshot = frame("snapshot", describe(jobs, job), last.seq if after is None else None)
    missed = [event for event in events if after is not None and event.seq > after]
    return Opening(retry + snapshot + transitions(missed), last.state)


def transitions(events: Iterable[Event]) -> bytes:
    return b"".join(frame("state", event_document(event), event.seq) for event in events)


def pulse_frame(pulse: Pulse) -> bytes:
    return frame("progress", {**progress_document(pulse.progress), "attempt": pulse.attempt})


def news_frames(news: News) -> bytes:
    return transitions(news.transitions) + (pulse_frame(news.pulse) if news.pulse else b"")


async def frames(watch: Watch, opening: Opening) -> AsyncGenerator[bytes, None]:
    yield opening.first
    state = opening.state
    while state not in TERMINAL:
        news = await watch.news(HEARTBEAT_SECONDS)
        if not news and watch.over:
            yield frame("end", {"state": "deleted"}) if watch.gone else frame("drain", {})
            return
        yield news_frames(news) or HEARTBEAT
        if news.transitions:
            state = news.transitions[-1].state
    yield frame("end", {"state": state})


class EventStream(StreamingResponse):
    """The frames of one watch, which ends with the response however that ends."""

    media_type = STREAM

    def __init__(self, watch: Watch, opening: Opening, held: ExitStack) -> None:
        self._frames = frames(watch, opening)
        self._held = held
        super().__init__(self._frames, headers=HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            async with aclosing(self._frames):
                await super().__call__(scope, receive, send)


@router.head("/v1/jobs/{job_id}/events", include_in_schema=False)
@router.get(
    "/v1/jobs/{job_id}/events",
    summary="The job's event stream",
    responses=problems("not_found", "gone", "too_busy")
    | {200: {"content": {STREAM: {}, "application/json": {}}}, 204: {"description": "The stream has ended before"}},
)
async def read_events(
    request: Request,
    house: HouseDep,
    feed: FeedDep,
    job_id: str,
    last_event_id: Annotated[str | None, Header(description="The `id` of the last transition seen.")] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="For the JSON page.")] = PAGE,
) -> Response:
    """Under `Accept: application/json`: a page of transitions after `after`, with the next page's `after` as `next`."""
    find_job(house.jobs, job_id)
    if last_event_id is not None and re.fullmatch(r"[0-9]{1,18}", last_event_id):
        after = int(last_event_id)
    if _wants_json(request):
        return answer(request, _page(house.jobs, job_id, after or 0, limit))
    return _stream(request, house.jobs, feed, job_id, after)


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and STREAM not in accepted


def _page(jobs: JobStore, job_id: str, after: int, limit: int) -> dict[str, Any]:
    events = jobs.events(after, limit, job_id)
    more = events[-1].seq if len(events) == limit else None
    return {"events": [event_document(event) for event in events], "next": more}


def _stream(request: Request, jobs: JobStore, feed: Feed, job_id: str, after: int | None) -> Response:
    with ExitStack() as stack:
        watch = stack.enter_context(feed.watch(job_id))
        opening = open_stream(jobs, watch, after)
        if opening is None:
            return Response(status_code=204)
        if request.method == "HEAD":
            return Response(media_type=STREAM, headers=HEADERS)
        return EventStream(watch, opening, stack.pop_all())
