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
    Place,
    Playable,
    SubtitleStream,
    VideoStream,
)
from processors.partial import NotMade
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
from tests.contracts.page import Page, page
from tests.model_tables import examples, result_table

DOCUMENT = page("video")
TOLD = (MediaInfo, VideoStream, AudioStream, SubtitleStream, Chapter, Colour, Place, Playable)
MADE = (Picture, StoryboardMade, PreviewMade, WebMade, Transcoded, HlsMade, Rung, SubtitlesMade, NotMade)
QUICK = "samples/clip.mp4"


class TestVideoPage(Page):
    document = DOCUMENT
    params = (VideoParams, InputLimits, Poster, Storyboard, Preview, Web, Transcode, Hls)
    results = MADE
    also = (*TOLD, VideoResult)


@pytest.mark.parametrize("model", TOLD, ids=lambda model: model.__name__)
def test_every_field_of_what_is_told_is_named(model: type[BaseModel]) -> None:
    assert {name for name in model.model_fields if f"`{name}`" not in DOCUMENT} == set()


def test_every_operation_has_its_part_of_the_result() -> None:
    assert result_table(VideoResult, MediaInfo) in DOCUMENT


def test_every_encoder_is_in_the_table_with_its_usual_quality() -> None:
    for name, encoder in ENCODERS.items():
        crf = encoder.settings("fast", None, encoder.thrifts[0])["crf"]
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
