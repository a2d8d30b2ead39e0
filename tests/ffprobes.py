"""What FFmpeg's own tools say of a file, for comparison."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.programs import require

HASH_COLUMN = 5  # that of side data may come after it


def ffprobe(path: Path, *options: str) -> dict[str, Any]:
    """As JSON: format, streams and chapters."""
    require("ffprobe")
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters", *options]
    told: dict[str, Any] = json.loads(subprocess.check_output([*command, str(path)]))
    return told


def ffmpeg(*arguments: str | Path) -> bytes:
    """Its standard output."""
    require("ffmpeg")
    return subprocess.check_output(["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)])


def hashes(path: Path, stream: str) -> list[str]:
    """Of each packet of a stream, such as `v:0`, in the order of the file."""
    listing = ffmpeg("-i", path, "-map", f"0:{stream}", "-c", "copy", "-f", "framehash", "-hash", "md5", "-")
    return [line.split(",")[HASH_COLUMN].strip() for line in listing.decode().splitlines() if not line.startswith("#")]
