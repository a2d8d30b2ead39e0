"""What a decoded frame looks like: upright, with square pixels, in RGB."""

from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from PIL import Image
from PIL.Image import Transpose

from processors.webp import Size, fit

MOST_ENTROPY = 8.0
HD_HEIGHT = 720  # video of this height that doesn't say is BT.709, by custom
COLORSPACE_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
HDR_TRANSFERS = frozenset({16, 18})  # AVCOL_TRC_SMPTE2084 (PQ) and AVCOL_TRC_ARIB_STD_B67 (HLG)

# Clockwise degrees -> Pillow's anticlockwise turns.
TURNS = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}


def liveliness(frame: VideoFrame) -> float:
    """Entropy of the luma histogram, in bits, over a tiny picture; damaged frames come behind all whole ones."""
    entropy = _to_image(frame, (64, 36)).convert("L").entropy()
    return entropy - MOST_ENTROPY if frame.is_corrupt else entropy


def rotation(frame: VideoFrame) -> int:
    """Degrees clockwise that the frame is to be turned. Anything but a quarter is taken for a mistake."""
    return turn if (turn := -frame.rotation % 360) in TURNS else 0


def display_size(frame: VideoFrame, aspect: Fraction | None) -> Size:
    """As displayed: with square pixels, and upright. `aspect` is that of a stored pixel."""
    width = round(frame.width * aspect) if aspect else frame.width
    return (frame.height, width) if rotation(frame) in (90, 270) else (width, frame.height)


def picture(frame: VideoFrame, aspect: Fraction | None, width: int) -> Image.Image:
    """The frame upright, `width` wide at most, in RGB."""
    size = fit(display_size(frame, aspect), width)
    turn = rotation(frame)
    stored = (size[1], size[0]) if turn in (90, 270) else size
    image = _to_image(frame, stored)
    return image.transpose(TURNS[turn]) if turn else image


def _to_image(frame: VideoFrame, size: Size) -> Image.Image:
    is_hd = frame.colorspace == COLORSPACE_UNSPECIFIED and frame.height >= HD_HEIGHT
    image: Image.Image = frame.to_image(  # type: ignore[no-untyped-call] # PyAV leaves it untyped
        width=size[0],
        height=size[1],
        interpolation="AREA",
        src_colorspace=Colorspace.ITU709 if is_hd else None,
        threads=1,
    )
    return image
