"""docs/video.md shows every parameter with an example that works, and every field of the result."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from processors.media.models import (
    AudioStream,
    Chapter,
    Colour,
    InputLimits,
    MediaInfo,
    NotMade,
    Place,
    Playable,
    SubtitleStream,
    VideoStream,
)
from processors.video import VideoProcessor
from processors.video.encoders import ENCODERS
from processors.video.models import (
    Hls,
    HlsMade,
    Picture,
    Poster,
    Preview,
    PreviewMade,
    Rung,
    Storyboard,
    StoryboardMade,
    SubtitlesMade,
    Transcode,
    Transcoded,
    VideoParams,
    VideoResult,
    Web,
    WebMade,
)
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.model_tables import allowed, examples, keys, params_table, result_table

DOCUMENT = (REPOSITORY / "docs" / "video.md").read_text()
PARAMS = (VideoParams, InputLimits, Poster, Storyboard, Preview, Web, Transcode, Hls)
TOLD = (MediaInfo, VideoStream, AudioStream, SubtitleStream, Chapter, Colour, Place, Playable)
MADE = (Picture, StoryboardMade, PreviewMade, WebMade, Transcoded, HlsMade, Rung, SubtitlesMade, NotMade)
QUICK = "samples/clip.mp4"


@pytest.mark.parametrize("model", PARAMS, ids=lambda model: model.__name__)
def test_every_parameter_is_documented_with_default_and_range(model: type[BaseModel]) -> None:
    assert params_table(model) in DOCUMENT


@pytest.mark.parametrize("model", [*TOLD, *MADE], ids=lambda model: model.__name__)
def test_every_field_of_the_result_is_documented(model: type[BaseModel]) -> None:
    assert {name for name in model.model_fields if f"`{name}`" not in DOCUMENT} == set()
    if model in MADE:
        assert result_table(model) in DOCUMENT


def test_every_operation_has_its_part_of_the_result() -> None:
    assert result_table(VideoResult, MediaInfo) in DOCUMENT


def test_everything_explains_itself() -> None:
    models = (*PARAMS, *TOLD, *MADE, VideoResult)
    silent = [(model, name) for model in models for name, field in model.model_fields.items() if not field.description]
    assert silent == []


def test_every_parameter_stands_in_an_example() -> None:
    shown = set(keys(examples(DOCUMENT)))
    assert {name for model in PARAMS for name in model.model_fields} - shown == set()


def test_every_option_stands_in_the_document() -> None:
    options = {option for model in PARAMS for field in model.model_fields.values() for option in allowed(field)}
    assert {option for option in options if option not in DOCUMENT} == set()


def test_every_encoder_is_in_the_table_with_its_usual_quality() -> None:
    for name, encoder in ENCODERS.items():
        crf = encoder.settings("fast", None, 1280 * 720)["crf"]
        assert any(line.startswith("| ") and f"| {crf}" in line for line in DOCUMENT.splitlines()), name


@pytest.mark.parametrize("number", range(len(examples(DOCUMENT))))
def test_every_example_works_on_a_film(number: int, tmp_path: Path) -> None:
    params = examples(DOCUMENT)[number]
    asked = VideoParams.model_validate(params)
    result = run_alone(VideoProcessor(), REPOSITORY / QUICK, params, scratch=tmp_path).result
    assert isinstance(result, VideoResult)
    assert result.errors == []
    for operation in ("poster", "storyboard", "preview", "web", "hls", "waveform"):
        assert (getattr(result, operation) is not None) == asked.wants(operation), operation
    assert bool(result.transcodes) == asked.wants("transcode")
    assert (result.sound is not None) == asked.wants("audio")
