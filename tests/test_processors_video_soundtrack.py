"""The sound of a film stays in step with the picture, however late it begins and whatever its stamps are."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from processors.base import Rejected
from processors.video import VideoProcessor
from processors.work import run_alone
from tests.cells import RESULT, real_cells
from tests.films import noise
from tests.scenes import beep, onsets, scene, told

Stamps = Callable[[int], int | None]  # of the packet so numbered, in samples


def with_sound(folder: Path, stamps: Stamps, rate: int = 48_000) -> Path:
    """A second of film, whose sound beeps where it begins, in Matroska."""
    picture = scene(folder / "picture.mp4", noise, 25, sound=beep(0.0))
    path = folder / "film.mkv"
    live = {"live": "1"}  # no length is told in its header
    with av.open(str(picture)) as source, av.open(str(path), "w", options=live) as target:
        copies = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        sounds = 0
        for packet in source.demux():
            if not packet.size:
                continue
            if packet.stream.type == "audio":
                packet.pts = packet.dts = stamps(sounds)
                packet.time_base = Fraction(1, rate)
                sounds += 1
            packet.stream = copies[packet.stream_index]
            target.mux(packet)
    return path


def transcoded(path: Path, scratch: Path, audio: str) -> Path:
    params = {"operations": ["probe"], "transcode": {"heights": [128], "audio": audio}}
    run_alone(VideoProcessor(), path, params, scratch=scratch)
    return scratch / "out" / "transcode-128p.mp4"


@pytest.mark.parametrize("seconds", [0.5, 3, 70])
def test_sound_that_begins_late_comes_late(seconds: float, tmp_path: Path) -> None:
    path = with_sound(tmp_path, lambda number: round(seconds * 48_000) + number * 1024)
    assert onsets(transcoded(path, tmp_path, "aac")) == pytest.approx([seconds], abs=0.06)


def test_a_long_silence_takes_no_memory(tmp_path: Path) -> None:
    """The samples of twenty minutes would be 460 MB."""
    path = with_sound(tmp_path, lambda number: 1200 * 48_000 + number * 1024)
    with real_cells(tmp_path, "video") as cells:
        ended = cells.run(path, {"operations": ["probe"], "transcode": {"heights": [128]}})
    assert (ended.code, ended.detail) == (RESULT, "")
    assert ended.rss_bytes < 160 << 20


def test_sound_from_beyond_all_days_is_left_out(tmp_path: Path) -> None:
    path = with_sound(tmp_path, lambda number: (number if number < 20 else 10**11) * 1024)
    assert onsets(transcoded(path, tmp_path, "aac")) == pytest.approx([0.0], abs=0.06)


def test_stamps_that_stand_still_are_mended_as_it_is_copied(tmp_path: Path) -> None:
    path = with_sound(tmp_path, lambda number: number // 4 * 4096)
    made = transcoded(path, tmp_path, "copy")
    sound = told(made)[1]
    assert sound is not None
    assert sound["codec_name"] == "aac"
    with av.open(str(made)) as container:
        stamps = [packet.dts for packet in container.demux(audio=0) if packet.dts is not None]
    assert all(before < after for before, after in pairwise(stamps))


def test_a_sound_that_nobody_ever_made_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25, width=192, height=128, pix_fmt="yuv420p")
        audio = container.add_stream("pcm_s16le", rate=1000, layout="mono")
        for number in range(25):
            frame = av.VideoFrame.from_image(noise(number))  # type: ignore[no-untyped-call] # PyAV leaves it untyped
            container.mux(video.encode(frame))
        sound = av.AudioFrame("s16", "mono", 1000)
        sound.planes[0].update(bytes(sound.planes[0].buffer_size))
        sound.sample_rate, sound.pts = 1000, 0
        container.mux(audio.encode(sound))
        container.mux(video.encode())
    with pytest.raises(Rejected, match="1,000 samples a second"):
        transcoded(path, tmp_path, "aac")
