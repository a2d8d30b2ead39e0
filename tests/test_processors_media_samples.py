"""Chains of filters for sound: what goes in comes out, timed, also when the sound changes on the way."""

from fractions import Fraction

import av
import pytest

from processors.media.samples import Chain, of_kind


def frame(start: int, samples: int = 1000, layout: str = "stereo", rate: int = 48_000) -> av.AudioFrame:
    made = av.AudioFrame("s16", layout, samples)
    for plane in made.planes:
        plane.update(bytes(plane.buffer_size))
    made.sample_rate, made.pts, made.time_base = rate, start, Fraction(1, rate)
    return made


def test_every_sample_comes_out_with_its_time() -> None:
    chain = Chain([of_kind("fltp", 48_000, "stereo")])
    out = [part for number in range(5) for part in chain.push(frame(number * 1000))]
    out += chain.flush()
    assert sum(part.samples for part in out) == 5000
    assert {part.format.name for part in out} == {"fltp"}
    assert out[0].pts == 0


def test_a_sound_that_changes_its_kind_goes_on_as_one() -> None:
    chain = Chain([of_kind("flt", 48_000, "stereo")])
    out = list(chain.push(frame(0)))
    out += chain.push(frame(1000, layout="mono"))
    out += chain.push(frame(1838, 919, layout="5.1", rate=44_100))
    out += chain.flush()
    assert {(part.layout.name, part.sample_rate) for part in out} == {("stereo", 48_000)}
    assert sum(part.samples for part in out) == pytest.approx(3000, abs=20)
    assert list(chain.flush()) == []


def test_a_gap_is_filled_and_an_early_start_is_cut() -> None:
    """As the soundtrack of a film asks for: the picture's clock counts."""
    chain = Chain([("aresample", "async=1:first_pts=0")])
    out = list(chain.push(frame(-500)))
    out += chain.push(frame(20_500))
    out += chain.flush()
    assert sum(part.samples for part in out) == pytest.approx(21_500, abs=20)
    assert out[0].pts == 0
