"""No page holds anything from outside or anything that runs, whatever strangers wrote; and no GET changes a thing."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.routing import Route

from ingest.app import create_app
from ingest.jobs import migrate
from ingest.settings import Settings
from ingest.wiring import open_house
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


def routes(folder: Path) -> list[tuple[str, set[str]]]:
    """Every route of the application, with its methods."""
    settings = Settings(data=folder)
    migrate(settings.jobs_url)
    house = open_house(settings, "web")
    app = create_app(house)
    house.close()
    nested = [route.original_router.routes if hasattr(route, "original_router") else [route] for route in app.routes]
    return [(route.path, set(route.methods or ())) for group in nested for route in group if isinstance(route, Route)]


def test_no_route_takes_get_together_with_a_method_that_writes(tmp_path: Path) -> None:
    found = routes(tmp_path)
    assert len(found) > 30
    reading = [(path, methods) for path, methods in found if methods & {"GET", "HEAD"}]
    assert all(methods <= {"GET", "HEAD"} for _, methods in reading)
    assert {path for path, methods in reading if "GET" in methods} == {
        path for path, methods in reading if "HEAD" in methods
    }


def test_no_get_changes_anything(desk: Desk, tmp_path: Path) -> None:
    """Asking for everything there is leaves the table as it was."""
    job = desk.back.drop()
    before = desk.back.jobs.last_seq()
    for path in [path for path, methods in routes(tmp_path) if "GET" in methods]:
        address = path.format(job_id=job.id, kind="text", name="original", asset="swagger-ui.css")
        for accept in ("application/json", "text/html, application/json"):
            assert desk.client.get(address, headers={"Accept": accept}).status_code < 500
    assert desk.back.jobs.last_seq() == before
    assert desk.client.get(f"/v1/jobs/{job.id}").json()["state"] == "queued"
