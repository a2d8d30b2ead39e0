"""How a video's numbers are meant: written down where the file doesn't say, and brought to SDR where it is HDR."""

from dataclasses import dataclass
from typing import Self

from av.video.frame import VideoFrame

from processors.media.frames import COLORSPACE_UNSPECIFIED as UNSPECIFIED
from processors.media.frames import HD_HEIGHT, HDR_TRANSFERS

# As ITU-T H.273 numbers them; the numbers are the same for primaries and transfer as far as they are used here.
RGB, BT709, BT470BG, SMPTE170M = 0, 1, 5, 6
LIMITED = 1  # AVCOL_RANGE_MPEG


@dataclass(frozen=True, slots=True)
class Colour:
    """Of decoded pictures."""

    primaries: int
    transfer: int
    matrix: int

    @classmethod
    def of(cls, frame: VideoFrame) -> Self:
        """What a frame doesn't say is what custom says: BT.709 for HD, BT.601 below."""
        custom = BT709 if min(frame.width, frame.height) >= HD_HEIGHT else SMPTE170M
        primaries, transfer = (
            custom if told in (0, UNSPECIFIED) else told for told in (frame.color_primaries, frame.color_trc)
        )
        return cls(primaries, transfer, custom if frame.colorspace == UNSPECIFIED else frame.colorspace)

    @property
    def is_hdr(self) -> bool:
        return self.transfer in HDR_TRANSFERS

    def written(self, tonemap: bool) -> "Colour":
        """What the output will be."""
        if tonemap and self.is_hdr:
            return Colour(BT709, BT709, BT709)
        return Colour(self.primaries, self.transfer, BT709 if self.matrix == RGB else self.matrix)


def declaring(colour: Colour) -> tuple[str, str]:
    """A filter that writes into every frame what the file left open."""
    return "setparams", f"color_primaries={colour.primaries}:color_trc={colour.transfer}:colorspace={colour.matrix}"


# Perceptual: what is brighter than SDR can show is compressed, and not cut. The first frame costs seconds: a table.
TO_SDR = "out_primaries=bt709:out_transfer=bt709:out_color_matrix=bt709:out_range=tv:intent=perceptual"
TO_YUV = "out_color_matrix=bt709:out_range=tv"
TO_LIMITED = "out_range=tv"
