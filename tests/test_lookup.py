"""`GET /v1/search` on a real server: what was dropped off is found by what it says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.lookup import Wish, read_token, write_token
from ingest.search.base import Place, SearchFilter
from tests.backdoor import problem
from tests.rawhttp import exchange, head, is_alive, within
from tests.server import Server, running_server, wait_for_job

SECONDS = 15.0
WHALE = "Call me Ishmael. Some years ago, never mind how long precisely.\n"
CAT = "吾輩は猫である。名前はまだ無い。\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("lookup"), workers=1, search_bytes=100_000) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as http:
        yield http


def drop(client: httpx.Client, text: str | bytes, name: str = "notes.txt", **fields: Any) -> str:
    data = {name: json.dumps(value) for name, value in fields.items()}
    content = text if isinstance(text, bytes) else text.encode()
    files = {"file": (name, content, "text/plain")}
    answer = client.post("/v1/ingest/text", data=data, files=files, headers={"Accept": "application/json"})
    assert answer.status_code == 202, answer.text
    job = wait_for_job(client, answer.json()["id"])
    assert job["state"] == "succeeded"
    return str(job["id"])


def search(client: httpx.Client, q: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get("/v1/search", params={"q": q, **parameters})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def soon(client: httpx.Client, q: str, job_id: str, **parameters: Any) -> dict[str, Any]:
    """The hit of a job, which the indexer comes to within moments."""
    for _ in within(SECONDS):
        for hit in search(client, q, **parameters)["hits"]:
            if hit["id"] == job_id:
                return dict(hit)
        client.get(f"/v1/jobs/{job_id}", params={"wait": 1})
    raise AssertionError(f"{job_id} was not found by {q!r}")


def ids(page: dict[str, Any]) -> list[str]:
    return [hit["id"] for hit in page["hits"]]


def test_a_text_is_found_by_what_it_says_with_the_place_where_it_says_it(client: httpx.Client) -> None:
    job_id = drop(client, WHALE, "moby-dick.txt", metadata={"shelf": "novels"})
    hit = soon(client, "ishmael", job_id)
    job = client.get(f"/v1/jobs/{job_id}").json()
    assert hit["created_at"] == job["created_at"]
    assert hit["input"] == {key: job["input"][key] for key in ("name", "size", "media_type")}
    assert (hit["kind"], hit["metadata"], hit["is_cut"]) == ("text", {"shelf": "novels"}, False)
    assert hit["links"] == {"self": f"/v1/jobs/{job_id}", "page": f"/jobs/{job_id}"}
    assert hit["score"] > 0
    assert hit["snippets"] == [{"field": "text", "text": WHALE.strip(), "matches": [[8, 15]]}]
    assert client.get(hit["links"]["self"]).status_code == 200


@pytest.mark.parametrize(
    ("encoding", "params"),
    [
        ("utf-8", {}),
        ("utf-8-sig", {}),
        ("utf-16", {}),
        ("utf-32", {}),
        ("shift_jis", {"encoding": "shift_jis"}),
        ("euc-jp", {"encoding": "euc-jp"}),
        ("gb18030", {"encoding": "gb18030"}),
    ],
)
def test_any_part_of_a_text_in_ideographs_is_found_whatever_its_encoding(
    client: httpx.Client, encoding: str, params: dict[str, str]
) -> None:
    name = f"{encoding}.txt"
    job_id = drop(client, CAT.encode(encoding), name, params=params)
    for part in ("猫", "名前", "輩は猫", "まだ無"):
        hit = soon(client, f'{part} "{name}"', job_id)
        *_, of_text = hit["snippets"]
        assert [of_text["text"][start:end] for start, end in of_text["matches"]] == [part]
    assert job_id not in ids(search(client, "犬"))


def test_a_text_is_searched_as_far_as_the_operator_allows(client: httpx.Client) -> None:
    job_id = drop(client, "nearby " + "filler " * 20_000 + "faraway")
    assert soon(client, "nearby", job_id)["is_cut"]
    assert job_id not in ids(search(client, "faraway"))


def test_who_does_not_want_to_be_found_is_not(client: httpx.Client) -> None:
    hidden = drop(client, "a hidden treasure", "hidden-treasure.txt", params={"index": False})
    shown = drop(client, "another treasure")
    soon(client, "treasure", shown)
    assert hidden not in ids(search(client, "treasure"))
    assert client.get(f"/v1/jobs/{hidden}/result").json()["result"]["searchable"] is None


def test_a_deleted_job_is_not_found_any_more(client: httpx.Client) -> None:
    job_id = drop(client, "ephemeral words")
    soon(client, "ephemeral", job_id)
    assert client.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert search(client, "ephemeral")["hits"] == []


def test_a_picture_is_found_by_its_name_and_metadata(client: httpx.Client) -> None:
    files = {"file": ("sunset-at-the-pier.png", (Path(__file__).parents[1] / "samples/photo.jpg").read_bytes())}
    data = {"metadata": json.dumps({"photographer": "Zoë Müller"})}
    answer = client.post("/v1/ingest/image", data=data, files=files)
    job_id = answer.json()["id"]
    wait_for_job(client, job_id)
    assert soon(client, "pier sunset", job_id)["snippets"][0]["field"] == "name"
    (of_metadata,) = soon(client, "zoe muller", job_id)["snippets"]
    assert of_metadata == {
        "field": "metadata",
        "key": "photographer",
        "text": "Zoë Müller",
        "matches": [[0, 3], [4, 10]],
    }


def test_filters_pick_by_kind_time_and_metadata(client: httpx.Client) -> None:
    jobs = [drop(client, f"filtered words {n}", metadata={"box": f"{n % 2}", "all": "yes"}) for n in range(4)]
    soon(client, "filtered", jobs[-1])
    times = [client.get(f"/v1/jobs/{job}").json()["created_at"] for job in jobs]

    def picked(**where: Any) -> list[str]:
        return ids(search(client, "filtered", order="newest", **where))

    assert picked() == picked(kind="text") == jobs[::-1]
    assert picked(kind="image") == []
    assert picked(metadata='{"box": "1"}') == [jobs[3], jobs[1]]
    assert picked(metadata='{"box": "1", "all": "yes"}') == [jobs[3], jobs[1]]
    assert picked(metadata='{"box": "2"}') == picked(metadata='{"all": "1"}') == []
    assert picked(since=times[2]) == [jobs[3], jobs[2]]
    assert picked(until=times[2]) == [jobs[1], jobs[0]]
    assert picked(since=times[1], until=times[3], metadata='{"box": "0"}') == [jobs[2]]


@pytest.mark.parametrize("order", ["rank", "newest"])
def test_pages_hold_every_hit_once(client: httpx.Client, order: str) -> None:
    jobs = [drop(client, f"paged {order} " * (n % 3 + 1), metadata={"order": order}) for n in range(7)]
    soon(client, f"paged {order}", jobs[-1])
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = search(client, f"paged {order}", order=order, limit=3, **token)
        seen += ids(page)
        if page["next_page_token"] is None:
            break
        assert len(page["hits"]) == 3
        token = {"page_token": page["next_page_token"]}
    assert sorted(seen) == sorted(jobs)
    if order == "newest":
        assert seen == jobs[::-1]


def test_the_answer_has_a_tag_and_is_not_sent_twice(client: httpx.Client) -> None:
    first = client.get("/v1/search", params={"q": "nowhere"})
    again = client.get("/v1/search", params={"q": "nowhere"}, headers={"If-None-Match": first.headers["etag"]})
    assert (first.json(), again.status_code) == ({"hits": [], "is_partial": False, "next_page_token": None}, 304)
    assert client.head("/v1/search", params={"q": "nowhere"}).status_code == 200


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        ("", None),
        ("   ", None),
        ("-only -without", None),
        ('"" -- *** !?', None),
        ("\0", None),
        ("\ufffd", None),
        ("a*", 2),
        ("x" * 1001, 1000),
        ("w " * 500, None),
        (" ".join(f"w{n}" for n in range(33)), 32),
        ("猫" * 200, 128),
    ],
)
def test_a_query_that_can_not_be_searched_for_is_refused_by_its_limit(
    client: httpx.Client, query: str, limit: int | None
) -> None:
    answer = client.get("/v1/search", params={"q": query})
    if query.startswith("w w"):  # the same word again is one word
        assert answer.status_code == 200
        return
    assert problem(answer) == (422, "invalid_query")
    assert answer.json().get("limit") == limit


@pytest.mark.parametrize("size", [10_000, 1 << 20])
@pytest.mark.parametrize("words", ["a", "word%20", "%22"])
def test_a_flood_of_a_query_is_refused_and_harms_nobody(server: Server, words: str, size: int) -> None:
    """By its length, or by the HTTP parser, which closes the line on so long a one."""
    answer = exchange(server.port, head("GET", f"/v1/search?q={words * (size // len(words))}"))
    assert answer is None or 400 <= answer.status < 500
    assert is_alive(server)


@pytest.mark.parametrize(
    "query",
    [
        "kind=text",
        *(f"q=a&limit={limit}" for limit in ("0", "-1", "101", "1e3", "x", "", str(10**40))),
        *(f"q=a&page_token={token}" for token in ("x", "", "AAAA", "%00", "W10", "WzEsMSwxLCJ4Il0", "e" * 5000)),
        *(f"q=a&since={since}" for since in ("x", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", str(10**40))),
        "q=a&until=yesterday",
        "q=a&order=oldest",
        f"q=a&kind={'k' * 65}",
    ],
    ids=lambda query: query[:30],
)
def test_a_parameter_that_can_not_be_right_is_refused_by_its_name(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/v1/search?{query}")
    assert problem(answer) == (422, "invalid_parameter")


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ("box=1", "malformed_json"),
        ("[1]", "invalid_metadata"),
        ('{"a": 1}', "invalid_metadata"),
        ("", "malformed_json"),
    ],
)
def test_metadata_is_a_json_object_of_strings_here_too(client: httpx.Client, metadata: str, code: str) -> None:
    assert problem(client.get("/v1/search", params={"q": "a", "metadata": metadata}))[1] == code


def test_a_token_is_good_for_its_own_search_only(client: httpx.Client) -> None:
    jobs = [drop(client, "tokens and more") for _ in range(3)]
    soon(client, "tokens", jobs[-1])
    token = search(client, "tokens", limit=1)["next_page_token"]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    for other in ({"q": "more"}, {"kind": "text"}, {"order": "newest"}, {"metadata": '{"a":"b"}'}):
        answer = client.get("/v1/search", params={"q": "tokens", "page_token": token, **other})
        assert problem(answer) == (422, "invalid_parameter")
    assert ids(search(client, "tokens", limit=5, page_token=token))


@given(st.builds(Place, *[st.integers(0, 2**63 - 1)] * 3), st.text(max_size=20))
def test_a_token_says_what_was_put_into_it(place: Place, q: str) -> None:
    wish = Wish(q.encode(errors="replace").decode(), SearchFilter())
    assert read_token(wish, write_token(wish, place)) == place


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(max_size=50) | st.text(st.sampled_from('ab"*-:(){}^ +東\0'), max_size=50))
def test_any_query_is_answered_or_refused(client: httpx.Client, q: str) -> None:
    encoded = quote(q.encode(errors="surrogatepass"))
    answer = client.get(f"/v1/search?q={encoded}")
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert answer.json()["code"] == "invalid_query"


def test_bytes_that_are_no_text_are_a_query_like_any_other(client: httpx.Client) -> None:
    for raw in ("%ff%fe", "%ed%a0%80", "a%00b", "%f0%9f"):
        assert client.get(f"/v1/search?q={raw}").status_code in (200, 422)


def test_search_needs_the_key_and_a_host_like_every_other_route(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=0, api_key="s3cret") as server, httpx.Client(base_url=server.url) as client:
        for path in ("/v1/search?q=a", "/search"):
            assert problem(client.get(path)) == (401, "unauthorized")
            assert client.get(path, headers={"Authorization": "Bearer s3cret"}).status_code == 200
    with running_server(tmp_path / "open", workers=0) as server, httpx.Client(base_url=server.url) as client:
        assert problem(client.get("/v1/search?q=a", headers={"Host": "evil.example"})) == (400, "bad_host")


def test_a_server_without_search_says_so_and_keeps_no_index(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, workers=1, search_bytes=0) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        drop(client, WHALE)
        answer = client.get("/v1/search?q=a")
        assert problem(answer) == (404, "not_found")
        assert "DROPOFF_SEARCH_BYTES" in answer.json()["detail"]
        assert 'action="/search"' not in client.get("/", headers={"Accept": "text/html"}).text
        assert not [*server.data.glob("search.db*")]


def test_an_index_that_was_deleted_is_there_again_after_a_restart(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=1) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        job_id = drop(client, WHALE)
        soon(client, "ishmael", job_id)
        server.kill()
        for path in server.data.glob("search.db*"):
            path.unlink()
        server.start()
        with httpx.Client(base_url=server.url, timeout=30) as again:
            assert soon(again, "ishmael", job_id)["score"] > 0


def test_several_web_processes_find_the_same(tmp_path: Path) -> None:
    with running_server(tmp_path, workers=1, web_processes=2) as server:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            job_id = drop(client, WHALE)
            soon(client, "ishmael", job_id)
        for _ in range(12):  # each on a connection of its own, which either of them may take
            assert ids(httpx.get(f"{server.url}/v1/search?q=ishmael").json()) == [job_id]
