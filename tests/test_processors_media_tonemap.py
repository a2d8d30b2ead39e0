"""HDR as an ordinary screen shows it: known light in, known values out."""

import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from processors.media import tonemap
from tests.films import film
from tests.pictures import pixel, quarters
from tests.programs import require
from tests.rendering import distance
from tests.storyboards import made

CURVES = {tonemap.PQ: "smpte2084", tonemap.HLG: "arib-std-b67"}


def shown(transfer: int, value: int) -> tuple[int, ...]:
    return pixel(tonemap.to_srgb(Image.new("RGB", (4, 4), (value, value, value)), transfer), 1, 1)


@pytest.mark.parametrize("transfer", CURVES)
def test_black_is_black_and_the_peak_is_white_and_greys_stay_grey(transfer: int) -> None:
    peak = 192 if transfer == tonemap.PQ else 255  # PQ: 1,000 cd/m2 has the value 0.752
    assert shown(transfer, 0) == (0, 0, 0)
    assert min(shown(transfer, peak)) >= 253
    for value in range(0, 256, 15):
        grey = shown(transfer, value)
        assert max(grey) - min(grey) <= 2


@pytest.mark.parametrize("transfer", CURVES)
def test_more_light_is_never_shown_darker(transfer: int) -> None:
    values = [shown(transfer, value)[0] for value in range(256)]
    assert values == sorted(values)


def test_light_below_the_knee_is_left_alone() -> None:
    """50 cd/m2 are 0.2463 of white: 136 in sRGB. In PQ that is 0.440: 112."""
    assert shown(tonemap.PQ, 112)[0] == pytest.approx(136, abs=4)


@pytest.mark.parametrize("transfer", CURVES)
def test_a_graded_film_looks_like_the_picture_that_it_was_graded_from(transfer: int, tmp_path: Path) -> None:
    """FFmpeg's zscale makes the HDR; here it is made ordinary again."""
    require("ffmpeg")
    original = quarters((192, 128)).point(lambda value: value * 3 // 4)
    ordinary = film(tmp_path / "ordinary.mp4", lambda _: original, 5, options={"crf": "10"})
    to_hdr = (
        "zscale=tin=iec61966-2-1:pin=bt709:min=470bg:rin=tv:t=linear:npl=203:p=bt709,format=gbrpf32le,"
        f"zscale=p=2020:t={CURVES[transfer]}:m=2020_ncl:r=tv:npl=203,format=yuv420p10le"
    )
    tags = ["-color_trc", CURVES[transfer], "-color_primaries", "bt2020", "-colorspace", "bt2020nc"]
    path = tmp_path / "a.mp4"
    encode = ["-c:v", "libx265", "-x265-params", "log-level=none", *tags, str(path)]
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(ordinary), "-vf", to_hdr, *encode], check=True)
    result = made(path, tmp_path, {"poster": {}, "storyboard": {}})
    assert any("HDR" in warning for warning in result.warnings)
    for name in ("poster.webp", "storyboard.webp"):
        with Image.open(tmp_path / "out" / name) as image:
            upper_left = image.convert("RGB").crop((0, 0, 192, 128))
        assert distance(upper_left, original) < 12
        assert ImageStat.Stat(upper_left).stddev[0] > 0.85 * ImageStat.Stat(original).stddev[0]  # not flat
