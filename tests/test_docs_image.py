"""docs/image.md shows every parameter with an example that works, and every field of the result."""

import json
from pathlib import Path

import pytest

from processors.image import ImageProcessor
from processors.image.encode import EFFORTS
from processors.image.models import (
    Camera,
    Exposure,
    Filters,
    Gps,
    ImageParams,
    ImageResult,
    InputLimits,
    PaletteColour,
    Rendered,
    Rendition,
    Watermark,
)
from processors.partial import NotMade
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.contracts.page import Page, page
from tests.model_tables import examples
from tests.test_processors_image_animation import animation

DOCUMENT = page("image")


class TestImagePage(Page):
    document = DOCUMENT
    params = (ImageParams, Rendition, Filters, Watermark, InputLimits)
    results = (ImageResult, Rendered, NotMade, Camera, Exposure, Gps, PaletteColour)


# -- tables


def test_the_efforts_are_those_of_the_code() -> None:
    rows = ["| format | effort | quality | encoder |", "|---|---|---|---|"]
    for (format_, effort), (quality, settings) in EFFORTS.items():
        told = ", ".join(f"{name} {json.dumps(value)}" for name, value in settings.items()) or "as it is"
        rows.append(f"| {format_} | {effort} | {quality or '-'} | {told} |")
    assert "\n".join(rows) in DOCUMENT


# -- examples


@pytest.mark.parametrize("number", range(len(examples(DOCUMENT))))
def test_every_example_works_on_a_photo_and_on_an_animation(number: int, tmp_path: Path) -> None:
    params = examples(DOCUMENT)[number]
    film = tmp_path / "film.gif"
    film.write_bytes(animation("GIF"))
    for path in (REPOSITORY / "samples" / "photo.jpg", film):
        scratch = tmp_path / path.stem
        scratch.mkdir()
        finished = run_alone(ImageProcessor(), path, params, scratch=scratch)
        assert isinstance(finished.result, ImageResult)
        assert len(finished.result.renditions) == len(ImageParams.model_validate(params).renditions)
        assert finished.result.errors == []
