"""Sounds over HTTP: what they are is told from their content, and what is made of them can be fetched and seen."""

from pathlib import Path

import httpx
import pytest

from tests.architecture import REPOSITORY
from tests.hostile_sounds import REJECTED, wav
from tests.readers import ffprobe
from tests.server import dropped

TUNE = (REPOSITORY / "samples" / "tune.mp3").read_bytes()


def test_a_tune_dropped_without_a_word_becomes_a_page_with_cover_and_player(client: httpx.Client) -> None:
    job = dropped(client, TUNE)
    assert (job["state"], job["kind"], job["input"]["media_type"]) == ("succeeded", "audio", "audio/mpeg")
    outputs = {output["name"]: output for output in job["outputs"]}
    assert set(outputs) == {"cover.webp", "waveform.json"}
    cover = client.get(outputs["cover.webp"]["url"])
    assert (cover.headers["content-type"], cover.content[:4], cover.content[8:12]) == ("image/webp", b"RIFF", b"WEBP")
    peaks = client.get(outputs["waveform.json"]["url"]).json()
    assert peaks["length"] == job["result"]["waveform"]["points"]
    page = client.get(f"/jobs/{job['id']}").text
    assert f'<img src="{outputs["cover.webp"]["url"]}"' in page
    assert f'<audio controls preload="metadata" src="{job["links"]["self"]}/files/original">' in page


def test_a_sound_file_is_served_to_be_played(client: httpx.Client, tmp_path: Path) -> None:
    job = dropped(client, TUNE, operations=["audio"], audio={"format": "m4a"})
    (output,) = job["outputs"]
    answer = client.get(output["url"], headers={"Range": "bytes=4-11"})
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (206, "audio/mp4", b"ftypM4A ")
    path = tmp_path / "a.m4a"
    path.write_bytes(client.get(output["url"]).content)
    assert float(ffprobe(path)["format"]["duration"]) == pytest.approx(job["result"]["sound"]["duration"], abs=0.03)
    assert f'<audio controls preload="metadata" src="{output["url"]}">' in client.get(f"/jobs/{job['id']}").text


@pytest.mark.parametrize("kind", ["auto", "audio"])
def test_a_wav_goes_to_the_audio_kind(kind: str, client: httpx.Client) -> None:
    job = dropped(client, wav(), kind)
    assert (job["state"], job["kind"], job["result"]["duration"]) == ("succeeded", "audio", 2.0)


def test_a_film_can_be_dropped_as_a_sound(client: httpx.Client) -> None:
    clip = (REPOSITORY / "samples" / "clip.mp4").read_bytes()
    job = dropped(client, clip, "audio")
    assert (job["state"], job["kind"], job["result"]["audio"][0]["codec"]) == ("succeeded", "audio", "aac")


@pytest.mark.parametrize("name", ["64 channels", "1 Hz", "no samples"])
def test_a_hostile_sound_fails_once_and_the_next_is_heard(name: str, client: httpx.Client) -> None:
    code, make_bytes = REJECTED[name]
    job = dropped(client, make_bytes())
    assert (job["state"], job["error"]["code"], len(job["attempts"])) == ("failed", code, 1)
    assert dropped(client, wav())["state"] == "succeeded"


def test_the_home_page_offers_the_audio_kind(client: httpx.Client) -> None:
    assert 'value="audio"' in client.get("/").text or "/v1/ingest/audio" in client.get("/").text
