"""No page holds anything from outside or anything that runs, whatever strangers wrote; and no GET changes a thing."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.backdoor import UNKNOWN, Desk, open_desk
from tests.outline import EVIL, HTML, Outline

STATIC = Path(__file__).resolve().parent.parent / "ingest" / "static"
TEMPLATES = STATIC.parent / "templates"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("safety")) as opened:
        yield opened


def pages_of(desk: Desk) -> Iterator[httpx.Response]:
    job = desk.back.succeeded(name=EVIL, result={EVIL: EVIL}, metadata={EVIL: EVIL})
    failed = desk.back.failed(detail=EVIL, name=EVIL)
    for path in ("/", f"/jobs/{job.id}", f"/jobs/{failed.id}", f"/jobs/{desk.back.drop(name=EVIL).id}", "/docs/errors"):
        yield desk.client.get(path, headers=HTML)
    yield desk.client.get(f"/jobs/{UNKNOWN}", headers=HTML)
    files = {"file": (EVIL.replace('"', "'"), b"one\n", "text/plain")}
    yield desk.client.post("/v1/ingest/text", files=files, headers=HTML)


def test_no_name_becomes_markup_on_any_page(desk: Desk) -> None:
    for answer in pages_of(desk):
        found = Outline(answer.text)
        assert {"onerror"} & {name for _, attributes in found.tags for name in attributes} == set()
        assert all(script["src"].startswith("/static/") for script in found.all("script") if script["src"])
        assert "<script>" not in answer.text
        assert "<img src=x" not in answer.text


def test_no_page_holds_a_script_or_a_style_or_refers_to_another_host(desk: Desk) -> None:
    for answer in pages_of(desk):
        found = Outline(answer.text)
        for _, attributes in found.tags:
            assert "style" not in attributes
            assert not [name for name in attributes if name.startswith("on")]
            for name in ("src", "href", "action", "formaction", "poster"):
                assert (attributes.get(name) or "/").startswith(("/", "#"))
                assert not (attributes.get(name) or "/").startswith("//")
        assert found.all("style") == []
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_script_or_style_sheet_of_ours_refers_to_another_host() -> None:
    files = [*STATIC.iterdir(), *TEMPLATES.iterdir()]
    assert len(files) > 20
    for file in files:
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|[\"'(]//|@import|data:", text), file.name


def test_every_control_and_picture_has_a_name(desk: Desk) -> None:
    """For those who can't see them: a label, a text, or an alt."""
    for answer in pages_of(desk):
        found = Outline(answer.text)
        assert '<html lang="en">' in answer.text
        labelled = {label["for"] for label in found.all("label")}
        assert all(control["id"] in labelled for control in found.all("input"))
        assert all("alt" in image for image in found.all("img"))
        assert all({"aria-label", "aria-labelledby"} & set(bar) for bar in found.all("progress"))
        identities = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
        assert len(identities) == len(set(identities))


def test_a_result_of_any_shape_and_size_is_shown_within_bounds(desk: Desk) -> None:
    deep: object = "bottom"
    for _ in range(200):
        deep = {"down": deep}
    job = desk.back.succeeded(result={"deep": deep, "long": "x" * 1_000_000, "many": list(range(10_000)), "none": None})
    answer = desk.client.get(f"/jobs/{job.id}", headers=HTML)
    assert answer.status_code == 200
    assert len(answer.text) < 150_000


def test_no_get_changes_anything(desk: Desk) -> None:
    """Every route that writes takes POST, PUT or DELETE alone, and asking all others leaves the table as it was."""
    job = desk.back.drop()
    before = desk.back.jobs.last_seq()
    writes = ("cancel", "delete", "retry", "ingest")
    methods = {path: set(operations) for path, operations in desk.client.get("/openapi.json").json()["paths"].items()}
    assert not [path for path, found in methods.items() if any(word in path for word in writes) and "get" in found]
    for path in (
        *methods,
        "/",
        "/docs",
        "/docs/errors",
        "/jobs/{job_id}",
        "/jobs/{job_id}/cancel",
        "/jobs/{job_id}/delete",
    ):
        address = path.format(job_id=job.id, kind="text", name="original")
        if not address.endswith("/events"):
            assert desk.client.get(address).status_code < 500
    assert desk.back.jobs.last_seq() == before
    assert desk.client.get(f"/v1/jobs/{job.id}").json()["state"] == "queued"


def test_no_route_takes_get_together_with_a_method_that_writes(desk: Desk) -> None:
    for path in ("/jobs/x/cancel", "/jobs/x/delete", "/v1/jobs/x/cancel", "/v1/jobs/x/retry", "/v1/ingest/text"):
        for method in ("GET", "HEAD"):
            assert desk.client.request(method, path).status_code == 405
