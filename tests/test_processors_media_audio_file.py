"""Sound files: what another FFmpeg reads from them is as long, as loud and as anonymous as was asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import pytest

from processors.media import audio_file
from processors.media.models import AudioMade, AudioOutput, Loudness
from tests.architecture import REPOSITORY
from tests.readers import ffprobe, level, samples
from tests.tones import RATE, Opened, sine, write

TAGS = {
    "title": "A tune",
    "artist": "Nobody",
    "album": "Tunes",
    "track": "3",
    "date": "2026",
    "comment": "recorded at home",
    "location": "+46.9760+008.6080/",
    "encoder": "Phone 1.0",
}


def make(path: Path, scratch: Path, *, strip: bool = True, **settings: Any) -> tuple[AudioMade, Path]:
    with Opened(path, scratch, "audio") as source:
        made = audio_file.make(source, AudioOutput(**settings), strip_metadata=strip)
    return made, scratch / "out" / made.file


@pytest.fixture(scope="module")
def tune(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.7 seconds in stereo, with tags."""
    path = tmp_path_factory.mktemp("tune") / "a.mp4"
    options = {"movflags": "+use_metadata_tags"}
    return write(path, sine(440, -12), sine(660, -12), seconds=1.7, codec="aac", tags=TAGS, options=options)


@pytest.mark.parametrize(
    ("form", "codec", "container"),
    [("m4a", "aac", "mov,mp4,m4a,3gp,3g2,mj2"), ("opus", "opus", "ogg"), ("mp3", "mp3", "mp3")],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_format_is_made_with_the_length_of_the_original(
    form: str, codec: str, container: str, channels: int, tmp_path: Path
) -> None:
    """What is decoded has as many samples; the header of an MP3 can only count frames, of 24 ms."""
    path = write(tmp_path / "a.wav", *[sine(440, -12)] * channels, seconds=1.7)
    made, file = make(path, tmp_path, format=form)
    told = ffprobe(file)
    (stream,) = told["streams"]
    assert (stream["codec_name"], int(stream["sample_rate"]), stream["channels"]) == (codec, RATE, channels)
    assert told["format"]["format_name"] == container
    assert made.duration == 1.7
    assert float(told["format"]["duration"]) == pytest.approx(1.7, abs=0.03)
    assert len(samples(file)) / channels == pytest.approx(1.7 * RATE, abs=1024)
    assert (made.sample_rate, made.channels, made.codec.lower()) == (RATE, channels, codec)


@pytest.mark.parametrize("form", ["m4a", "opus", "mp3"])
def test_the_sound_is_where_it_was(form: str, tmp_path: Path) -> None:
    """A click keeps its place, to a thousandth of a second."""

    def click(n: int) -> float:
        return 0.9 if 24_000 <= n < 24_048 else 0.0

    _, file = make(write(tmp_path / "a.wav", click), tmp_path, format=form)
    heard = samples(file, RATE, 1)
    assert max(range(len(heard)), key=lambda n: abs(heard[n])) == pytest.approx(24_024, abs=48)


@pytest.mark.parametrize(("rate", "form", "expected"), [
    (44_100, "m4a", 44_100), (44_100, "opus", 48_000), (44_100, "mp3", 44_100), (8_000, "m4a", 8_000),
    (8_000, "mp3", 8_000), (8_000, "opus", 48_000), (96_000, "m4a", 48_000), (37_800, "m4a", 44_100),
    (5_512, "mp3", 8_000),
])  # fmt: skip
def test_the_sample_rate_is_the_next_that_the_codec_takes(rate: int, form: str, expected: int, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(440, -12, rate), seconds=0.5, rate=rate)
    made, file = make(path, tmp_path, format=form)
    assert made.sample_rate == expected
    assert int(ffprobe(file)["streams"][0]["sample_rate"]) == expected
    assert len(samples(file)) / expected == pytest.approx(0.5, abs=0.03)


def test_surround_is_mixed_into_two_channels_and_not_clipped(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", *[sine(100, -0.5)] * 6, codec="flac", seconds=0.5)
    made, file = make(path, tmp_path, format="mp3")
    assert made.channels == ffprobe(file)["streams"][0]["channels"] == 2
    heard = samples(file)
    assert 25_000 < max(heard) < 32_767


@pytest.mark.parametrize(
    ("form", "asked", "rate", "given"),
    [
        ("m4a", None, RATE, 64_000),
        ("m4a", 96_000, RATE, 96_000),
        ("m4a", 512_000, 8_000, 48_000),
        ("opus", 512_000, RATE, 256_000),
        ("mp3", 512_000, RATE, 320_000),
        ("mp3", 512_000, 16_000, 160_000),
        ("mp3", 512_000, 8_000, 64_000),
    ],
)
def test_the_bit_rate_stays_within_what_the_format_can_hold(
    form: str, asked: int | None, rate: int, given: int, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.wav", sine(440, -12, rate), seconds=0.5, rate=rate)
    made, file = make(path, tmp_path, format=form, bit_rate=asked)
    assert made.bit_rate == given
    assert len(samples(file)) > 0


# -- loudness


def test_surround_is_brought_to_the_loudness_of_its_mix(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", *[sine(997, -30)] * 6, codec="flac", seconds=3)
    with Opened(path, tmp_path, "audio") as source:
        of_six = Loudness(integrated=-20, range=0, true_peak=-30)  # which is not that of two
        audio_file.make(source, AudioOutput(loudness=-20), strip_metadata=True, loudness=of_six)
    assert level(tmp_path / "out" / "sound.m4a").integrated == pytest.approx(-20, abs=0.2)


@pytest.mark.parametrize("form", ["m4a", "opus", "mp3"])
@pytest.mark.parametrize(("before", "target"), [(-30, -16), (-8, -23)])
def test_a_programme_is_brought_to_its_loudness(form: str, before: float, target: float, tmp_path: Path) -> None:
    """LAME makes everything a third of a decibel softer, for fear of clipping."""
    path = write(tmp_path / "a.wav", sine(997, before), sine(997, before), seconds=3)
    _, file = make(path, tmp_path, format=form, loudness=target)
    assert level(file).integrated == pytest.approx(target, abs=0.5 if form == "mp3" else 0.2)


def test_the_gain_stops_at_the_true_peak_and_says_so(tmp_path: Path) -> None:
    """A quiet tone with a loud click: it may rise by 5 dB, and was asked to rise by 25."""

    def tone(n: int) -> float:
        return sine(997, -40)(n) + (0.5 * sine(4000, 0)(n) if 48_000 <= n < 48_048 else 0)

    path = write(tmp_path / "a.wav", tone, tone, seconds=3)
    with Opened(path, tmp_path, "audio") as source:
        audio_file.make(source, AudioOutput(format="m4a", loudness=-15), strip_metadata=True)
        assert ["The peaks leave room" in note for note in source.notes] == [True]
    told = level(tmp_path / "out" / "sound.m4a")
    assert told.true_peak == pytest.approx(-1, abs=0.7)
    assert told.integrated < -30


def test_a_known_loudness_is_not_measured_again(tmp_path: Path) -> None:
    """A wrong one is believed."""
    path = write(tmp_path / "a.wav", sine(997, -30), sine(997, -30), seconds=2)
    with Opened(path, tmp_path, "audio") as source:
        known = Loudness(integrated=-26, range=0, true_peak=-26)
        audio_file.make(source, AudioOutput(format="opus", loudness=-16), strip_metadata=True, loudness=known)
    assert level(tmp_path / "out" / "sound.opus").integrated == pytest.approx(-20, abs=0.2)


def test_silence_stays_silence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", lambda _n: 0.0, seconds=1)
    _, file = make(path, tmp_path, format="mp3", loudness=-16)
    assert max(map(abs, samples(file))) == 0


# -- metadata


def tags(file: Path) -> Mapping[str, str]:
    told = ffprobe(file)
    found = {**told["format"].get("tags", {}), **told["streams"][0].get("tags", {})}
    return {name.lower(): text for name, text in found.items()}


OF_THE_CONTAINER = {"major_brand", "minor_version", "compatible_brands", "handler_name", "vendor_id", "language"}


@pytest.mark.parametrize("form", ["m4a", "opus", "mp3"])
def test_only_what_names_the_music_is_kept(form: str, tune: Path, tmp_path: Path) -> None:
    _, file = make(tune, tmp_path, format=form)
    told = tags(file)
    assert {name: told[name] for name in audio_file.KEPT} == {name: TAGS[name] for name in audio_file.KEPT}
    left = {name: text for name, text in told.items() if name not in audio_file.KEPT and name not in OF_THE_CONTAINER}
    assert left == ({"encoder": "Lavf"} if form == "mp3" else {})  # its first frame has a field for that
    content = file.read_bytes()
    for secret in (b"recorded at home", b"46.9760", b"Phone", b"Lavc", b"creation_time"):
        assert secret not in content


@pytest.mark.parametrize("form", ["m4a", "opus", "mp3"])
def test_all_is_kept_where_that_is_asked_for(form: str, tune: Path, tmp_path: Path) -> None:
    _, file = make(tune, tmp_path, format=form, strip=False)
    told = tags(file)
    for name in (*audio_file.KEPT, "comment"):
        assert told[name] == TAGS[name]


def test_tags_of_an_ogg_file_are_kept_too(tmp_path: Path) -> None:
    """They belong to its stream."""
    path = write(tmp_path / "a.ogg", sine(440, -12), codec="libopus", tags={"title": "A tune", "comment": "hidden"})
    _, file = make(path, tmp_path, format="m4a")
    assert tags(file)["title"] == "A tune"
    assert b"hidden" not in file.read_bytes()


def test_an_m4a_begins_with_its_index(tune: Path, tmp_path: Path) -> None:
    _, file = make(tune, tmp_path, format="m4a")
    content = file.read_bytes()
    assert content[4:12] == b"ftypM4A "
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("form", ["m4a", "opus", "mp3"])
def test_the_same_sound_gives_the_same_bytes(form: str, tune: Path, tmp_path: Path) -> None:
    files = [make(tune, tmp_path / name, format=form)[1] for name in ("a", "b")]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_the_sound_of_a_film_is_taken(tmp_path: Path) -> None:
    made, file = make(REPOSITORY / "samples" / "clip.mp4", tmp_path)
    assert [stream["codec_type"] for stream in ffprobe(file)["streams"]] == ["audio"]
    assert made.channels == 1


def test_a_file_that_cannot_be_written_is_not_the_fault_of_the_sound(tune: Path, tmp_path: Path) -> None:
    (tmp_path / "sound.m4a").symlink_to(tmp_path / "nowhere" / "else")
    with pytest.raises(OSError, match="can't be written") as failed:
        make(tune, tmp_path)
    assert not isinstance(failed.value, av.FFmpegError)
