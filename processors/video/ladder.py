"""Which sizes to make of a video: never larger than it is, in its own proportions, with even sides."""

from collections.abc import Iterable, Iterator

from processors.webp import Size


def rungs(display: Size, heights: Iterable[int]) -> Iterator[tuple[int, Size]]:
    """Each height with its size, in the order given; those above the video's own make one of the video's size.

    A height is that of 720p: the shorter side, which is the width where the video stands upright. No two have the
    same, which is what the files are called by: of 720 and 721, the first counts.
    """
    seen = set()
    for height in heights:
        size = scaled(display, height)
        if min(size) not in seen:
            seen.add(min(size))
            yield min(size), size


def scaled(display: Size, height: int) -> Size:
    """Half a pixel's worth of proportion is lost at most: 4:2:0 has a colour for two by two pixels."""
    scale = min(1.0, height / min(display))
    return _even(display[0] * scale, display[0]), _even(display[1] * scale, display[1])


def _even(side: float, most: int) -> int:
    return max(2, min(round(side / 2) * 2, most - most % 2))
