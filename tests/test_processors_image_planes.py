"""JPEG as planes: scaled in YCbCr, and never in RGB where another JPEG is all that is asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from processors.image import ImageProcessor
from processors.image.backends import load
from processors.image.display_p3 import display_p3
from processors.image.extras import Extras
from processors.image.models import ImageResult, Rendition
from processors.work import run_alone
from tests.pictures import encoded, oriented
from tests.rendering import distance
from tests.test_processors_image_backends import ADDED, opened, photo


@pytest.mark.parametrize("backend", ADDED)
@pytest.mark.parametrize("sampling", [0, 1, 2])
def test_a_jpeg_may_come_in_the_planes_that_it_has(backend: str, sampling: int) -> None:
    image, file = opened(encoded(photo(), "JPEG", subsampling=sampling))
    pixels = load(backend).decode(image, file, (700, 467), ycc=True)
    assert pixels is not None
    assert (pixels.mode, pixels.size) == ("YCbCr", (700, 467))
    assert distance(pixels, image.resize(pixels.size, Image.Resampling.LANCZOS)) < 1


def test_a_jpeg_is_scaled_no_further_than_one_step_may() -> None:
    """Here a tenth of its height is wanted; what is missing is for those who know how."""
    image, file = opened(encoded(photo(), "JPEG"))
    pixels = load("fast").decode(image, file, (900, 60))
    assert pixels is not None
    assert pixels.size == (900, 150)


JPEG_JOBS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "cropped": {"height": 400, "fit": "cover", "gravity": "attention"},
    "padded": {"height": 700, "fit": "contain", "background": "#204080"},
    "small enough": {"max_bytes": 30_000},
    "filtered": {"filters": {"pixelate": 7, "grayscale": True}},
    "marked": {"watermark": {"text": "Dropoff"}},
    "in P3": {"colorspace": "p3"},
    "beside a WebP": {"format": "webp"},
}


@pytest.mark.parametrize("job", JPEG_JOBS)
@pytest.mark.parametrize("profile", [b"", display_p3()])
def test_jpeg_renditions_look_as_with_pillow_whatever_is_asked_for(job: str, profile: bytes, tmp_path: Path) -> None:
    """Where colours need not be touched, they stay in YCbCr all the way."""
    own = {name: value for name, value in JPEG_JOBS[job].items() if name in Rendition.model_fields}
    shared = {name: value for name, value in JPEG_JOBS[job].items() if name not in own}
    params = {"renditions": [{"name": "a", "width": 600, "format": "jpeg", "quality": 95, **own}], **shared}
    looks = []
    for backend in ("pillow", "fast"):
        (scratch := tmp_path / backend).mkdir()
        (scratch / "in").write_bytes(oriented(photo(), 6, "JPEG", quality=95, icc_profile=profile))
        finished = run_alone(ImageProcessor(Extras(backend)), scratch / "in", params, scratch=scratch)
        assert isinstance(finished.result, ImageResult)
        with Image.open(scratch / "out" / finished.outputs[0].name) as image:
            looks.append((image.convert("RGB"), image.info.get("icc_profile")))
    assert looks[0][1] == looks[1][1]
    assert distance(looks[0][0], looks[1][0]) < 1.5
