"""Colours and sampling of frames."""

import struct
from typing import Any

import av
import pytest
from av.sidedata.sidedata import Type

from processors.media import colours
from processors.media.colours import LIGHT, MASTERING


@pytest.mark.parametrize(
    ("pixel_format", "chroma", "bits"),
    [
        ("yuv420p", "4:2:0", 8),
        ("yuv420p10le", "4:2:0", 10),
        ("yuv422p", "4:2:2", 8),
        ("yuv444p12le", "4:4:4", 12),
        ("yuv411p", "4:1:1", 8),
        ("nv12", "4:2:0", 8),
        ("yuva420p", "4:2:0", 8),
        ("gray", "gray", 8),
        ("ya8", "gray", 8),
        ("rgb24", "rgb", 8),
        ("gbrp10le", "rgb", 10),
    ],
)
def test_a_pixel_format_tells_sampling_and_depth(pixel_format: str, chroma: str, bits: int) -> None:
    frame = av.VideoFrame(64, 64, pixel_format)
    assert (colours.sampling(frame), colours.depth(frame)) == (chroma, bits)


def test_colours_have_the_names_of_ffmpeg() -> None:
    frame = av.VideoFrame(64, 64, "yuv420p10le")
    assert set(colours.colour(frame).model_dump().values()) == {None}
    frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range = 9, 18, 9, 1
    assert colours.colour(frame).model_dump() == {
        "primaries": "bt2020",
        "transfer": "arib-std-b67",
        "space": "bt2020nc",
        "range": "tv",
    }


@pytest.mark.parametrize(("transfer", "kind"), [(16, "pq"), (18, "hlg"), (1, None), (2, None), (99, None)])
def test_the_transfer_says_whether_it_is_hdr(transfer: int, kind: str | None) -> None:
    frame = av.VideoFrame(64, 64, "yuv420p10le")
    frame.color_trc = transfer
    told = colours.hdr(frame)
    assert (told and told.kind) == kind


def test_brightness_is_read_as_ffmpeg_lays_it_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A denominator of zero, and a figure of zero, tell nothing."""
    frame = av.VideoFrame(64, 64, "yuv420p10le")
    frame.color_trc = 16
    kinds = (Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL)

    def told(mastering: bytes, light: bytes) -> dict[str, Any]:
        monkeypatch.setattr(colours, "_side_data", lambda _frame: list(zip(kinds, (mastering, light), strict=True)))
        hdr = colours.hdr(frame)
        assert hdr is not None
        return hdr.model_dump()

    figures = [*[1] * 18, 40_000_000, 10_000, 1, 1]
    assert told(MASTERING.pack(*figures), LIGHT.pack(1200, 0)) == {
        "kind": "hdr10",
        "max_luminance": 4000.0,
        "max_content_light": 1200,
        "max_average_light": None,
    }
    figures[19] = 0
    assert told(MASTERING.pack(*figures), struct.pack("=2I", 0, 0))["kind"] == "pq"
    assert told(b"short", b"")["kind"] == "pq"
