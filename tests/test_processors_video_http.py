"""Films over HTTP: what a bare upload gives, how its progress is told, and how soon a cancel is heard."""

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import httpx_sse
import pytest

from tests.architecture import REPOSITORY
from tests.films import film, noise
from tests.hostile_films import bait, scripts
from tests.server import drop, dropped, wait_for_job

CLIP = REPOSITORY / "samples" / "clip.mp4"
TRANSCODE = {"operations": ["transcode"], "transcode": {"heights": [128], "preset": "small"}}


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Nothing repeats in it, so an encoder has to work."""
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    return film(path, noise, 1500, "mpeg4").read_bytes()


def watched(client: httpx.Client, job_id: str) -> Iterator[tuple[str, Any]]:
    """Every event of the job, to the end of the stream."""
    with httpx_sse.connect_sse(client, "GET", f"/v1/jobs/{job_id}/events") as source:
        for event in source.iter_sse():
            if event.data:  # a heartbeat is none, but looks like one to this client
                yield event.event, json.loads(event.data)


@pytest.fixture(scope="module")
def sample(client: httpx.Client) -> Any:
    """The job of the sample clip, with what is done where nothing is asked for."""
    return dropped(client, CLIP.read_bytes(), "video")


def test_a_bare_upload_gives_facts_a_poster_a_storyboard_and_a_web_version(sample: Any) -> None:
    assert sample["state"] == "succeeded", sample["error"]
    result = sample["result"]
    assert (result["video"]["codec"], result["video"]["width"], result["video"]["height"]) == ("h264", 640, 360)
    assert result["duration"] == pytest.approx(3.0, abs=0.1)
    names = {output["name"] for output in sample["outputs"]}
    board = result["storyboard"]
    assert {result["poster"]["file"], board["file"], board["vtt"], board["json_file"]} <= names
    assert result["errors"] == []
    (attempt,) = sample["attempts"]
    assert attempt["cpu_seconds"] < 5
    assert attempt["peak_rss_bytes"] < 200 << 20


def test_every_file_can_be_fetched_and_is_what_it_says(sample: Any, client: httpx.Client) -> None:
    heads = {"image/webp": b"RIFF", "text/vtt": b"WEBVTT", "application/json": b"{", "video/mp4": b"\0\0\0"}
    for output in sample["outputs"]:
        answer = client.get(output["url"])
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(output["media_type"])
        assert len(answer.content) == output["size"]
        head = heads[output["media_type"].partition(";")[0]]
        assert answer.content.startswith(head), output["name"]


def test_the_cues_of_a_storyboard_point_at_a_sheet_that_lies_beside_them(sample: Any, client: httpx.Client) -> None:
    board = sample["result"]["storyboard"]
    urls = {output["name"]: output["url"] for output in sample["outputs"]}
    answer = client.get(urls[board["vtt"]])
    assert answer.headers["content-type"].startswith("text/vtt")
    places = [line for line in answer.text.splitlines() if "#xywh=" in line]
    assert len(places) == board["tiles"]
    sheet = urls[board["vtt"]].rpartition("/")[0] + "/" + places[0].partition("#")[0]
    assert client.get(sheet).headers["content-type"] == "image/webp"


def test_progress_never_goes_back_and_is_whole_only_at_the_end(long_film: bytes, client: httpx.Client) -> None:
    quick = {**TRANSCODE, "transcode": {"heights": [128]}}
    job_id = drop(client, long_film, "video", "film.mp4", **quick, storyboard={"tiles": 10})
    told = [data["fraction"] for event, data in watched(client, job_id) if event == "progress"]
    assert client.get(f"/v1/jobs/{job_id}").json()["state"] == "succeeded"
    told = [fraction for fraction in told if fraction is not None]
    assert len(set(told)) > 3
    assert all(before <= after for before, after in pairwise(told))
    assert max(told) <= 0.99


def test_a_cancelled_transcode_is_over_at_once(long_film: bytes, client: httpx.Client) -> None:
    job_id = drop(client, long_film, "video", "film.mp4", **TRANSCODE)
    deadline = time.monotonic() + 20
    while client.get(f"/v1/jobs/{job_id}").json()["progress"]["stage"] != "transcode":
        assert time.monotonic() < deadline
    asked = time.monotonic()
    assert client.post(f"/v1/jobs/{job_id}/cancel").status_code in (200, 202)
    job = wait_for_job(client, job_id)
    assert time.monotonic() - asked < 2  # half a second, on a machine that has nothing else to do
    assert (job["state"], job["outputs"]) == ("cancelled", [])


def test_a_hostile_film_fails_with_a_reason_and_the_next_good_one_is_served(
    client: httpx.Client, tmp_path: Path
) -> None:
    with bait(tmp_path) as lure:
        for name, make in scripts(lure).items():
            data = make()
            answer = client.post("/v1/ingest/video", params={"name": "film.mp4"}, content=data)
            if answer.status_code == 202:
                job = wait_for_job(client, answer.json()["id"])
                assert (job["state"], job["outputs"]) == ("failed", []), name
            else:
                assert answer.json()["code"] in {"unsupported_media_type", "kind_mismatch"}, name
        assert lure.came == []
    assert dropped(client, CLIP.read_bytes(), "video")["state"] == "succeeded"
