"""Many frames -> one animated WebP, with no more than one frame in memory at a time."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from processors.image.encode import save

Frame = tuple[Image.Image, float]  # its pixels, and for how many milliseconds they are shown


class Film(Image.Image):
    """What Pillow's WebP writer takes for an image of many frames: it seeks through them once, in order.

    Each is drawn when it is asked for, and only then is its duration known; the writer reads that afterwards.
    """

    def __init__(self, frames: Iterator[Frame], count: int) -> None:
        super().__init__()
        self.n_frames = count
        self.durations: list[float] = []
        self._frames = frames
        self.seek(0)

    def seek(self, frame: int) -> None:
        """To the next one. The writer also seeks back to where it began, which is of no use here."""
        if frame == len(self.durations):
            picture, duration = next(self._frames)
            self.durations.append(duration)
            self._mode, self._size, self.im = picture.mode, picture.size, picture.im

    def tell(self) -> int:
        return len(self.durations) - 1


def save_animation(frames: Iterator[Frame], count: int, path: Path, loops: int, arguments: Mapping[str, Any]) -> int:
    """Returns the number of bytes written. `loops` is how often it is shown; 0 is for ever."""
    film = Film(frames, count)
    told = {**arguments, "save_all": True, "loop": loops, "duration": film.durations, "background": (0, 0, 0, 0)}
    return save(film, path, "webp", told)
