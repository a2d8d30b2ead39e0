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

UHD_PIXELS = 2560 * 1440  # above, frames are so large that fewer of them are kept waiting


@dataclass(frozen=True, slots=True)
class Encoder:
    """`presets` are FFmpeg's options for each effort; `uhd` are those that large frames need besides."""

    name: str
    crf: int
    max_crf: int
    presets: Mapping[Preset, Options]
    suffix: str = "mp4"
    media_type: str = "video/mp4"
    tag: str = ""
    threads: int = 2
    options: Options = field(default_factory=dict)
    uhd: Options = field(default_factory=dict)
    ten_bit: str = "yuv420p10le"

    def settings(self, preset: Preset, crf: int | None, pixels: int) -> dict[str, str]:
        chosen = {**self.options, **self.presets[preset], **(self.uhd if pixels > UHD_PIXELS else {})}
        return {**chosen, "crf": str(self.crf if crf is None else crf)}


# Lookahead is what takes memory: a frame of 1080p waits there in some 7 MB.
ENCODERS: Mapping[Codec, Encoder] = MappingProxyType(
    {
        "h264": Encoder(
            "libx264",
            crf=23,
            max_crf=51,
            presets={
                "fast": {"preset": "veryfast"},
                "balanced": {"preset": "medium", "rc-lookahead": "15"},
                "small": {"preset": "slow", "rc-lookahead": "20", "refs": "4"},
            },
            uhd={"rc-lookahead": "5", "refs": "2", "bf": "2"},
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
            options={"x265-params": "log-level=none:pools=2:frame-threads=1:rc-lookahead=10"},
            uhd={"x265-params": "log-level=none:pools=2:frame-threads=1:rc-lookahead=5:bframes=2:ref=2"},
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
            options={"row-mt": "1", "lag-in-frames": "12", "tile-columns": "1"},
            uhd={"lag-in-frames": "5"},
            suffix="webm",
            media_type="video/webm",
            ten_bit="yuv420p",
        ),
        "av1": Encoder(
            "libsvtav1",
            crf=35,
            max_crf=63,
            presets={"fast": {"preset": "9"}, "balanced": {"preset": "7"}, "small": {"preset": "5"}},
            options={"svtav1-params": "lp=2:lookahead=0"},
        ),
    }
)
