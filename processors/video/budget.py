"""What an encoding takes in memory, told before it begins, so that hours of work don't end at the wall of a cell."""

from collections.abc import Sequence

from av.video.codeccontext import VideoCodecContext

from processors.base import Rejected
from processors.media import dpb
from processors.media.memory import MIB, picture_bytes
from processors.video.encoders import Encoder
from processors.video.models import LIMITS
from processors.webp import Size

MOST = LIMITS.memory_bytes - 64 * MIB
BESIDE = 70 * MIB  # a cell that has all libraries in use, and what sound takes
SPARE = 3  # pictures beside those that the decoder keeps: being decoded, being scaled, and a second thread's


def check(codec: VideoCodecContext, encoder: Encoder, sizes: Sequence[Size]) -> None:
    """`codec` is the film's. About right within a sixth. Raises `Rejected` where it is too much."""
    pictures = dpb.kept(codec) + SPARE
    decoding = pictures * (picture_bytes(codec.format) if codec.format else 0)
    encoding = sum(width * height for width, height in sizes) * encoder.pixel_bytes
    needed = BESIDE + decoding + encoding
    if needed > MOST:
        raise Rejected(
            "limit_exceeded",
            f"That would take about {needed // MIB:,} MiB of memory, and {MOST // MIB:,} are the most: "
            f"{decoding // MIB:,} for {pictures} decoded pictures, {encoding // MIB:,} for the encoder's. "
            "Ask for lower heights, or for fewer at once.",
        )
