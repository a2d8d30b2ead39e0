"""The page for searching: a box, and what was found, with the words marked where they stand."""

from urllib.parse import urlencode

from fastapi import APIRouter, Response
from markupsafe import Markup

from ingest.clock import rfc3339
from ingest.deps import HouseDep
from ingest.errors import Problem
from ingest.guard import READ
from ingest.kinds import PROCESSORS
from ingest.lookup import Wish, look_up, write_token
from ingest.markup import NOTHING, label, render, render_all, size, time
from ingest.pages import page, page_response, search_box
from ingest.search.base import Hit, IndexUnavailable, Order, Page, SearchFilter, Snippet

HITS = 20
ORDERS: dict[Order, str] = {"rank": "Best first", "newest": "Newest first"}

router = APIRouter(include_in_schema=False, dependencies=READ)


@router.head("/search")
@router.get("/search")
async def show_search(
    house: HouseDep, q: str = "", kind: str = "", order: Order = "rank", page_token: str | None = None
) -> Response:
    """A query that can't be searched for is told beside the box that it stands in."""
    wish = Wish(q, SearchFilter(kind=kind or None), order)
    if not q.strip():
        return page_response(search_page(wish, NOTHING))
    try:
        found = await look_up(house, wish, HITS, page_token)
    except IndexUnavailable as error:
        problem = Problem("search_unavailable", str(error))
    except Problem as wrong:
        problem = wrong
    else:
        return page_response(search_page(wish, _results(wish, found)))
    words = render("search_problem", title=problem.type.title, detail=problem.detail)
    return page_response(search_page(wish, words), problem.type.status)


def search_page(wish: Wish, results: Markup) -> str:
    kinds = {"": "Every kind", **{kind: label(kind) for kind in sorted(PROCESSORS)}}
    body = render(
        "search",
        box=search_box(wish.q, focus=not wish.q),
        kinds=_options(kinds, wish.where.kind or ""),
        orders=_options(ORDERS, wish.order),
        results=results,
    )
    return page(f"{wish.q} – Search" if wish.q else "Search", body)


def _options(names: dict[str, str] | dict[Order, str], chosen: str) -> Markup:
    selected = Markup(" selected")
    rows = (
        {"value": value, "name": name, "selected": selected if value == chosen else NOTHING}
        for value, name in names.items()
    )
    return render_all("option", rows)


def _results(wish: Wish, found: Page) -> Markup:
    if not found.hits:
        return render("no_hits", q=wish.q)
    hits = render_all("hit", map(_hit, found.hits))
    more = render("more_hits", url=_url(wish, write_token(wish, found.next))) if found.next else NOTHING
    return render("hits", hits=hits, more=more, note=render("partial_hits") if found.is_partial else NOTHING)


def _url(wish: Wish, token: str) -> str:
    asked = {"q": wish.q, "kind": wish.where.kind or "", "order": wish.order, "page_token": token}
    return f"/search?{urlencode({name: value for name, value in asked.items() if value})}"


def _hit(hit: Hit) -> dict[str, object]:
    of_name = next((snippet for snippet in hit.snippets if snippet.field == "name"), Snippet("name", hit.name))
    others = [snippet for snippet in hit.snippets if snippet.field != "name"]
    return {
        "id": hit.job_id,
        "name": marked(of_name),
        "kind": label(hit.kind),
        "size": size(hit.size),
        "created": time(rfc3339(hit.created_at)),
        "cut": render("hit_cut") if hit.is_cut else NOTHING,
        "snippets": render_all("snippet", map(_snippet, others)),
    }


def _snippet(snippet: Snippet) -> dict[str, object]:
    key = NOTHING if snippet.key is None else render("snippet_key", key=snippet.key)
    return {"key": key, "text": marked(snippet)}


def marked(snippet: Snippet) -> Markup:
    """The text with its matches marked."""
    parts, at = [], 0
    for start, end in snippet.matches:
        parts += [Markup.escape(snippet.text[at:start]), render("mark", text=snippet.text[start:end])]
        at = end
    return NOTHING.join([*parts, Markup.escape(snippet.text[at:])])
