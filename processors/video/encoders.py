"""The video encoders: what they are called, and how they are set up to be fast, and to fit into a cell's memory.

Threads are counted here and never by the machine: the same file gives the same bytes everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Codec = Literal["h264", "hevc", "vp9", "av1"]
Preset = Literal["fast", "balanced", "small"]
Options = Mapping[str, str]

LARGE_PIXELS = 1_000_000  # above 720p, frames are so large that fewer of them are kept waiting


@dataclass(frozen=True, slots=True)
class Encoder:
    """`presets` are FFmpeg's options for each effort; `large` are those that large frames need besides.

    `pixel_bytes`: memory for each pixel of a large frame, at most, all frames that wait together.
    """

    name: str
    crf: int
    max_crf: int
    presets: Mapping[Preset, Options]
    pixel_bytes: int
    suffix: str = "mp4"
    media_type: str = "video/mp4"
    tag: str = ""
    threads: int = 2
    options: Options = field(default_factory=dict)
    large: Options = field(default_factory=dict)
    ten_bit: str = "yuv420p10le"

    def settings(self, preset: Preset, crf: int | None, pixels: int) -> dict[str, str]:
        chosen = {**self.options, **self.presets[preset], **(self.large if pixels > LARGE_PIXELS else {})}
        return {**chosen, "crf": str(self.crf if crf is None else crf)}


# What waits in an encoder is what takes memory: a frame of 720p some 4 MB. Figures are in docs/video.md.
_X265 = "log-level=none:pools=2:frame-threads=1:lookahead-slices=0:rc-lookahead=2:bframes=1:ref=1:b-adapt=0"

ENCODERS: Mapping[Codec, Encoder] = MappingProxyType(
    {
        "h264": Encoder(
            "libx264",
            crf=23,
            max_crf=51,
            presets={
                "fast": {"preset": "veryfast", "rc-lookahead": "5"},
                "balanced": {"preset": "medium", "rc-lookahead": "15"},
                "small": {"preset": "slow", "rc-lookahead": "20", "refs": "4"},
            },
            options={"x264-params": "sync-lookahead=0"},
            large={"rc-lookahead": "2", "bf": "1", "refs": "1"},
            pixel_bytes=50,
            ten_bit="yuv420p",  # High 10 plays almost nowhere
        ),
        "hevc": Encoder(
            "libx265",
            crf=28,
            max_crf=51,
            presets={
                "fast": {"preset": "superfast"},
                "balanced": {"preset": "fast"},
                "small": {"preset": "medium"},
            },
            options={"x265-params": _X265},
            pixel_bytes=90,
            tag="hvc1",  # as Apple's players ask for
        ),
        "vp9": Encoder(
            "libvpx-vp9",
            crf=33,
            max_crf=63,
            presets={
                "fast": {"deadline": "good", "cpu-used": "5"},
                "balanced": {"deadline": "good", "cpu-used": "4"},
                "small": {"deadline": "good", "cpu-used": "2"},
            },
            options={"row-mt": "1", "lag-in-frames": "4", "tile-columns": "1"},
            large={"lag-in-frames": "0"},
            pixel_bytes=85,
            suffix="webm",
            media_type="video/webm",
            ten_bit="yuv420p",
        ),
        "av1": Encoder(
            "libsvtav1",
            crf=35,
            max_crf=63,
            presets={"fast": {"preset": "9"}, "balanced": {"preset": "7"}, "small": {"preset": "5"}},
            options={"svtav1-params": "lp=1:lookahead=0:hierarchical-levels=3"},
            large={"svtav1-params": "lp=1:lookahead=0:pred-struct=1"},
            pixel_bytes=50,
        ),
    }
)
