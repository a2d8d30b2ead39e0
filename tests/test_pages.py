"""Pages for people: without JavaScript, with it in a real browser, and with the worst of names in them."""

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from ingest.jobs.base import Job
from ingest.jobs.outcomes import Done, Retry
from tests.backdoor import UNKNOWN, Desk, open_desk
from tests.outline import EVIL, HTML, Outline, page


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("pages")) as opened:
        yield opened


def webp(color: str) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (4, 3), color).save(buffer, "WEBP")
    return buffer.getvalue()


def test_the_form_has_one_file_and_a_button_for_every_kind(desk: Desk) -> None:
    found = page(desk, "/")
    (form,) = [form for form in found.all("form") if form["method"] == "post"]
    assert (form["action"], form["method"], form["enctype"]) == ("/v1/ingest/auto", "post", "multipart/form-data")
    (file,) = [field for field in found.all("input") if field["name"] == "file"]
    assert (file["type"], file["name"]) == ("file", "file")
    kinds = [kind["kind"] for kind in desk.client.get("/v1/kinds").json()["kinds"]]
    assert [button.get("formaction") for button in found.all("button")] == [
        None,
        *(f"/v1/ingest/{kind}" for kind in kinds),
        None,  # that of the search
    ]


def test_a_form_posted_as_a_browser_does_leads_to_the_page_of_the_job(desk: Desk) -> None:
    headers = {**HTML, "Origin": desk.server.url, "Sec-Fetch-Site": "same-origin"}
    files = {"file": ("notes.txt", b"one\ntwo\n", "text/plain")}
    answer = desk.client.post("/v1/ingest/auto", files=files, headers=headers)
    assert answer.status_code == 202
    found = Outline(answer.text)
    (refresh,) = [meta for meta in found.all("meta") if meta.get("http-equiv") == "refresh"]
    job_id = answer.headers["location"].rpartition("/")[2]
    assert refresh["content"] == f"0; url=/jobs/{job_id}"
    assert f"/jobs/{job_id}" in [link["href"] for link in found.all("a")]
    assert "notes.txt" in page(desk, f"/jobs/{job_id}").text


def test_the_start_page_lists_the_newest_jobs_and_leads_to_older_ones(tmp_path: Path) -> None:
    with open_desk(tmp_path) as own:
        assert "No jobs yet" in page(own, "/").text
        dropped = [own.back.drop(name=f"file-{n}.txt").id for n in range(25)]
        seen: list[str] = []
        path = "/"
        while path:
            links = [str(link["href"]) for link in page(own, path).all("a")]
            seen += [link.removeprefix("/jobs/") for link in links if link.startswith("/jobs/")]
            path = next((link for link in links if link.startswith("/?before=")), "")
        assert seen == dropped[::-1]


def test_the_page_of_an_active_job_comes_again_by_itself_and_can_cancel(desk: Desk) -> None:
    claim = desk.back.running()
    desk.back.report(claim, 0.4, "resizing")
    found = page(desk, f"/jobs/{claim.job.id}")
    (refresh,) = [meta for meta in found.all("meta") if meta.get("http-equiv") == "refresh"]
    assert refresh["content"] == f"2; url=/jobs/{claim.job.id}"
    assert found.all("progress")[0]["value"] == "0.400"
    assert "resizing" in found.text
    assert "40 of 100 lines" in found.text
    assert [form["action"] for form in found.all("form")] == [f"/jobs/{claim.job.id}/cancel"]


def test_a_bar_without_a_denominator_has_no_value(desk: Desk) -> None:
    claim = desk.back.running()
    assert "value" not in page(desk, f"/jobs/{claim.job.id}").all("progress")[0]


def test_a_waiting_job_tells_how_many_are_before_it(desk: Desk) -> None:
    desk.back.drop()
    assert re.search(r"Waiting; \d+ ahead", page(desk, f"/jobs/{desk.back.drop().id}").text)


def finished(desk: Desk) -> Job:
    return desk.back.succeeded(
        desk.back.output("large.webp", webp("red"), "image/webp", width=4, height=3),
        desk.back.output("clip.mp4", b"film", "video/mp4"),
        desk.back.output("page.html", b"<script>", "text/html"),
        result={"lines": 12345, "encoding": "utf-8", "preview": "one\n<b>two</b>", "nested": {"a": [1, {"b": None}]}},
        name=EVIL,
        metadata={EVIL: EVIL},
    )


def test_the_page_of_a_finished_job_shows_its_files_and_result_and_stays(desk: Desk) -> None:
    job = finished(desk)
    found = page(desk, f"/jobs/{job.id}")
    files = f"/v1/jobs/{job.id}/files/"
    assert [image["src"] for image in found.all("img")] == ["/static/icon.svg", f"{files}large.webp"]
    assert [film["src"] for film in found.all("video")] == [f"{files}clip.mp4"]
    assert {f"{files}{name}" for name in ("large.webp", "clip.mp4", "page.html", "original")} <= {
        link["href"] for link in found.all("a")
    }
    assert "12,345" in found.text
    assert "one\n<b>two</b>" in found.text
    assert "0.25 s" in found.text
    assert not [meta for meta in found.all("meta") if meta.get("http-equiv") == "refresh"]
    assert "data-active" not in found.all("div")[0]


def test_the_columns_of_a_table_are_shown_as_a_table(desk: Desk) -> None:
    """Also where there are more than fit, and whatever the file calls them."""
    names = ["<b>id</b>", *(f"c{number}" for number in range(99))]
    columns = [{"name": name, "type": "integer", "null_count": place * 1000} for place, name in enumerate(names)]
    bad = {"record": 3, "line": 3, "column": 1, "reason": "A quote is not closed.", "text": '"<i>\nx'}
    job = desk.back.succeeded(result={"csv": {"delimiter": ",", "columns": columns, "bad_rows": [bad]}})
    answer = desk.client.get(f"/jobs/{job.id}", headers=HTML).text
    assert '<th scope="col">null count</th>' in answer
    assert "<tr><td>&lt;b&gt;id&lt;/b&gt;</td><td>integer</td><td>0</td></tr>" in answer
    assert "<tr><td>c1</td><td>integer</td><td>2,000</td></tr>" in answer
    assert "<td>c48</td>" in answer
    assert "<td>c49</td>" not in answer
    assert "and 50 more" in answer
    assert "&#34;&lt;i&gt;\nx</pre>" in answer
    assert "&#34;columns&#34;" not in answer


@pytest.mark.parametrize(
    "rows",
    [
        [{"name": "a"}],
        [{"name": "a"}, {"other": "b"}],
        [{"name": "a"}, {"name": {"in": {"in": 1}}}],
        [{"name": "a"}, "b"],
        [{str(number): number for number in range(7)}] * 2,
    ],
    ids=["one", "other fields", "nested", "no objects", "many fields"],
)
def test_what_is_no_table_is_not_shown_as_one(desk: Desk, rows: list[object]) -> None:
    job = desk.back.succeeded(result={"found": rows})
    assert "<th scope" not in desk.client.get(f"/jobs/{job.id}", headers=HTML).text


def test_a_film_shows_its_poster_until_it_plays(desk: Desk) -> None:
    job = desk.back.succeeded(
        desk.back.output("poster.webp", webp("red"), "image/webp", width=4, height=3),
        desk.back.output("web.mp4", b"film", "video/mp4"),
        result={},
    )
    (film,) = page(desk, f"/jobs/{job.id}").all("video")
    assert film["poster"] == f"/v1/jobs/{job.id}/files/poster.webp"


def test_the_page_of_a_failed_job_says_why(desk: Desk) -> None:
    job = desk.back.failed("corrupt_input", "The picture ends in line 3.")
    found = page(desk, f"/jobs/{job.id}")
    assert "The file is damaged" in found.text
    assert "The picture ends in line 3." in found.text
    assert "/docs/errors#job-corrupt_input" in [link["href"] for link in found.all("a")]


def test_every_attempt_is_listed(desk: Desk) -> None:
    job = desk.back.drop()
    desk.back.finish(desk.back.claim(job), Retry("a hand from outside"))
    desk.back.finish(desk.back.claim(job), Done({}))
    found = page(desk, f"/jobs/{job.id}")
    assert "2 attempts" in found.text
    assert "killed" in found.text


def test_the_buttons_cancel_and_delete(desk: Desk) -> None:
    job = desk.back.drop()
    answer = desk.client.post(f"/jobs/{job.id}/cancel", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs/{job.id}")
    assert [form["action"] for form in page(desk, f"/jobs/{job.id}").all("form")] == [f"/jobs/{job.id}/delete"]
    answer = desk.client.post(f"/jobs/{job.id}/delete", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert desk.client.get(f"/jobs/{job.id}").status_code == 410


@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_another_sites_page_can_press_no_button(desk: Desk, headers: dict[str, str]) -> None:
    queued, done = desk.back.drop(), desk.back.succeeded()
    for path in (f"/jobs/{queued.id}/cancel", f"/jobs/{done.id}/delete", f"/v1/jobs/{queued.id}/cancel"):
        assert desk.client.post(path, headers=headers).status_code == 403
    assert desk.client.delete(f"/v1/jobs/{done.id}", headers=headers).status_code == 403
    assert desk.client.get(f"/v1/jobs/{queued.id}").json()["state"] == "queued"
    assert desk.client.get(f"/v1/jobs/{done.id}").status_code == 200


def test_what_goes_wrong_is_a_page_for_browsers_and_json_for_programs(desk: Desk) -> None:
    answer = desk.client.get(f"/jobs/{UNKNOWN}", headers=HTML)
    assert answer.status_code == 404
    found = Outline(answer.text)
    assert "There is nothing here" in found.text
    assert "/docs/errors#not_found" in [link["href"] for link in found.all("a")]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert desk.client.get(f"/jobs/{UNKNOWN}").json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["/jobs/nonsense", "/jobs/%00", f"/jobs/{'a' * 4096}", "/jobs/%3Cscript%3E"])
def test_an_address_that_is_none_is_a_plain_404(desk: Desk, path: str) -> None:
    answer = desk.client.get(path, headers=HTML)
    assert answer.status_code == 404
    assert "<script>" not in answer.text.replace("<script type", "")


@pytest.mark.parametrize("before", ["x", "", "%00", "9" * 5000])
def test_a_place_in_the_list_that_is_none_is_refused(desk: Desk, before: str) -> None:
    assert desk.client.get(f"/?before={before}", headers=HTML).status_code == 422
