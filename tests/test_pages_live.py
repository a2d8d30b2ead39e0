"""The pages in a real browser: scripts at work, nothing to complain about, and nobody else asked for anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.jobs.outcomes import Done
from tests.backdoor import UNKNOWN, Desk, open_desk
from tests.browser import Browser, open_browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("live")) as opened:
        yield opened


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def browser(chromium: Browser, desk: Desk) -> Iterator[Browser]:
    """Whatever a test does, the console stays silent and no other host is asked."""
    chromium.open("about:blank")
    chromium.requests.clear()
    chromium.complaints.clear()
    yield chromium
    assert chromium.complaints == []
    assert [url for url in chromium.requests if not url.startswith((f"{desk.server.url}/", "data:", "about:"))] == []


def test_every_page_is_shown_without_a_complaint(browser: Browser, desk: Desk) -> None:
    film = desk.back.output("clip.mp4", b"no film at all", "video/mp4")
    for path in ("/", f"/jobs/{desk.back.succeeded(film).id}", f"/jobs/{desk.back.failed().id}", "/docs/errors"):
        browser.open(f"{desk.server.url}{path}")
        assert "Dropoff" in browser.text()


def test_a_chosen_file_goes_up_and_stands_in_the_list(browser: Browser, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("one\ntwo\n")
    (tmp_path / "diary.txt").write_text("three\nfour\n")
    browser.open(f"{desk.server.url}/")
    browser.choose_file("#file", tmp_path / "letter.txt", tmp_path / "diary.txt")
    browser.ask("document.querySelector('button.primary').click()")
    browser.wait_for(
        "['letter.txt', 'diary.txt'].every(name => document.querySelector('#recent').innerText.includes(name))"
    )
    browser.wait_for("document.querySelector('#uploads').children.length === 0")
    jobs = {job["input"]["name"]: job for job in desk.client.get("/v1/jobs").json()["jobs"]}
    assert jobs["letter.txt"]["kind"] == jobs["diary.txt"]["kind"] == "text"


def test_a_button_says_what_the_file_is_and_a_refusal_stands_beside_the_file(
    browser: Browser, desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "no-photo.txt").write_text("one\ntwo\n")
    browser.open(f"{desk.server.url}/")
    browser.choose_file("#file", tmp_path / "no-photo.txt")
    browser.ask("document.querySelector('button[formaction$=image]').click()")
    browser.wait_for("document.querySelector('#uploads li.failed')")
    assert "no-photo.txt" in browser.ask("document.querySelector('#uploads').innerText")
    assert "no-photo.txt" not in browser.ask("document.querySelector('#recent').innerText")
    browser.complaints.clear()  # the console notes every answer of 400 and above


DROP = """
    const carried = new DataTransfer();
    carried.items.add(new File(["dropped words\\n"], "dropped.txt", {type: "text/plain"}));
    document.body.dispatchEvent(new DragEvent("dragover", {dataTransfer: carried, bubbles: true, cancelable: true}));
    const lit = document.querySelector("#drop").classList.contains("dropping");
    document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
    lit
"""


def test_a_file_dropped_anywhere_on_the_page_goes_up(browser: Browser, desk: Desk) -> None:
    browser.open(f"{desk.server.url}/")
    assert browser.ask(DROP) is True
    browser.wait_for("document.querySelector('#recent').innerText.includes('dropped.txt')")
    assert browser.ask("document.querySelector('#drop').classList.contains('dropping')") is False


def test_the_list_follows_the_jobs_in_it(browser: Browser, desk: Desk) -> None:
    claim = desk.back.running(name="followed.txt")
    browser.open(f"{desk.server.url}/")
    row = "[...document.querySelectorAll('#recent li')].find(row => row.innerText.includes('followed.txt')).innerText"
    assert "running" in browser.ask(row)
    desk.back.finish(claim, Done({}))
    browser.wait_for(f"{row}.includes('succeeded')")


def test_the_page_of_a_job_shows_progress_as_it_comes_and_then_the_result(browser: Browser, desk: Desk) -> None:
    """On one and the same page: it is never loaded again."""
    job = desk.back.drop(name="live.txt")
    browser.open(f"{desk.server.url}/jobs/{job.id}")
    browser.ask("window.stayed = true")
    assert "Waiting" in browser.text()
    claim = desk.back.claim(job)
    browser.wait_for("document.querySelector('.badge').innerText === 'running'")
    desk.back.report(claim, 0.25, "counting lines")
    browser.wait_for("document.querySelector('#stage').innerText === 'counting lines'")
    assert browser.ask("document.querySelector('#bar').value") == 0.25
    assert browser.ask("document.querySelector('#amount').innerText") == "25 of 100 lines"
    desk.back.finish(claim, Done({"lines": 54321}, (desk.back.output("count.txt", b"54321"),)))
    browser.wait_for("document.querySelector('.badge').innerText === 'succeeded'")
    assert "54,321" in browser.text()
    assert "count.txt" in browser.text()
    assert browser.ask("window.stayed") is True
    assert browser.ask("document.querySelector('#bar')") is None


def test_cancel_works_from_the_page(browser: Browser, desk: Desk) -> None:
    job = desk.back.drop()
    browser.open(f"{desk.server.url}/jobs/{job.id}")
    browser.ask("document.querySelector('form[action$=cancel] button').click()")
    browser.wait_for("document.querySelector('.badge')?.innerText === 'cancelled'")
    browser.ask("document.querySelector('form[action$=delete] button').click()")
    browser.wait_for("location.pathname === '/'")
    assert desk.client.get(f"/v1/jobs/{job.id}").status_code == 410


def test_a_page_of_what_is_not_there_says_so(browser: Browser, desk: Desk) -> None:
    browser.open(f"{desk.server.url}/jobs/{UNKNOWN}")
    assert "There is nothing here" in browser.text()
    browser.complaints.clear()  # the console notes every answer of 400 and above


def test_the_api_page_is_rendered_from_local_files_and_can_drop_a_file_off(
    browser: Browser, desk: Desk, tmp_path: Path
) -> None:
    (tmp_path / "api.txt").write_text("sent from the API page\n")
    browser.open(f"{desk.server.url}/docs")
    browser.wait_for("document.querySelector('.opblock-post')")
    assert "Drop a file off" in browser.text()
    browser.ask("document.querySelector('.opblock-post .opblock-summary-control').click()")
    browser.wait_for("document.querySelector('.opblock-post input[type=file]')")
    browser.choose_file(".opblock-post input[type=file]", tmp_path / "api.txt")
    browser.ask("document.querySelector('.opblock-post .execute').click()")
    browser.wait_for("document.querySelector('.live-responses-table')?.innerText.includes('202')")
    names = [job["input"]["name"] for job in desk.client.get("/v1/jobs").json()["jobs"]]
    assert "api.txt" in names
