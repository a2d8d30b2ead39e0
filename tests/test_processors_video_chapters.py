"""Chapters are content: whatever is made of a film keeps them, with their titles and nothing else."""

import json
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from processors.video import VideoProcessor
from processors.work import run_alone
from tests.films import film, noise
from tests.programs import require

MILLISECOND = Fraction(1, 1000)
TWO = [(0, 2000, "One"), (2000, 4000, "Two")]


def chaptered(folder: Path, chapters: list[tuple[int, int, str]]) -> Path:
    """Four seconds, in Matroska. Times are in milliseconds."""
    path = folder / "film.mkv"
    with av.open(str(film(folder / "plain.mp4", noise, 100))) as source, av.open(str(path), "w") as target:
        copy = target.add_stream_from_template(source.streams.video[0])
        target.set_chapters(
            [
                {
                    "id": number,
                    "start": start,
                    "end": end,
                    "time_base": MILLISECOND,
                    "metadata": {"title": title, "by": "X"},
                }
                for number, (start, end, title) in enumerate(chapters, 1)
            ]
        )
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = copy
                target.mux(packet)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    require("ffprobe")
    told = subprocess.check_output(["ffprobe", "-v", "error", "-of", "json", "-show_chapters", str(path)])
    chapters: list[dict[str, Any]] = json.loads(told)["chapters"]
    return chapters


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"operations": ["web"]}, "web.mp4"),
        ({"operations": ["probe"], "web": {"container": "fmp4"}}, "web.mp4"),
        ({"operations": ["transcode"]}, "transcode-128p.mp4"),
        ({"operations": ["probe"], "transcode": {"video": "vp9"}}, "transcode-128p.webm"),
    ],
)
def test_chapters_go_with_the_film(params: dict[str, Any], name: str, tmp_path: Path) -> None:
    run_alone(VideoProcessor(), chaptered(tmp_path, TWO), params, scratch=tmp_path)
    chapters = read(tmp_path / "out" / name)
    assert [(one["start_time"], one["end_time"]) for one in chapters] == [
        ("0.000000", "2.000000"),
        ("2.000000", "4.000000"),
    ]
    assert [one["tags"] for one in chapters] == [{"title": "One"}, {"title": "Two"}]


def test_there_is_room_for_many_with_long_titles(tmp_path: Path) -> None:
    many = [(number * 4, number * 4 + 4, f"{number} {'long ' * 50}") for number in range(1000)]
    run_alone(VideoProcessor(), chaptered(tmp_path, many), {"operations": ["web"]}, scratch=tmp_path)
    made = tmp_path / "out" / "web.mp4"
    assert len(read(made)) == 1000
    assert made.read_bytes().index(b"moov") < made.read_bytes().index(b"mdat")


def test_chapters_at_impossible_times_are_left_out(tmp_path: Path) -> None:
    odd = [(0, 2000, "One"), (2000, 10**11, "Never")]
    run_alone(VideoProcessor(), chaptered(tmp_path, odd), {"operations": ["web"]}, scratch=tmp_path)
    assert [one["tags"]["title"] for one in read(tmp_path / "out" / "web.mp4")] == ["One"]
