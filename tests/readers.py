"""What another FFmpeg, Debian's, reads from a file: the independent witness of what was written."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.programs import require


def ffprobe(path: Path) -> dict[str, Any]:
    """With `format` and `streams`."""
    require("ffprobe")
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", str(path)]
    told: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return told


def samples(path: Path, rate: int | None = None, channels: int | None = None) -> memoryview:
    """The first sound, decoded to 16 bits; interleaved."""
    require("ffmpeg")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:a:0", "-f", "s16le"]
    command += ["-ar", str(rate)] if rate else []
    command += ["-ac", str(channels)] if channels else []
    return memoryview(subprocess.run([*command, "-"], capture_output=True, check=True).stdout).cast("h")


@dataclass(frozen=True, slots=True)
class Level:
    """LUFS, LU and dBTP."""

    integrated: float
    range: float
    true_peak: float


def level(path: Path) -> Level:
    require("ffmpeg")
    filters = "ebur128=peak=true:framelog=verbose"
    command = [
        "ffmpeg",
        "-nostdin",
        "-hide_banner",
        "-i",
        str(path),
        "-map",
        "0:a:0",
        "-af",
        filters,
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr.rpartition("Summary:")[2]
    found = [re.search(rf"{name}:\s+(-?(?:[\d.]+|inf))", said) for name in ("I", "LRA", "Peak")]
    return Level(*(float(one[1]) for one in found if one is not None))
