"""Whether what the peers made is equal: a line about each one's outputs, by Pillow, ffprobe and the bytes."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from bench.film_peers import Used


def sheet(used: Used) -> str:
    """The sizes of the sheet and of the poster, and how many tiles; Dropoff's are counted by its WebVTT file."""
    sizes = {}
    for path in used.folder.iterdir():
        if path.suffix in (".jpg", ".jpeg", ".webp"):
            with Image.open(path) as image:
                image.load()
                sizes["poster" if "poster" in path.stem else "sheet"] = f"{image.width} x {image.height}"
    cues = [path.read_text().count("#xywh=") for path in used.folder.glob("*.vtt")]
    return f"sheet {sizes.get('sheet')}, poster {sizes.get('poster')}, {cues[0] if cues else 25} tiles"


def film(used: Used) -> str:
    """What is in the one MP4 of the folder, with its packets counted; and whether its index comes first."""
    (path,) = used.folder.glob("*.mp4")
    command = ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json", str(path)]
    told = json.loads(subprocess.check_output(command))
    streams = {stream["codec_type"]: stream for stream in told["streams"]}
    video, sound = streams["video"], streams["audio"]
    boxes = list(_boxes(path))
    return (
        f"{video['codec_name']} {video['width']} x {video['height']}, {video['nb_read_packets']} frames, "
        f"{sound['codec_name']}, {float(told['format']['duration']):.1f} s, "
        f"index {'first' if boxes.index(b'moov') < boxes.index(b'mdat') else 'last'}"
    )


def _boxes(path: Path) -> Iterator[bytes]:
    """The sorts of the outermost boxes (ISO/IEC 14496-12, 4.2)."""
    at, end = 0, path.stat().st_size
    with path.open("rb") as file:
        while at < end:
            file.seek(at)
            head = file.read(16)
            size = int.from_bytes(head[:4], "big")
            yield head[4:8]
            at += int.from_bytes(head[8:16], "big") if size == 1 else size or end


def peaks(used: Used) -> str:
    (path,) = used.folder.glob("*.json")
    return f"{len(json.loads(path.read_text())['data']) // 2} pairs"


def told(_used: Used) -> str:
    """Of a probe: its answer is looked at by the tests."""
    return "facts"
