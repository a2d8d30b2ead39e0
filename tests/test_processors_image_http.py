"""Hostile images over HTTP: refused at the door or failed with a code, and the next good one is served all the same."""

import json
from typing import Any

import httpx
import pytest

from tests.hostile_images import BOMBS, MB, ODDITIES, WRONG, liar
from tests.pictures import encoded, quarters
from tests.rendition_bytes import PIXELS_ONLY, parts
from tests.server import dropped, wait_for_job
from tests.test_processors_image_privacy import SECRET, TELLTALES

BOMBS_DROPPED = ("4 gigapixels", "a gif frame far out", "200 MB of text", "300 scans", "3,000 pages", "60,000 tags")


def code(job: Any) -> str | None:
    return job["error"]["code"] if job["error"] else None


@pytest.mark.parametrize("name", BOMBS_DROPPED)
def test_a_bomb_fails_at_its_first_attempt_and_in_little_memory(name: str, client: httpx.Client) -> None:
    job = dropped(client, BOMBS[name](), "image")
    assert (job["state"], code(job)) == ("failed", "limit_exceeded")
    (attempt,) = job["attempts"]
    assert attempt["cpu_seconds"] < 0.5
    assert attempt["peak_rss_bytes"] < 100 * MB


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_image_is_refused_at_the_door_or_fails(name: str, client: httpx.Client) -> None:
    expected, make = WRONG[name]
    answer = client.post("/v1/ingest/image", params={"name": "photo.jpg"}, content=make())
    if answer.status_code == 202:
        assert code(wait_for_job(client, answer.json()["id"])) == expected
    else:
        assert answer.json()["code"] in {"empty_file", "unsupported_media_type", "kind_mismatch"}


def test_a_request_may_lower_the_limits_and_not_raise_them(client: httpx.Client) -> None:
    picture = encoded(quarters((300, 200)), "PNG")
    for limits in ({"max_pixels": 59_999}, {"max_side": 299}, {"max_file_bytes": len(picture) - 1}):
        assert code(dropped(client, picture, "image", limits=limits)) == "limit_exceeded", limits
    assert dropped(client, picture, "image", limits={"max_pixels": 60_000, "max_side": 300})["state"] == "succeeded"
    answer = client.post(
        "/v1/ingest/image", params={"params": json.dumps({"limits": {"max_pixels": 10**9}})}, content=b"x"
    )
    assert answer.status_code in (400, 415, 422)


def test_coded_frames_larger_than_the_container_says_are_refused(client: httpx.Client) -> None:
    job = dropped(client, liar((64, 64), (1_200, 1_000)), "image", limits={"max_pixels": 1_000_000})
    assert code(job) == "limit_exceeded"


def test_after_all_that_an_odd_image_and_a_telltale_one_are_served(client: httpx.Client) -> None:
    assert dropped(client, ODDITIES["1 x 65,535"](), "image")["state"] == "succeeded"
    job = dropped(client, TELLTALES["jpeg"], "image")
    assert job["state"] == "succeeded"
    assert SECRET not in json.dumps(job)
    assert len(job["outputs"]) == 4
    for output in job["outputs"]:
        data = client.get(output["url"]).content
        assert parts(data) <= PIXELS_ONLY["webp"]
        assert SECRET.encode() not in data
