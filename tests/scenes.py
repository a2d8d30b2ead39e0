"""Makes films of the awkward sort for transcodes, and reads what became of them through Debian's ffprobe and ffmpeg."""

import json
import math
import re
import subprocess
from array import array
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.container import OutputContainer
from PIL import Image

from tests.films import RATE, Paint
from tests.programs import require

BEEP_SECONDS = 0.05

Stamps = Callable[[int], int]  # the number of a frame -> its pts
Wave = Callable[[float], float]  # seconds -> -1 to 1


def scene(
    path: Path,
    paint: Paint,
    frames: int = 25,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    *,
    stamps: Stamps = lambda number: number,
    time_base: Fraction = Fraction(1, RATE),
    sound: Wave | None = None,
    rotation: int = 0,
    colour: tuple[int, int, int] | None = None,
    options: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    is_interlaced: bool = False,
) -> Path:
    """A film with stamps of one's own. The sound begins at zero, and both its channels are the same.

    `colour`: primaries, transfer and matrix, as they are to be written.
    """
    with av.open(str(path), "w") as container:
        container.metadata.update(tags or {})
        flags = {"flags": "+ildct+ilme"} if is_interlaced else {}
        stream = container.add_stream(codec, rate=RATE, options={**flags, **(options or {})})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = paint(0).size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = time_base
        stream.thread_count = 1
        if rotation:
            stream.set_display_rotation(rotation)
        if colour:
            context = stream.codec_context
            context.color_primaries, context.color_trc, context.colorspace = colour
        length = float((stamps(frames - 1) + 1) * time_base)
        audio = container.add_stream("aac", rate=48_000, layout="stereo") if sound is not None else None
        for number in range(frames):
            frame = av.VideoFrame.from_image(paint(number))  # type: ignore[no-untyped-call] # PyAV leaves it untyped
            frame.pts, frame.time_base = stamps(number), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            assert isinstance(audio, av.AudioStream)
            _play(container, audio, sound, length)
    return path


def _play(container: OutputContainer, stream: av.AudioStream, wave: Wave, length: float) -> None:
    for start in range(0, round(length * 48_000), 1024):
        frame = av.AudioFrame("fltp", "stereo", 1024)
        for plane in frame.planes:
            plane.update(array("f", [wave(number / 48_000) for number in range(start, start + 1024)]).tobytes())
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def beep(*at: float) -> Wave:
    """At each of these seconds."""
    return lambda now: 0.5 * any(0 <= now - one < BEEP_SECONDS for one in at) * math.sin(math.tau * 1000 * now)


def told(path: Path) -> tuple[dict[str, Any], dict[str, Any] | None, dict[str, Any]]:
    """The video stream, the first sound if there is one, and the container, as ffprobe tells them."""
    require("ffprobe")
    command = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json", str(path)]
    whole = json.loads(subprocess.check_output(command))
    sorts = {stream["codec_type"]: stream for stream in reversed(whole["streams"])}
    return sorts["video"], sorts.get("audio"), whole["format"]


def times(path: Path | str) -> list[float]:
    """When each frame is shown."""
    require("ffprobe")
    command = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=pts_time", "-of", "csv=p=0"]
    return [float(line.strip(",")) for line in subprocess.check_output([*command, str(path)], text=True).split()]


def decoded(path: Path, at: int = 0) -> Image.Image:
    """A frame by its number."""
    width, height = (told(path)[0][side] for side in ("width", "height"))
    select = ["-vf", f"select=eq(n\\,{at})", "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    return Image.frombytes("RGB", (width, height), _ffmpeg(path, *select))


def lumas(path: Path) -> list[int]:
    """The mean brightness of each frame."""
    to_one_pixel = ["-vf", "scale=1:1:flags=area", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    return list(_ffmpeg(path, "-vsync", "passthrough", *to_one_pixel))


def onsets(path: Path) -> list[float]:
    """When silence is broken."""
    samples = array("f", _ffmpeg(path, "-vn", "-ac", "1", "-ar", "48000", "-f", "f32le", "-"))
    loud = [number / 48_000 for number, value in enumerate(samples) if abs(value) > 0.1]
    return [now for before, now in pairwise([-1.0, *loud]) if now - before > BEEP_SECONDS]


def _ffmpeg(path: Path, *arguments: str) -> bytes:
    require("ffmpeg")
    return subprocess.check_output(["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), *arguments])


def loudness(path: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS and true peak in dBTP, by another FFmpeg."""
    require("ffmpeg")
    command = [
        "ffmpeg",
        "-nostdin",
        "-hide_banner",
        "-i",
        str(path),
        "-vn",
        "-af",
        "ebur128=peak=true",
        "-f",
        "null",
        "-",
    ]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr.rpartition("Summary:")[2]
    integrated, peak = (re.search(rf"{name}:\s+(-?[\d.]+|-?inf)", text) for name in ("I", "Peak"))
    assert integrated
    assert peak
    return float(integrated[1]), float(peak[1])
