"""docs/audio.md shows every parameter with an example that works, and every field of the result."""

import re
from pathlib import Path

import pytest

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
    Silence,
    Waveform,
    WaveformMade,
)
from processors.partial import NotMade
from processors.work import run_alone
from tests.architecture import REPOSITORY
from tests.contracts.page import Page, page
from tests.model_tables import examples, result_table

DOCUMENT = page("audio")


class TestAudioPage(Page):
    document = DOCUMENT
    params = (AudioParams, Waveform, Silence, AudioOutput, InputLimits)
    results = (WaveformMade, Loudness, Interval, AudioMade, NotMade)


def test_every_field_that_a_sound_has_and_a_film_has_not_is_documented() -> None:
    assert result_table(AudioResult, MediaInfo) in DOCUMENT


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
