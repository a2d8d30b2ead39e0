"""What a frame says of its colours: ITU-T H.273 by FFmpeg's names, and how bright HDR gets."""

import struct
from collections.abc import Iterable
from typing import cast

from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame

from processors.media.models import Colour, Hdr

# fmt: off
PRIMARIES = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020", 10: "smpte428",
    11: "smpte431", 12: "smpte432", 22: "ebu3213",
}
TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100", 10: "log316",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}
SPACES = {
    0: "gbr", 1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco", 9: "bt2020nc",
    10: "bt2020c", 11: "smpte2085", 12: "chroma-derived-nc", 13: "chroma-derived-c", 14: "ictcp",
}
# fmt: on
RANGES = {1: "tv", 2: "pc"}
PQ, HLG = "smpte2084", "arib-std-b67"

# AVMasteringDisplayMetadata: ten fractions (three primaries, white, least and most luminance), two flags.
MASTERING = struct.Struct("=20i2i")
LIGHT = struct.Struct("=2I")  # AVContentLightMetadata
SAMPLING = {(2, 2): "4:2:0", (2, 1): "4:2:2", (1, 1): "4:4:4", (4, 1): "4:1:1", (1, 2): "4:4:0", (4, 4): "4:1:0"}


def colour(frame: VideoFrame) -> Colour:
    return Colour(
        primaries=PRIMARIES.get(frame.color_primaries),
        transfer=TRANSFERS.get(frame.color_trc),
        space=SPACES.get(frame.colorspace),
        range=RANGES.get(frame.color_range),
    )


def hdr(frame: VideoFrame) -> Hdr | None:
    transfer = TRANSFERS.get(frame.color_trc)
    if transfer not in (PQ, HLG):
        return None
    luminance, brightest, average = None, None, None
    for type_, data in _side_data(frame):
        if type_ is Type.MASTERING_DISPLAY_METADATA and len(data) >= MASTERING.size:
            *fractions, _has_primaries, has_luminance = MASTERING.unpack_from(data)
            luminance = fractions[-2] / fractions[-1] if has_luminance and fractions[-1] else None
        elif type_ is Type.CONTENT_LIGHT_LEVEL and len(data) >= LIGHT.size:
            brightest, average = (figure or None for figure in LIGHT.unpack_from(data))
    is_told = any(figure is not None for figure in (luminance, brightest, average))
    return Hdr(
        kind="hlg" if transfer == HLG else "hdr10" if is_told else "pq",
        max_luminance=luminance,
        max_content_light=brightest,
        max_average_light=average,
    )


def _side_data(frame: VideoFrame) -> list[tuple[Type, bytes]]:
    try:
        return [(data.type, bytes(data)) for data in cast(Iterable[SideData], frame.side_data)]
    except ValueError:  # of a type that PyAV doesn't know yet
        return []


def sampling(frame: VideoFrame) -> str | None:
    """How the chroma is subsampled, in J:a:b notation."""
    format_ = frame.format
    if format_.is_rgb:
        return "rgb"
    if len(format_.components) < 3:
        return "gray"
    return SAMPLING.get((64 // format_.chroma_width(64), 64 // format_.chroma_height(64)))


def depth(frame: VideoFrame) -> int:
    return max(component.bits for component in frame.format.components)
