"""docs/image.md shows every parameter with an example that works, and every field of the result."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

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
from tests.test_processors_image_animation import animation

DOCUMENT = (REPOSITORY / "docs" / "image.md").read_text()
PARAMS = (ImageParams, Rendition, Filters, Watermark, InputLimits)
RESULTS = (ImageResult, Rendered, NotRendered, Camera, Exposure, Gps, PaletteColour)


# -- tables


def params_table(model: type[BaseModel]) -> str:
    """The table that the document must hold, from the model itself."""
    rows = ["| parameter | default | allowed | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        rows.append(f"| `{name}` | {default(field)} | {', '.join(allowed(field))} | {field.description} |")
    return "\n".join(rows)


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, BaseModel | tuple):
        return "see below"
    return "none" if value is None else f"`{json.dumps(value)}`"


def allowed(field: FieldInfo) -> Iterator[str]:
    annotation: Any = field.annotation
    metadata = list(field.metadata)
    kinds = [one for one in get_args(annotation) if one is not type(None)] if is_optional(annotation) else [annotation]
    kind = kinds[0]
    if hasattr(kind, "__metadata__"):  # Annotated
        metadata += [part for one in kind.__metadata__ for part in getattr(one, "metadata", [one])]
        kind = get_args(kind)[0]
    if get_origin(kind) is Literal:
        yield from (f"`{option}`" for option in get_args(kind))
    elif kind is bool:
        yield from ("`true`", "`false`")
    elif kind in (int, float):
        yield "a number" if kind is float else "a whole number"
    elif kind is str:
        yield "a text"
    else:
        yield "an object" if get_origin(kind) is None else "objects"
    yield from bounds(metadata)


def is_optional(annotation: Any) -> bool:
    return isinstance(annotation, UnionType) or type(None) in get_args(annotation)


def bounds(metadata: list[Any]) -> Iterator[str]:
    for bound in metadata:
        match bound:
            case Ge(ge=low):
                yield f"from {low:,}"
            case Gt(gt=low):
                yield f"above {low:,}"
            case Le(le=high):
                yield f"up to {high:,}"
            case MinLen(min_length=low):
                yield f"{low} or more"
            case MaxLen(max_length=high):
                yield f"at most {high}"
            case _ if pattern := getattr(bound, "pattern", None):
                yield f"`{pattern}`"


def result_table(model: type[BaseModel]) -> str:
    rows = ["| field | meaning |", "|---|---|"]
    rows += [f"| `{name}` | {field.description} |" for name, field in model.model_fields.items()]
    return "\n".join(rows)


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


def examples() -> list[dict[str, Any]]:
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)]


def keys(value: Any) -> Iterator[str]:
    """Of all objects in it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)


def test_every_parameter_stands_in_an_example() -> None:
    shown = set(keys(examples()))
    assert {name for model in PARAMS for name in model.model_fields} - shown == set()


def test_every_option_stands_in_the_document() -> None:
    options = {option for model in PARAMS for field in model.model_fields.values() for option in allowed(field)}
    assert {option for option in options if option not in DOCUMENT} == set()


@pytest.mark.parametrize("number", range(len(examples())))
def test_every_example_works_on_a_photo_and_on_an_animation(number: int, tmp_path: Path) -> None:
    params = examples()[number]
    film = tmp_path / "film.gif"
    film.write_bytes(animation("GIF"))
    for path in (REPOSITORY / "samples" / "photo.jpg", film):
        scratch = tmp_path / path.stem
        scratch.mkdir()
        finished = run_alone(ImageProcessor(), path, params, scratch=scratch)
        assert isinstance(finished.result, ImageResult)
        assert len(finished.result.renditions) == len(ImageParams.model_validate(params).renditions)
        assert finished.result.errors == []
