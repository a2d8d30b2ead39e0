"""What an encoding takes in memory, told before it begins, and how it's made to fit.

So that hours of work don't end at the wall of a cell. What takes memory is given up in this order: huge pages and a
second thread of the decoder, which cost time; what waits in the encoder, which costs bytes; and the one decoding for
all sizes, which costs time again.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from av.video.codeccontext import VideoCodecContext

from processors.base import Rejected
from processors.media import dpb
from processors.media.memory import MIB, picture_bytes
from processors.video.encoders import ENCODERS, Encoder, Thrift
from processors.video.encoding import Order
from processors.webp import Size

BESIDE = 56 * MIB  # a cell that has all libraries in use, and what sound takes
LEAST = 2  # pictures that a decoder keeps which has references at all
SPARE = 1  # picture beside those that the decoder keeps: it is being decoded, or scaled
OF_HEVC = 3  # pictures more: FFmpeg's decoder gives out several at once
OF_DEINTERLACING = 3
OF_A_THREAD = 3
TONE_MAPPING = 24 * MIB  # its tables
TEN_BITS = 1.85  # times as much in an encoder
HUGE_PAGES = 1.15  # times as much is taken with them
DECODERS = 2  # threads


@dataclass(frozen=True, slots=True)
class Way:
    """How `sizes` are made from one decoding."""

    sizes: Sequence[Size]
    thrift: Thrift
    is_lean: bool  # in small pages, and with one thread of the decoder

    @property
    def decoders(self) -> int:
        return 1 if self.is_lean else DECODERS


@dataclass(frozen=True, slots=True)
class Need:
    """In bytes, but for the number of `pictures` that take those of `decoding`."""

    pictures: int
    decoding: int
    encoding: int
    total: int


@dataclass(frozen=True, slots=True)
class Budget:
    """`codec` is the film's; `most` are the bytes that a job may take."""

    codec: VideoCodecContext
    order: Order
    most: int

    @property
    def encoder(self) -> Encoder:
        return ENCODERS[self.order.settings.video]

    def ways(self, sizes: Sequence[Size]) -> list[Way]:
        """One for each decoding, in the order of `sizes`. Raises `Rejected` where one size alone is too much."""
        best, *others = self.encoder.thrifts
        if len(sizes) > 1:  # another decoding costs less than what the last of the thrifts does to a film
            others = others[:1]
        for way in (Way(sizes, best, False), *(Way(sizes, thrift, True) for thrift in (best, *others))):
            if self.need(way).total <= self.most:
                return [way]
        if len(sizes) > 1:
            return [*self.ways(sizes[:1]), *self.ways(sizes[1:])]
        raise self._refusal(way)

    def need(self, way: Way) -> Need:
        look, settings = self.order.look, self.order.settings
        kept = dpb.kept(self.codec)
        pictures = (max(kept, LEAST) if kept else 0) + SPARE + OF_DEINTERLACING * look.is_interlaced
        pictures += OF_HEVC * (self.codec.codec.canonical_name == "hevc")
        pictures += OF_A_THREAD * (way.decoders - 1)
        size = picture_bytes(self.codec.format) if self.codec.format else 0
        pixels = sum(width * height for width, height in way.sizes)
        pixel_bytes = way.thrift.pixel_bytes[settings.preset] * (TEN_BITS if self.order.keeps_hdr else 1)
        decoding = pictures * size + TONE_MAPPING * (look.colour.is_hdr and settings.tonemap == "auto")
        encoding = len(way.sizes) * self.encoder.own_mib * MIB + round(pixels * pixel_bytes)
        total = BESIDE + decoding + encoding
        return Need(pictures, decoding, encoding, total if way.is_lean else round(total * HUGE_PAGES))

    def _refusal(self, way: Way) -> Rejected:
        need, ((width, height),) = self.need(way), way.sizes
        return Rejected(
            "limit_exceeded",
            f"To encode {width:,} x {height:,} pixels would take about {math.ceil(need.total / MIB):,} MiB of "
            f"memory, and {self.most // MIB:,} are the most: {need.decoding // MIB:,} for {need.pictures} decoded "
            f"pictures, {need.encoding // MIB:,} for the encoder's. Ask for lower heights or another codec; the "
            "operator can allow more with DROPOFF_VIDEO_MEMORY_MIB.",
        )
