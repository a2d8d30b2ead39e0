"""What a person writes first: `python -m bench.naive_storyboard CLIP FOLDER`."""

import sys
from pathlib import Path

import av
from av.video.frame import VideoFrame
from PIL import Image

TILES, COLUMNS, WIDTH = 25, 5, 320


def picture(frame: VideoFrame, width: int, height: int) -> Image.Image:
    image: Image.Image = frame.to_image(width=width, height=height)  # type: ignore[no-untyped-call]
    return image


def storyboard(clip: Path, folder: Path) -> None:
    """Decode every frame with one thread, and keep those whose time has come."""
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        height = WIDTH * stream.height // stream.width // 2 * 2
        sheet = Image.new("RGB", (WIDTH * COLUMNS, height * (TILES // COLUMNS)))
        step = (container.duration or 0) / av.time_base / TILES
        cues, number = ["WEBVTT\n"], 0
        for frame in container.decode(stream):
            if number < TILES and frame.time >= number * step:
                x, y = number % COLUMNS * WIDTH, number // COLUMNS * height
                sheet.paste(picture(frame, WIDTH, height), (x, y))
                cues.append(f"{_clock(number * step)} --> {_clock((number + 1) * step)}\n")
                cues.append(f"sheet.jpg#xywh={x},{y},{WIDTH},{height}\n")
                if number == TILES // 10:
                    picture(frame, 1280, 720).save(folder / "poster.jpg")
                number += 1
    sheet.save(folder / "sheet.jpg")
    (folder / "sheet.vtt").write_text("\n".join(cues))


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600:02}:{int(seconds) // 60 % 60:02}:{seconds % 60:06.3f}"


if __name__ == "__main__":
    storyboard(*map(Path, sys.argv[1:]))
