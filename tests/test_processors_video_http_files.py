"""What is made of a film when it is asked for, over HTTP: fetched by its addresses, and read by another FFmpeg."""

import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.films import RATE, counted
from tests.programs import require
from tests.readers import ffprobe
from tests.scenes import beep, onsets, scene, times, told
from tests.server import dropped

FRAMES = 50


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds with a keyframe each, and a beep."""
    path = tmp_path_factory.mktemp("film") / "a.mp4"
    return scene(path, counted, FRAMES, sound=beep(0.5), options={"g": str(RATE)}).read_bytes()


def made(client: httpx.Client, data: bytes, **params: object) -> Any:
    """The job, once it has succeeded."""
    job = dropped(client, data, "video", "film.mp4", **params)
    assert job["state"] == "succeeded", job["error"]
    return job


def fetched(client: httpx.Client, job: Any, folder: Path) -> dict[str, Path]:
    """Every output, by its name."""
    files = {}
    for output in job["outputs"]:
        answer = client.get(output["url"])
        assert (answer.status_code, answer.headers["content-type"]) == (200, output["media_type"])
        files[output["name"]] = folder / output["name"]
        files[output["name"]].write_bytes(answer.content)
    return files


def test_a_transcode_is_whole_in_every_size(clip: bytes, client: httpx.Client, tmp_path: Path) -> None:
    job = made(client, clip, operations=["transcode"], transcode={"heights": [96, 64], "audio": "aac"})
    files = fetched(client, job, tmp_path)
    assert [one["file"] for one in job["result"]["transcodes"]] == ["transcode-96p.mp4", "transcode-64p.mp4"]
    for one in job["result"]["transcodes"]:
        path = files[one["file"]]
        picture, sound, _ = told(path)
        assert (picture["codec_name"], picture["height"], int(picture["nb_read_frames"])) == ("h264", one["height"], 50)
        assert sound is not None
        assert onsets(path) == pytest.approx([0.5], abs=0.03)
        assert path.read_bytes().index(b"moov") < path.read_bytes().index(b"mdat")


@pytest.mark.parametrize("form", ["single", "split"])
def test_a_stream_is_played_from_where_it_is_served(form: str, clip: bytes, client: httpx.Client) -> None:
    """By an FFmpeg that gets nothing but the playlist's address, with byte ranges and without; every rung."""
    require("ffprobe")
    hls = {"ladder": [128, 64], "segment_s": 1, "single_file": form == "single"}
    job = made(client, clip, operations=["hls"], hls=hls)
    playlists = {output["name"]: output for output in job["outputs"] if output["name"].endswith(".m3u8")}
    assert {playlist["media_type"] for playlist in playlists.values()} == {"application/vnd.apple.mpegurl"}
    address = {name: str(client.base_url.join(output["url"])) for name, output in playlists.items()}
    rungs = job["result"]["hls"]["rungs"]
    assert [(rung["height"], rung["segments"], rung["copied"]) for rung in rungs] == [(128, 2, True), (64, 2, False)]
    for rung in rungs:
        assert len(times(address[rung["playlist"]])) == FRAMES
    whole = address[job["result"]["hls"]["playlist"]]
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=height,codec_type", "-of", "csv=p=0", whole]
    lines = subprocess.check_output(command, text=True).split()
    assert {"video,128", "video,64", "audio"} <= {line.strip(",") for line in lines}


@pytest.mark.parametrize("form", ["webp", "gif", "mp4"])
def test_a_preview_moves(form: str, clip: bytes, client: httpx.Client, tmp_path: Path) -> None:
    preview = {"format": form, "seconds": 1, "fps": 4, "width": 64}
    job = made(client, clip, operations=["preview"], preview=preview)
    (path,) = fetched(client, job, tmp_path).values()
    frames = job["result"]["preview"]["frames"]
    assert frames > 1
    if form == "mp4":
        assert len(times(path)) == frames
    else:
        with Image.open(path) as image:
            assert (image.size, getattr(image, "n_frames", 1)) == ((64, 43), frames)


@pytest.mark.parametrize(("form", "codec"), [("m4a", "aac"), ("opus", "opus"), ("mp3", "mp3")])
def test_the_sound_alone_is_a_file(form: str, codec: str, clip: bytes, client: httpx.Client, tmp_path: Path) -> None:
    job = made(client, clip, operations=["audio"], audio={"format": form})
    (path,) = fetched(client, job, tmp_path).values()
    (stream,) = ffprobe(path)["streams"]
    assert stream["codec_name"] == codec
    assert onsets(path) == pytest.approx([0.5], abs=0.06)


def test_everything_at_once_leaves_every_file_that_the_result_names(clip: bytes, client: httpx.Client) -> None:
    everything = ["probe", "poster", "storyboard", "preview", "web", "transcode", "hls", "audio", "waveform"]
    job = made(client, clip, operations=everything, transcode={"heights": [96]}, hls={"ladder": [96]})
    names = {output["name"] for output in job["outputs"]}
    assert {"poster.webp", "storyboard.webp", "preview.webp", "waveform.json", "sound.m4a"} <= names
    assert {"transcode-96p.mp4", "hls.m3u8", "hls-96p.m3u8", "hls-96p.mp4"} <= names
    assert job["result"]["errors"] == []
