"""The video encoders: what they are called, and how they are set up to be fast, and to fit into a cell's memory.

Threads are counted here and never by the machine: the same file gives the same bytes everywhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Codec = Literal["h264", "hevc", "vp9", "av1"]
Preset = Literal["fast", "balanced", "small"]
Options = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Thrift:
    """What an encoder is told so that less waits in it. `pixel_bytes` is its memory for each pixel of a frame.

    `crf` is added: without its look ahead, an encoder means a better picture by the same number.
    """

    pixel_bytes: Mapping[Preset, int]
    options: Options = field(default_factory=dict)
    threads: int = 2
    crf: int = 0


@dataclass(frozen=True, slots=True)
class Encoder:
    """`presets` are FFmpeg's options for each effort; `thrifts` go from the best to the one that takes least memory.

    `own_mib` is what it takes whatever the size.
    """

    name: str
    crf: int
    max_crf: int
    presets: Mapping[Preset, Options]
    own_mib: int
    thrifts: Sequence[Thrift]
    suffix: str = "mp4"
    media_type: str = "video/mp4"
    tag: str = ""
    has_ten_bits: bool = True

    def settings(self, preset: Preset, crf: int | None, thrift: Thrift) -> dict[str, str]:
        quality = min((self.crf if crf is None else crf) + thrift.crf, self.max_crf)
        return {**self.presets[preset], **thrift.options, "crf": str(quality)}


def _each(fast: int, balanced: int, small: int) -> Mapping[Preset, int]:
    return {"fast": fast, "balanced": balanced, "small": small}


# What waits in an encoder is what takes memory: a frame of 720p some 4 MB. Figures are in docs/video.md, and a test
# compares them with what real cells take.
_X264 = {"x264-params": "sync-lookahead=0"}
_X265 = "log-level=none:frame-threads=1:lookahead-slices=0:ref=1:b-adapt=0"
_VP9 = {"row-mt": "1", "tile-columns": "1"}
_AV1 = "lp=1:lookahead=0"

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
            own_mib=11,
            thrifts=(
                Thrift(_each(70, 108, 126), _X264),
                Thrift(_each(46, 46, 46), {**_X264, "rc-lookahead": "2", "bf": "1", "refs": "1"}),
                Thrift(_each(25, 25, 25), {**_X264, "rc-lookahead": "1", "bf": "0", "refs": "1"}, threads=1),
            ),
            has_ten_bits=False,  # High 10 plays almost nowhere
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
            own_mib=17,
            thrifts=(
                Thrift(_each(84, 104, 106), {"x265-params": f"{_X265}:pools=2:rc-lookahead=2:bframes=1"}),
                Thrift(_each(62, 66, 66), {"x265-params": f"{_X265}:pools=2:rc-lookahead=1:bframes=0"}),
                Thrift(
                    _each(49, 52, 52),
                    {"x265-params": f"{_X265}:pools=none:wpp=0:rc-lookahead=0:cutree=0:bframes=0"},
                    crf=5,
                ),
            ),
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
            own_mib=14,
            thrifts=(  # 48 bytes a pixel are a table of tokens, which it clears as a whole before it begins
                Thrift(_each(97, 97, 97), {**_VP9, "lag-in-frames": "4"}),
                Thrift(_each(85, 85, 85), {**_VP9, "lag-in-frames": "0"}),
            ),
            suffix="webm",
            media_type="video/webm",
            has_ten_bits=False,
        ),
        "av1": Encoder(
            "libsvtav1",
            crf=35,
            max_crf=63,
            presets={"fast": {"preset": "9"}, "balanced": {"preset": "7"}, "small": {"preset": "5"}},
            own_mib=17,
            thrifts=(
                Thrift(_each(94, 124, 130), {"svtav1-params": f"{_AV1}:hierarchical-levels=3"}),
                Thrift(_each(45, 63, 67), {"svtav1-params": f"{_AV1}:pred-struct=1"}),
                Thrift(_each(45, 49, 49), {"svtav1-params": f"{_AV1}:pred-struct=1:rtc=1"}),
            ),
        ),
    }
)
