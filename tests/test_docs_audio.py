"""docs/audio.md shows every parameter with an example that works, and every field of the result."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from processors.audio import AudioProcessor
from processors.audio.models import AudioParams, AudioResult
from processors.media.audio_file import FORMATS, KEPT
from processors.media.models import (
    AudioMade,
    AudioOutput,
    InputLimits,
    Interval,
    Loudness,
    MediaInfo,
    NotMade,
    Silence,
    Waveform,
    WaveformMade,
)
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.model_tables import allowed, examples, keys, params_table, result_table

DOCUMENT = (REPOSITORY / "docs" / "audio.md").read_text()
PARAMS = (AudioParams, Waveform, Silence, AudioOutput, InputLimits)
RESULTS = (WaveformMade, Loudness, Interval, AudioMade, NotMade)


@pytest.mark.parametrize("model", PARAMS, ids=lambda model: model.__name__)
def test_every_parameter_is_documented_with_default_and_range(model: type[BaseModel]) -> None:
    assert params_table(model) in DOCUMENT


@pytest.mark.parametrize("model", RESULTS, ids=lambda model: model.__name__)
def test_every_field_of_the_result_is_documented(model: type[BaseModel]) -> None:
    assert result_table(model) in DOCUMENT


def test_every_field_that_a_sound_has_and_a_film_has_not_is_documented() -> None:
    assert result_table(AudioResult, MediaInfo) in DOCUMENT


def test_everything_explains_itself() -> None:
    fields = [
        (model.__name__, name, field) for model in (*PARAMS, *RESULTS) for name, field in model.model_fields.items()
    ]
    assert [(model, name) for model, name, field in fields if not field.description] == []


def test_the_formats_are_those_of_the_code() -> None:
    rows = ["| format | output | codec | hertz | bits a second, mono and stereo |", "|---|---|---|---|---|"]
    for name, form in FORMATS.items():
        rates = " to ".join(f"{rate:,}" for rate in dict.fromkeys((form.rates[0], form.rates[-1])))
        mono, stereo = form.bit_rates
        rows.append(f"| {name} | `sound.{name}` | {form.codec} | {rates} | {mono:,} and {stereo:,} |")
    assert "\n".join(rows) in DOCUMENT
    told = re.search(r"Of the tags, (.*) are kept", DOCUMENT)
    assert told is not None
    assert tuple(re.findall(r"`([a-z]+)`", told[1])) == KEPT


def test_every_parameter_stands_in_an_example() -> None:
    shown = set(keys(examples(DOCUMENT)))
    assert {name for model in PARAMS for name in model.model_fields} - shown == set()


def test_every_option_stands_in_the_document() -> None:
    options = {option for model in PARAMS for field in model.model_fields.values() for option in allowed(field)}
    assert {option for option in options if option not in DOCUMENT} == set()


@pytest.mark.parametrize("number", range(len(examples(DOCUMENT))))
def test_every_example_works_on_a_tune_and_on_a_film(number: int, tmp_path: Path) -> None:
    params = examples(DOCUMENT)[number]
    asked = AudioParams.model_validate(params)
    for name in ("tune.mp3", "clip.mp4"):
        scratch = tmp_path / name
        scratch.mkdir()
        result = run_alone(AudioProcessor(), REPOSITORY / "samples" / name, params, scratch=scratch).result
        assert isinstance(result, AudioResult)
        assert result.errors == []
        assert (result.waveform is not None) == asked.wants("waveform")
        assert (result.loudness is not None) == asked.wants("loudness")
        assert (result.silences is not None) == asked.wants("silence")
        assert (result.sound is not None) == asked.wants("audio")
