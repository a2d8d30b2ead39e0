"""docs/image.md shows every parameter with an example that works, and every field of the result."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

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
    NotRendered,
    PaletteColour,
    Rendered,
    Rendition,
    Watermark,
)
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.model_tables import allowed, examples, keys, params_table, result_table
from tests.test_processors_image_animation import animation

DOCUMENT = (REPOSITORY / "docs" / "image.md").read_text()
PARAMS = (ImageParams, Rendition, Filters, Watermark, InputLimits)
RESULTS = (ImageResult, Rendered, NotRendered, Camera, Exposure, Gps, PaletteColour)


# -- tables


@pytest.mark.parametrize("model", PARAMS, ids=lambda model: model.__name__)
def test_every_parameter_is_documented_with_default_and_range(model: type[BaseModel]) -> None:
    assert params_table(model) in DOCUMENT


@pytest.mark.parametrize("model", RESULTS, ids=lambda model: model.__name__)
def test_every_field_of_the_result_is_documented(model: type[BaseModel]) -> None:
    assert result_table(model) in DOCUMENT


def test_everything_explains_itself() -> None:
    fields = [
        (model.__name__, name, field) for model in (*PARAMS, *RESULTS) for name, field in model.model_fields.items()
    ]
    assert [(model, name) for model, name, field in fields if not field.description] == []


def test_the_efforts_are_those_of_the_code() -> None:
    rows = ["| format | effort | quality | encoder |", "|---|---|---|---|"]
    for (format_, effort), (quality, settings) in EFFORTS.items():
        told = ", ".join(f"{name} {json.dumps(value)}" for name, value in settings.items()) or "as it is"
        rows.append(f"| {format_} | {effort} | {quality or '-'} | {told} |")
    assert "\n".join(rows) in DOCUMENT


# -- examples


def test_every_parameter_stands_in_an_example() -> None:
    shown = set(keys(examples(DOCUMENT)))
    assert {name for model in PARAMS for name in model.model_fields} - shown == set()


def test_every_option_stands_in_the_document() -> None:
    options = {option for model in PARAMS for field in model.model_fields.values() for option in allowed(field)}
    assert {option for option in options if option not in DOCUMENT} == set()


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
