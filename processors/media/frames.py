"""What a decoded frame looks like: upright, with square pixels, in sRGB."""

from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from PIL import Image
from PIL.Image import Transpose

from processors.media import tonemap
from processors.webp import Size, fit

HD_HEIGHT = 720  # video of this height that doesn't say is BT.709, by custom
COLORSPACE_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
HDR_TRANSFERS = frozenset({tonemap.PQ, tonemap.HLG})

# Clockwise degrees -> Pillow's anticlockwise turns.
TURNS = {90: Transpose.ROTATE_270, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_90}


def liveliness(image: Image.Image) -> float:
    """Entropy of the luma histogram, in bits: black has 0, a title 1 to 2, a scene 6 to 7."""
    return image.convert("L").entropy()


def rotation(frame: VideoFrame) -> int:
    """Degrees clockwise that the frame is to be turned. Anything but a quarter is taken for a mistake."""
    return turn if (turn := -frame.rotation % 360) in TURNS else 0


def display_size(frame: VideoFrame, aspect: Fraction | None) -> Size:
    """As displayed: with square pixels, and upright. `aspect` is that of a stored pixel."""
    width = max(1, round(frame.width * aspect)) if aspect else frame.width
    return (frame.height, width) if rotation(frame) in (90, 270) else (width, frame.height)


def picture(frame: VideoFrame, aspect: Fraction | None, width: int) -> Image.Image:
    """The frame upright, `width` wide at most, in RGB."""
    return scaled(frame, fit(display_size(frame, aspect), width))


def scaled(frame: VideoFrame, size: Size) -> Image.Image:
    """The frame upright, in RGB, of exactly this size. Of HDR, what an ordinary screen can show."""
    turn = rotation(frame)
    image = _to_image(frame, (size[1], size[0]) if turn in (90, 270) else size)
    if frame.color_trc in HDR_TRANSFERS:
        image = tonemap.to_srgb(image, frame.color_trc)
    return image.transpose(TURNS[turn]) if turn else image


def _to_image(frame: VideoFrame, size: Size) -> Image.Image:
    image: Image.Image = frame.to_image(  # type: ignore[no-untyped-call] # PyAV leaves it untyped
        width=size[0],
        height=size[1],
        interpolation="AREA",
        src_colorspace=_colorspace(frame),
        threads=1,
    )
    return image


def _colorspace(frame: VideoFrame) -> Colorspace | None:
    """Of what doesn't say it: by custom."""
    if frame.colorspace != COLORSPACE_UNSPECIFIED:
        return None
    if frame.color_trc in HDR_TRANSFERS:
        return Colorspace.BT2020
    return Colorspace.ITU709 if frame.height >= HD_HEIGHT else None
