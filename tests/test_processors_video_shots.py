"""Which frames a storyboard shows: each frame of these films tells its number, and so does each tile."""

from itertools import count, pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from processors.base import Report
from processors.video.models import VideoParams
from processors.video.pipeline import run
from processors.work import FileWork
from tests.films import RATE, counted, film, noise, retimed
from tests.storyboards import ReadTile, made, storyboard

FRAMES = 120

CONTAINERS = [
    ("a.mp4", "libx264", {"g": "30", "bf": "3", "b-pyramid": "normal"}),
    ("a.mp4", "libx264", {"g": "1000", "bf": "3"}),
    ("a.mp4", "libx264", {"g": "1", "bf": "0"}),
    ("a.mp4", "libx265", {"x265-params": "log-level=none:keyint=30"}),
    ("a.mkv", "libx264", {"g": "30"}),
    ("a.webm", "libvpx", {"g": "30"}),
    ("a.ts", "mpeg2video", {"g": "30", "bf": "2"}),
    ("a.ts", "libx264", {"g": "30"}),
    ("a.mpg", "mpeg2video", {"g": "30"}),
    ("a.avi", "mpeg4", {"g": "30"}),
    ("a.mov", "mjpeg", {}),
]


def made_film(folder: Path, name: str, codec: str, options: dict[str, str], **more: Any) -> Path:
    pixels = "yuvj444p" if codec == "mjpeg" else "yuv420p"
    return film(folder / name, counted, FRAMES, codec, pixels, options=options, **more)


def are_whole(tiles: list[ReadTile], length: float, tolerance: float = 0.1) -> bool:
    """They follow each other from the beginning to the end."""
    joints = [before.end == after.start for before, after in pairwise(tiles)]
    return tiles[0].start == 0 and all(joints) and abs(tiles[-1].end - length) < tolerance


@pytest.mark.parametrize(("name", "codec", "options"), CONTAINERS)
def test_an_exact_tile_shows_the_first_frame_from_the_middle_of_its_interval_on(
    name: str, codec: str, options: dict[str, str], tmp_path: Path
) -> None:
    path = made_film(tmp_path, name, codec, options)
    told, tiles = storyboard(path, tmp_path, tiles=8, accuracy="exact")
    assert (told.accuracy, told.tiles) == ("exact", 8)
    assert are_whole(tiles, FRAMES / RATE, 0.3)  # how long a program stream is, FFmpeg can but estimate
    assert [tile.number for tile in tiles] == [round(tile.time * RATE) for tile in tiles]
    for tile in tiles:
        assert 0 <= tile.time - (tile.start + tile.end) / 2 < 1 / RATE + 0.001


@pytest.mark.parametrize(("name", "codec", "options"), [row for row in CONTAINERS if row[0] != "a.mpg"])
def test_a_keyframe_tile_tells_its_true_time_and_is_the_nearest_there_is(
    name: str, codec: str, options: dict[str, str], tmp_path: Path
) -> None:
    path = made_film(tmp_path, name, codec, options)
    told, tiles = storyboard(path, tmp_path, tiles=8, accuracy="keyframe")
    assert told.accuracy == "keyframe"
    assert are_whole(tiles, FRAMES / RATE, 0.3)
    assert [tile.number for tile in tiles] == [round(tile.time * RATE) for tile in tiles]
    with av.open(str(path)) as container:
        keyframes = [frame.time for frame in container.decode(video=0) if frame.key_frame]
    first = keyframes[0] if path.suffix == ".ts" else 0.0
    every = {round((time - first) * RATE) for time in keyframes}
    assert {tile.number for tile in tiles} <= every
    for tile in tiles:
        middle = (tile.start + tile.end) / 2
        best = min(abs(time - first - middle) for time in keyframes)
        slack = 30 / RATE if path.suffix == ".ts" else 0.3  # without an index it is the next one
        assert abs(tile.time - middle) <= best + slack + (tile.end - tile.start) / 2


def test_a_program_stream_shows_what_comes_next_after_a_seek(tmp_path: Path) -> None:
    """It has neither an index nor a time stamp for each frame, so the time may be one frame off."""
    path = made_film(tmp_path, "a.mpg", "mpeg2video", {"g": "30"})
    _, tiles = storyboard(path, tmp_path, tiles=8, accuracy="keyframe")
    assert len(tiles) >= 4
    assert all(abs(tile.number - tile.time * RATE) <= 1.01 for tile in tiles)


@pytest.mark.parametrize(
    ("gop", "accuracy"), [("12", "keyframe"), ("1000", "exact"), ("24", "exact"), ("15", "keyframe")]
)
def test_auto_is_exact_only_where_fewer_than_three_of_five_tiles_had_a_keyframe(
    gop: str, accuracy: str, tmp_path: Path
) -> None:
    options = {"g": gop, "keyint_min": gop, "sc_threshold": "0"}
    told, _ = storyboard(made_film(tmp_path, "a.mp4", "libx264", options), tmp_path, tiles=10)
    assert told.accuracy == accuracy


def test_auto_finds_out_where_there_is_no_index(tmp_path: Path) -> None:
    for gop, accuracy in (("12", "keyframe"), ("1000", "exact")):
        path = made_film(tmp_path, "a.ts", "libx264", {"g": gop, "keyint_min": gop, "sc_threshold": "0"})
        told, _ = storyboard(path, tmp_path / gop, tiles=10)
        assert told.accuracy == accuracy


@pytest.mark.parametrize("accuracy", ["keyframe", "exact"])
@pytest.mark.parametrize("name", ["live.webm", "fragments.mp4"])
def test_a_file_without_an_index_and_without_a_length_is_read_through(name: str, accuracy: str, tmp_path: Path) -> None:
    if name == "live.webm":
        path = made_film(tmp_path, name, "libvpx", {"g": "15"}, container_options={"live": "1"})
    else:
        options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
        path = made_film(tmp_path, name, "libx264", {"g": "15"}, container_options=options)
    _, tiles = storyboard(path, tmp_path, tiles=8, accuracy=accuracy)
    assert are_whole(tiles, FRAMES / RATE)
    assert len(tiles) == 8
    assert [tile.number for tile in tiles] == [round(tile.time * RATE) for tile in tiles]


def test_times_count_from_the_beginning_of_the_file(tmp_path: Path) -> None:
    """Transport streams begin anywhere, but players count from zero."""
    early = film(tmp_path / "a.mkv", counted, FRAMES, options={"g": "10", "bf": "0"})
    path = retimed(early, tmp_path / "a.ts", lambda time: time + 5_000_000)
    _, tiles = storyboard(path, tmp_path, tiles=4, accuracy="exact")
    assert [tile.number for tile in tiles] == [round(tile.time * RATE) for tile in tiles] == [15, 45, 75, 105]


@pytest.mark.parametrize("frames", [1, 2, 7])
@pytest.mark.parametrize("accuracy", ["keyframe", "exact", "auto"])
def test_a_short_film_has_as_many_tiles_as_it_has_frames_at_most(frames: int, accuracy: str, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", counted, frames, options={"g": "1"})
    _, tiles = storyboard(path, tmp_path, tiles=25, accuracy=accuracy)
    numbers = [tile.number for tile in tiles]
    assert numbers == sorted(set(numbers))
    assert frames - 1 <= len(numbers) <= frames or frames == len(numbers) == 1
    assert are_whole(tiles, frames / RATE)


def test_a_film_cut_off_in_its_middle_shows_what_there_is(tmp_path: Path) -> None:
    options = {"movflags": "+faststart"}
    path = made_film(tmp_path, "a.mp4", "libx264", {"g": "10"}, container_options=options)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2])
    for accuracy in ("keyframe", "exact"):
        _, tiles = storyboard(path, tmp_path / accuracy, tiles=12, accuracy=accuracy)
        assert 4 <= len(tiles) <= 9
        assert [tile.number for tile in tiles] == [round(tile.time * RATE) for tile in tiles]
        assert tiles[-1].end == pytest.approx(FRAMES / RATE)


def test_damage_in_the_middle_costs_what_is_damaged_and_is_told(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", noise, 100, "mpeg4", options={"g": "10"})
    data = bytearray(path.read_bytes())
    for start in range(len(data) // 3, len(data) // 2, 50):
        data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    for accuracy in ("keyframe", "exact"):
        result = made(path, tmp_path / accuracy, {"storyboard": {"tiles": 10, "accuracy": accuracy}})
        assert result.storyboard is not None
        assert result.storyboard.tiles >= 5


def test_variable_frame_rates_show_the_frame_of_the_time(tmp_path: Path) -> None:
    """The second half is five times as slow; the tiles are equal in time, not in frames."""
    even = film(tmp_path / "a.mkv", counted, FRAMES, options={"g": "10", "bf": "0"})
    path = retimed(even, tmp_path / "vfr.mkv", lambda time: time + 4 * max(0, time - 60 * 40))
    _, tiles = storyboard(path, tmp_path, tiles=6, accuracy="exact")

    def number(time: float) -> float:
        return time * RATE if time < 2.4 else 60 + (time - 2.4) * RATE / 5

    assert [tile.number for tile in tiles] == [round(number(tile.time)) for tile in tiles]
    assert tiles[0].number > 20


def test_the_same_film_gives_the_same_pictures_though_two_threads_share_the_work(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", noise, FRAMES, options={"g": "10"})
    for accuracy in ("keyframe", "exact"):
        outputs = []
        for turn in range(4):
            scratch = tmp_path / f"{accuracy}{turn}"
            params = {"poster": {}, "storyboard": {"accuracy": accuracy}, "preview": {}}
            result = made(path, scratch, params)
            outputs.append((result, {file.name: file.read_bytes() for file in (scratch / "out").iterdir()}))
        assert all(output == outputs[0] for output in outputs)


@pytest.mark.parametrize("gop", ["10", "1000"])
@pytest.mark.parametrize("accuracy", ["keyframe", "exact"])
def test_progress_counts_the_tiles_and_not_the_keyframes(gop: str, accuracy: str, tmp_path: Path) -> None:
    """A film with a single keyframe is not done when that is decoded."""
    path = made_film(tmp_path, "a.mp4", "libx264", {"g": gop})
    reports: list[Report] = []
    params = {"operations": ["storyboard"], "storyboard": {"accuracy": accuracy, "tiles": 20}}
    with path.open("rb") as file:
        work = FileWork(
            params=VideoParams.model_validate(params),
            name="a.mp4",
            media_type="video/mp4",
            size=path.stat().st_size,
            scratch=tmp_path,
            descriptor=file.fileno(),
            on_report=reports.append,
            clock=count().__next__,  # each report is late enough to be passed on
        )
        run(work)
    shares = [report.done for report in reports if report.stage == "storyboard" and report.total]
    assert shares == sorted(shares)
    if accuracy == "exact" and gop == "1000":  # of several keyframes, the helper may be done before anybody reports
        assert shares[0] < 20
        assert len(set(shares)) > 3
