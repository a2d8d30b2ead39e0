"""Texts over HTTP: what a real server with real cells tells of them, and the copy that can be fetched."""

import hashlib

import httpx

from tests.server import dropped
from tests.tongues import TONGUES

RUSSIAN = TONGUES["Russian"]["text"]


def test_a_legacy_text_is_read_counted_and_copied_in_utf8(client: httpx.Client) -> None:
    data = (RUSSIAN + "\r\n").encode("koi8-r")
    job = dropped(client, data, "text", normalized={"newline": "lf"}, graphemes=True, language=True, top_words=3)
    assert job["state"] == "succeeded", job
    result = job["result"]
    assert (result["encoding"], result["encoding_source"], result["language"]) == ("koi8-r", "statistical", "ru")
    assert (result["characters"], result["grapheme_clusters"]) == (len(data), len(data) - 1)
    assert (result["line_ending"], result["sha256"]) == ("crlf", hashlib.sha256(data).hexdigest())
    (output,) = job["outputs"]
    assert client.get(output["url"]).text == RUSSIAN + "\n"


def test_a_file_of_many_blocks_is_hashed_beside_its_reading_in_a_cell(client: httpx.Client) -> None:
    data = "слово и ещё одно\n".encode() * 500_000
    job = dropped(client, data, "text", format="plain")
    assert job["state"] == "succeeded", job
    assert (job["result"]["words"], job["result"]["lines"]) == (2_000_000, 500_000)
    assert job["result"]["sha256"] == hashlib.sha256(data).hexdigest()


def test_strictness_fails_once_and_says_where(client: httpx.Client) -> None:
    job = dropped(client, b"good \xff bad", "text", encoding="utf-8", errors="strict")
    assert (job["state"], job["error"]["code"], len(job["attempts"])) == ("failed", "corrupt_input", 1)
    assert "Byte 5" in job["error"]["detail"]


def test_hazards_are_warned_of_and_not_shown(client: httpx.Client) -> None:
    result = dropped(client, "access\u202e\u2066 level\u200b".encode(), "text")["result"]
    assert (result["hazards"]["bidi_controls"], result["hazards"]["invisible"]) == (2, 1)
    assert result["preview"] == "access[U+202E][U+2066] level[U+200B]"
    assert len(result["warnings"]) == 2
