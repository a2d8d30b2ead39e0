"""Search: which jobs say what, with the places where they say it."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime

from ingest.clock import rfc3339
from ingest.deps import HouseDep
from ingest.errors import Problem
from ingest.fields import read_metadata
from ingest.guard import READ
from ingest.search.base import Hit, Order, Page, Place, SearchFilter, Snippet
from ingest.search.query import InvalidQuery, parse
from ingest.status import answer, off_loop, problems
from ingest.wiring import House

HITS = 20
MAX_HITS = 100
MAX_WAITING = 64  # searches, in one process
TOKEN_CHARACTERS = 200
LARGEST = 2**63 - 1

router = APIRouter(dependencies=READ)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody looks for, as it was given."""

    q: str
    where: SearchFilter
    order: Order = "rank"

    @property
    def digest(self) -> str:
        """By which a page's token is known to belong to it."""
        words = json.dumps([self.q, asdict(self.where), self.order], sort_keys=True)
        return sha256(words.encode()).hexdigest()[:16]


@router.head("/v1/search", include_in_schema=False)
@router.get(
    "/v1/search",
    summary="Jobs by what their texts say",
    tags=["search"],
    responses=problems("invalid_query", "invalid_parameter", "search_unavailable", "too_busy"),
)
async def search(
    request: Request,
    house: HouseDep,
    q: str,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    metadata: str | None = None,
    order: Order = "rank",
    limit: Annotated[int, Query(ge=1, le=MAX_HITS)] = HITS,
    page_token: str | None = None,
) -> Response:
    """All words of `q` must be there; "quoted words" stand together, word* begins so, and -word must not be there.
    `metadata` is a JSON object of strings that the job's must hold. `since` and `until` bound `created_at`."""
    bounds = (since.timestamp() if since else None, until.timestamp() if until else None)
    wish = Wish(q, SearchFilter(kind, *bounds, read_metadata(metadata)), order)
    page = await look_up(house, wish, limit, page_token)
    return answer(request, page_document(wish, page))


async def look_up(house: House, wish: Wish, limit: int, page_token: str | None = None) -> Page:
    """Raises `Problem`, and `IndexUnavailable`."""
    if house.search is None:
        raise Problem("not_found", "Search is switched off on this server (DROPOFF_SEARCH_BYTES=0)")
    try:
        query = parse(wish.q)
    except InvalidQuery as wrong:
        problem = Problem("invalid_query", wrong.detail)
        if wrong.limit is not None:
            problem.extra["limit"] = wrong.limit
        raise problem from None
    after = None if page_token is None else read_token(wish, page_token)
    if house.searching >= MAX_WAITING:
        raise Problem("too_busy", "Too many searches wait already")
    house.searching += 1
    try:
        find = house.search.search
        return await off_loop(
            house, find, query, wish.where, wish.order, limit, house.jobs.succeeded, after, executor=house.searchers
        )
    finally:
        house.searching -= 1


def page_document(wish: Wish, page: Page) -> dict[str, Any]:
    token = write_token(wish, page.next) if page.next else None
    hits = [hit_document(hit) for hit in page.hits]
    return {"hits": hits, "is_partial": page.is_partial, "next_page_token": token}


def hit_document(hit: Hit) -> dict[str, Any]:
    return {
        "id": hit.job_id,
        "kind": hit.kind,
        "created_at": rfc3339(hit.created_at),
        "input": {"name": hit.name, "size": hit.size, "media_type": hit.media_type},
        "metadata": hit.metadata,
        "score": None if hit.score is None else float(f"{hit.score:.6g}"),
        "is_cut": hit.is_cut,
        "snippets": [_snippet_document(snippet) for snippet in hit.snippets],
        "links": {"self": f"/v1/jobs/{hit.job_id}", "page": f"/jobs/{hit.job_id}"},
    }


def _snippet_document(snippet: Snippet) -> dict[str, Any]:
    key: Mapping[str, str] = {} if snippet.key is None else {"key": snippet.key}
    return {"field": snippet.field, **key, "text": snippet.text, "matches": snippet.matches}


def write_token(wish: Wish, place: Place) -> str:
    words = json.dumps([place.behind, place.last, place.newest, wish.digest], separators=(",", ":"))
    return urlsafe_b64encode(words.encode()).decode().rstrip("=")


def read_token(wish: Wish, token: str) -> Place:
    """Raises `Problem` for what `write_token` didn't give for this very wish."""
    try:
        words = urlsafe_b64decode(token[:TOKEN_CHARACTERS].encode() + b"==")
        *numbers, digest = json.loads(words)
        is_ours = digest == wish.digest and all(type(number) is int and 0 <= number <= LARGEST for number in numbers)
        behind, last, newest = numbers
    except (ValueError, TypeError, RecursionError):
        is_ours = False
    if not is_ours:
        words_for_people = "This page_token is none that this server gave for this search"
        raise Problem("invalid_parameter", words_for_people, parameter="page_token")
    return Place(behind, last, newest)
