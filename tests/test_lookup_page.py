"""The page for searching: without JavaScript, with the worst of texts in it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ingest.lookup_page import marked
from ingest.search.base import Snippet
from tests.outline import EVIL, HTML, Outline
from tests.server import Server, running_server
from tests.test_lookup import drop, soon


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("page"), workers=1) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30, headers=HTML) as http:
        yield http


def look(client: httpx.Client, path: str, status: int = 200) -> Outline:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return Outline(answer.text)


def searching(found: Outline) -> dict[str, str | None]:
    (form,) = [form for form in found.all("form") if form["action"] == "/search"]
    return form


def test_there_is_a_box_on_the_start_page_and_one_on_its_own(client: httpx.Client) -> None:
    for path in ("/", "/search"):
        found = look(client, path)
        assert searching(found)["method"] == "get"
        (box,) = [field for field in found.all("input") if field["name"] == "q"]
        assert (box["type"], box["value"], box["maxlength"]) == ("search", "", "1000")
        assert {"for": "q", "class": "unseen"} in found.all("label")
    assert "/search" in [link["href"] for link in look(client, "/docs/errors").all("a")]


def test_what_is_found_is_marked_and_leads_to_its_job(client: httpx.Client) -> None:
    job_id = drop(client, "Call me Ishmael.", "moby-dick.txt", metadata={"about": "a whale called Ishmael"})
    soon(client, "ishmael", job_id)
    answer = client.get("/search", params={"q": "ishmael"})
    assert "Call me <mark>Ishmael</mark>." in answer.text
    found = Outline(answer.text)
    assert f"/jobs/{job_id}" in [link["href"] for link in found.all("a")]
    assert len(found.all("mark")) == 2
    assert "about: a whale called Ishmael" in found.text
    (box,) = [field for field in found.all("input") if field["name"] == "q"]
    assert box["value"] == "ishmael"


def test_nothing_that_a_text_or_a_query_says_runs(client: httpx.Client) -> None:
    job_id = drop(client, f"evil {EVIL} word", EVIL, metadata={EVIL: f"evil {EVIL}"})
    soon(client, "evil", job_id)
    for q in ("evil", "script alert", EVIL, "{q}", "%s"):
        answer = client.get("/search", params={"q": q})
        found = Outline(answer.text)
        assert found.all("script") == []
        assert found.all("img") == [{"src": "/static/icon.svg", "alt": "", "width": "28", "height": "28"}]
        assert "<script>alert" not in answer.text


def test_nothing_found_and_a_query_that_can_not_be_are_told_beside_the_box(client: httpx.Client) -> None:
    found = look(client, "/search?q=nowhere-to-be-seen")
    assert "Nothing says “nowhere-to-be-seen”" in found.text
    for path, status, words in (
        ("/search?q=-without", 422, "There is no word to look for"),
        ("/search?q=a*", 422, "2 letters at least"),
        ("/search?q=word&page_token=x", 422, "page_token"),
    ):
        found = look(client, path, status)
        assert words in found.text
        assert searching(found)
    assert look(client, "/search?q=%20").all("mark") == []


def test_filters_and_pages_keep_what_was_asked_for(client: httpx.Client) -> None:
    jobs = [drop(client, f"paged & words {n}") for n in range(21)]
    soon(client, "paged", jobs[-1], limit=100)
    path, seen = "/search?q=paged+%26&kind=text&order=newest", []
    while path:
        found = look(client, path)
        assert [option["value"] for option in found.all("option") if "selected" in option] == ["text", "newest"]
        links = [link["href"] or "" for link in found.all("a")]
        seen += [link.removeprefix("/jobs/") for link in links if link.startswith("/jobs/")]
        path = next((link for link in links if "page_token=" in link), "")
    assert seen == jobs[::-1]
    assert "Nothing says" in look(client, "/search?q=paged&kind=image").text


def test_without_an_index_the_page_says_so(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, workers=0, search_bytes=0) as server,
        httpx.Client(base_url=server.url, headers=HTML) as client,
    ):
        assert "switched off" in look(client, "/search?q=a", 404).text


def test_marks_stand_in_the_text_and_all_else_is_escaped() -> None:
    snippet = Snippet("text", "<b>one</b> & two", ((3, 6), (13, 16)))
    assert marked(snippet) == "&lt;b&gt;<mark>one</mark>&lt;/b&gt; &amp; <mark>two</mark>"
    assert marked(Snippet("text", "<i>")) == "&lt;i&gt;"
