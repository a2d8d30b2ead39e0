"""Which format, asked for how, and brought below a number of bytes within a bounded number of tries."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from processors.base import Rejected
from processors.image.encode import (
    EFFORTS,
    EXTENSIONS,
    LEAST_QUALITY,
    MAX_SIDES,
    Embedded,
    choose_format,
    most_side,
    options,
    save,
    usual_quality,
    within,
)
from processors.image.geometry import Size
from processors.image.models import Effort, Format, Rendition
from tests.pictures import quarters
from tests.profiles import grey_profile

AUTO = Rendition(name="one", format="auto")
ATTEMPTS = 12


class Writer:
    """An encoder whose bytes follow a formula, and which counts how often it was asked."""

    def __init__(self, per_pixel: float, overhead: int = 200) -> None:
        self.calls: list[tuple[Size, int | None]] = []
        self._per_pixel = per_pixel
        self._overhead = overhead

    def __call__(self, size: Size, quality: int | None) -> int:
        self.calls.append((size, quality))
        return self._overhead + round(size[0] * size[1] * self._per_pixel * 1.04 ** (quality or 0))


def test_without_a_limit_there_is_one_try() -> None:
    write = Writer(0.01)
    trial, fits = within(None, (800, 600), 81, write)
    assert fits
    assert write.calls == [((800, 600), 81)]
    assert (trial.size, trial.quality) == ((800, 600), 81)


@given(st.integers(256, 200_000), st.floats(0.001, 0.1), st.sampled_from([None, 10, 25, 60, 81, 100]))
def test_the_last_file_written_is_the_one_that_is_told(most: int, per_pixel: float, quality: int | None) -> None:
    """It fits wherever that is said, in a bounded number of tries, and is never larger than was asked."""
    write = Writer(per_pixel)
    trial, fits = within(most, (800, 600), quality, write)
    assert len(write.calls) <= ATTEMPTS
    assert write.calls[-1] == (trial.size, trial.quality)
    assert fits == (trial.bytes <= most)
    assert trial.size[0] <= 800
    assert trial.size[1] <= 600
    assert (trial.quality or 0) <= (quality or 0)


def test_quality_goes_first_and_no_lower_than_needed() -> None:
    write = Writer(0.01)
    goal = 200 + round(800 * 600 * 0.01 * 1.04**60)
    trial, fits = within(goal, (800, 600), 81, write)
    assert fits
    assert trial.size == (800, 600)
    assert trial.quality is not None
    assert 57 <= trial.quality <= 60


def test_the_size_goes_next_at_the_least_quality() -> None:
    trial, fits = within(5_000, (800, 600), 81, Writer(0.01))
    assert fits
    assert trial.quality == LEAST_QUALITY
    assert trial.size < (800, 600)
    assert trial.size[0] / trial.size[1] == pytest.approx(800 / 600, rel=0.05)
    assert trial.bytes > 5_000 * 0.5


def test_a_quality_that_was_asked_for_below_the_least_stays() -> None:
    trial, _ = within(5_000, (800, 600), 10, Writer(0.05))
    assert trial.quality == 10


def test_what_can_not_be_met_is_said() -> None:
    trial, fits = within(300, (800, 600), 81, Writer(0.01, overhead=1_000))
    assert not fits
    assert trial.bytes > 300


@pytest.mark.parametrize(
    ("size", "has_alpha", "animated", "expected"),
    [
        ((16_383, 10), False, False, "webp"),
        ((16_384, 10), False, False, "jpeg"),
        ((16_384, 10), True, False, "png"),
        ((10, 65_501), False, False, "png"),
        ((16_384, 10), False, True, "webp"),
    ],
)
def test_auto_is_webp_where_webp_can_hold_it(size: Size, has_alpha: bool, animated: bool, expected: Format) -> None:
    assert choose_format(AUTO, size, has_alpha=has_alpha, animated=animated) == expected


@pytest.mark.parametrize("format_", EXTENSIONS)
def test_a_format_that_was_asked_for_is_the_one_that_is_made(format_: Format) -> None:
    rendition = Rendition(name="one", format=format_)
    assert choose_format(rendition, (9, 9), has_alpha=True, animated=False) == format_
    assert most_side(rendition, animated=False) == MAX_SIDES[format_]


@pytest.mark.parametrize(("format_", "effort"), EFFORTS)
def test_every_format_is_written_at_every_effort_without_what_the_image_carries(
    format_: Format, effort: Effort, tmp_path: Path
) -> None:
    image = quarters()
    image.info.update(icc_profile=grey_profile(1.0), comment=b"secret", xmp=b"secret", exif=b"Exif\0\0secret")
    path = tmp_path / "one"
    size = save(image, path, format_, options(format_, effort, usual_quality(format_, effort), Embedded()))
    data = path.read_bytes()
    assert len(data) == size
    assert b"secret" not in data
    with Image.open(io.BytesIO(data)) as shown:
        assert shown.format == format_.upper()
        assert shown.size == image.size
        assert "icc_profile" not in shown.info


@pytest.mark.parametrize("format_", EXTENSIONS)
def test_what_is_to_be_embedded_is(format_: Format, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x8298] = "Ada"
    icc = grey_profile(1.0)
    save(quarters(), tmp_path / "one", format_, options(format_, "fast", 80, Embedded(icc, exif.tobytes())))
    with Image.open(tmp_path / "one") as shown:
        assert shown.getexif()[0x8298] == "Ada"
        assert shown.info["icc_profile"] == icc


def test_more_effort_makes_smaller_files(tmp_path: Path) -> None:
    with Image.open(Path(__file__).parent.parent / "samples" / "photo.jpg") as photo:
        image = photo.convert("RGB").resize((480, 640))
    for format_ in EXTENSIONS:
        efforts: tuple[Effort, ...] = ("fast", "small")
        fast, small = (
            save(image, tmp_path / "one", format_, options(format_, effort, 70, Embedded())) for effort in efforts
        )
        assert small < fast


def test_what_the_encoder_refuses_is_a_rejection(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as rejected:
        save(Image.new("RGB", (16_384, 1)), tmp_path / "one", "webp", options("webp", "fast", 80, Embedded()))
    assert rejected.value.code == "unsupported_input"


def test_a_full_disk_is_not_the_images_fault() -> None:
    with pytest.raises(OSError, match="No space"):
        save(quarters(), Path("/dev/full"), "png", options("png", "fast", None, Embedded()))
