"""Peaks: those that a plain loop over all samples finds, in the bytes that audiowaveform would write."""

import json
import math
import struct
from array import array
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from processors.media import waveform
from processors.media.models import Waveform, WaveformMade
from tests.readers import samples
from tests.tones import Opened, Wave, sine, write


def make(path: Path, scratch: Path, **settings: Any) -> tuple[WaveformMade, bytes]:
    with Opened(path, scratch, "waveform") as source:
        made = waveform.make(source, Waveform(**settings))
    return made, (scratch / "out" / made.file).read_bytes()


def expected(mono: "array[int] | list[int]", samples_per_pixel: int) -> list[int]:
    """As audiowaveform has it: the lowest and the highest of each stretch, and of what is left at the end."""
    found = []
    for start in range(0, len(mono), samples_per_pixel):
        stretch = mono[start : start + samples_per_pixel]
        found += [min(stretch), max(stretch)]
    return found


def bits(value: float) -> int:
    """As PCM of 16 bits has it."""
    return max(-32768, min(32767, round(value * 32768)))


def rising(n: int) -> float:
    return n / 20_000 * math.sin(n * 1.7)


@pytest.mark.parametrize("points", [16, 100, 777])
@pytest.mark.parametrize("count", [8_000, 12_345, 3_001])
def test_each_point_has_the_extremes_of_its_samples(points: int, count: int, tmp_path: Path) -> None:
    """Also the last one, which has fewer of them."""
    path = write(tmp_path / "a.wav", rising, rate=8_000, seconds=count / 8_000)
    made, content = make(path, tmp_path, points=points, bits=16)
    told = json.loads(content)
    heard = list(samples(path))
    assert len(heard) == count
    assert told["data"] == expected(heard, made.samples_per_pixel)
    assert told["length"] == made.points == math.ceil(count / made.samples_per_pixel)
    assert 0.8 * points <= made.points <= points


def test_the_file_is_what_audiowaveform_writes(tmp_path: Path) -> None:
    """Its keys, in its order, without a space (its page DataFormat)."""
    path = write(tmp_path / "a.wav", sine(440, -6), seconds=0.5)
    made, content = make(path, tmp_path, points=20)
    told = json.loads(content)
    assert list(told) == ["version", "channels", "sample_rate", "samples_per_pixel", "bits", "length", "data"]
    assert (told["version"], told["channels"], told["sample_rate"], told["bits"]) == (2, 1, 48_000, 8)
    assert told["samples_per_pixel"] == made.samples_per_pixel == 1_200
    assert len(told["data"]) == 2 * told["length"] == 40
    assert b" " not in content


@pytest.mark.parametrize(("size", "letter"), [(8, "b"), (16, "h")])
def test_the_binary_form_has_the_same_values(size: int, letter: str, tmp_path: Path) -> None:
    """24 bytes of header, little-endian."""
    path = write(tmp_path / "a.wav", rising, rate=8_000, seconds=1)
    made, content = make(path, tmp_path / "dat", points=50, bits=size, format="dat")
    version, flags, rate, scale, length, channels = struct.unpack_from("<iIiiIi", content)
    assert (version, flags, rate, scale) == (2, 1 if size == 8 else 0, 8_000, made.samples_per_pixel)
    assert (length, channels) == (made.points, 1)
    values = list(struct.unpack(f"<{2 * length}{letter}", content[24:]))
    assert values == json.loads(make(path, tmp_path / "json", points=50, bits=size)[1])["data"]


def test_eight_bits_are_sixteen_cut_towards_zero(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", rising, rate=8_000, seconds=1)
    long, short = (json.loads(make(path, tmp_path / str(size), points=50, bits=size)[1])["data"] for size in (16, 8))
    assert short == [int(value / 256) for value in long]
    assert min(short) < 0 < max(short)


def test_channels_are_averaged_sample_by_sample(tmp_path: Path) -> None:
    """Opposite ones are silence, and not twice as loud."""
    tone = sine(440, -6)
    opposite: Wave = lambda n: -tone(n)  # noqa: E731
    assert max(json.loads(make(write(tmp_path / "a.wav", tone, opposite), tmp_path / "a")[1])["data"]) == 0
    path = write(tmp_path / "b.wav", rising, lambda _n: 0.25, rate=8_000)
    made, content = make(path, tmp_path / "b", points=40, bits=16)
    both = list(samples(path))
    mean = [int((left + right) / 2) for left, right in zip(both[::2], both[1::2], strict=True)]
    assert json.loads(content)["data"] == expected(mean, made.samples_per_pixel)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.flac", "flac"), ("a.wav", "pcm_s24le"), ("a.wav", "pcm_f32le"), ("a.wav", "pcm_u8"), ("a.aiff", "pcm_s16be")],
)
def test_every_format_of_samples_is_drawn_alike(name: str, codec: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, rising, rate=8_000, seconds=1, codec=codec)
    made, content = make(path, tmp_path, points=40, bits=16)
    wanted = expected([bits(rising(n)) for n in range(8_000)], made.samples_per_pixel)
    assert json.loads(content)["data"] == pytest.approx(wanted, abs=260 if codec == "pcm_u8" else 1)


def test_full_scale_stays_within_its_bits(tmp_path: Path) -> None:
    """More than full scale, which floats can hold, is cut off; and what is no number is nothing."""
    path = write(tmp_path / "a.wav", lambda n: 3.0 * (-1) ** n, codec="pcm_f32le", seconds=0.1)
    assert set(json.loads(make(path, tmp_path / "16", points=16, bits=16)[1])["data"]) == {-32768, 32767}
    assert set(json.loads(make(path, tmp_path / "8", points=16)[1])["data"]) == {-128, 127}
    path = write(tmp_path / "b.wav", lambda _n: math.nan, codec="pcm_f32le", seconds=0.1)
    assert set(json.loads(make(path, tmp_path / "nan", points=16)[1])["data"]) == {0}


def test_a_sound_of_fewer_samples_than_points_has_a_point_for_two_of_them(tmp_path: Path) -> None:
    """Audiowaveform refuses to draw fewer than two."""
    made, content = make(write(tmp_path / "a.wav", rising, rate=8_000, seconds=0.01), tmp_path, points=1000)
    assert (made.points, made.samples_per_pixel) == (40, 2)
    assert len(json.loads(content)["data"]) == 80


@pytest.mark.parametrize("claimed", [0.5, 2.0, 50.0])
def test_a_header_that_lies_costs_but_a_few_points(claimed: float, tmp_path: Path) -> None:
    """The length in the header of a FLAC file is that of a longer or a shorter one."""
    path = write(tmp_path / "a.flac", rising, rate=8_000, seconds=2, codec="flac")
    data = bytearray(path.read_bytes())
    assert int.from_bytes(data[22:26], "big") == 16_000
    data[22:26] = int(16_000 * claimed).to_bytes(4, "big")
    path.write_bytes(data)
    made, content = make(path, tmp_path, points=100, bits=16)
    assert json.loads(content)["data"] == expected(list(samples(path)), made.samples_per_pixel)
    assert made.points <= 100
    assert made.points >= 85 or claimed > 8


def test_a_stream_without_any_length_has_its_points(tmp_path: Path) -> None:
    path = write(tmp_path / "a.aac", sine(440, -6), seconds=3, codec="aac", form="adts")
    made, _ = make(path, tmp_path, points=100)
    assert 80 <= made.points <= 100


def test_joining_keeps_every_extreme() -> None:
    """Three pairs become one, and what is left over one more."""
    values = array("h", [5, 1, 7, 2, 9, 4, 8])
    assert list(map(min, *waveform._every(values, 3))) == [1, 2, 8]
    assert list(map(max, *waveform._every(values, 3))) == [7, 9, 8]


def test_progress_is_told_from_within(tmp_path: Path) -> None:
    reports: list[float] = []
    path = write(tmp_path / "a.wav", sine(440, -6), seconds=3)
    with Opened(path, tmp_path, "waveform", lambda report: reports.append(report.done)) as source:
        waveform.make(source, Waveform())
    assert reports
    assert all(before <= after for before, after in pairwise(reports))
