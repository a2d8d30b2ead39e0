"""What a video looks like, as far as it matters for making another one of it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors.media.frames import display_size, rotation
from processors.video.colour import RGB, Colour
from processors.webp import Size

USUAL_RATE = Fraction(25)  # where the file has none


@dataclass(frozen=True, slots=True)
class Look:
    """`display` is its size upright, with square pixels; `turn` is in degrees clockwise."""

    display: Size
    turn: int
    colour: Colour
    bits: int
    rate: Fraction
    is_interlaced: bool
    is_rgb: bool

    @classmethod
    def at(cls, stream: VideoStream, frame: VideoFrame) -> Self:
        """`frame` is any of those of `stream`."""
        return cls(
            display_size(frame, stream.sample_aspect_ratio),
            rotation(frame),
            Colour.of(frame),
            max(component.bits for component in frame.format.components),
            stream.average_rate or stream.guessed_rate or USUAL_RATE,
            frame.interlaced_frame,
            frame.colorspace == RGB,
        )
