"""What an encoding takes in memory, told before it begins, and how it's made to fit.

So that hours of work don't end at the wall of a cell. What takes memory is given up in this order: huge pages and a
second thread of the decoder, which cost time; what waits in the encoder, which costs some bytes; and the one decoding
for all sizes, which costs time again. Where that doesn't come to `USUAL`, more is taken, as far as the operator allows
it; the last of an encoder's thrifts, which costs many bytes, is for those who don't.
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

USUAL = 200 * MIB
BESIDE = 64 * MIB  # a cell that has all libraries in use, has drawn the pictures, and what sound takes
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
        best, second, *_ = self.encoder.thrifts
        return (
            self._within(min(USUAL, self.most), sizes, [(best, False), (best, True), (second, True)])
            or self._within(self.most, sizes, [(second, True)])
            or [self._alone(size) for size in sizes]
        )

    def _within(self, most: int, sizes: Sequence[Size], means: Sequence[tuple[Thrift, bool]]) -> list[Way]:
        """With the first of `means` that will do, together or else one after the other. Empty if none will."""
        for way in (Way(sizes, thrift, is_lean) for thrift, is_lean in means):
            if self.need(way).total <= most:
                return [way]
        if len(sizes) == 1:
            return []
        first, others = self._within(most, sizes[:1], means), self._within(most, sizes[1:], means)
        return [*first, *others] if first and others else []

    def _alone(self, size: Size) -> Way:
        ways = [Way([size], thrift, True) for thrift in self.encoder.thrifts]
        fitting = [way for way in ways if self.need(way).total <= self.most]
        if not fitting:
            raise self._refusal(ways[-1])
        return fitting[0]

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
