"""Pixels -> a file: which format, how it is asked for, and how it is brought below a number of bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from processors import webp
from processors.base import Rejected
from processors.image.geometry import Size, scaled
from processors.image.models import MAX_SIDE, Effort, Format, Rendition

EXTENSIONS: Mapping[Format, str] = {"webp": "webp", "avif": "avif", "jpeg": "jpg", "png": "png"}
MAX_SIDES: Mapping[Format, int] = {"webp": webp.MAX_SIDE, "avif": MAX_SIDE, "jpeg": 65_500, "png": MAX_SIDE}

# What the encoder is told, and the quality where none was given: what looks alike has other numbers at other efforts.
# Measured on photos: WebP's method 2 at 81 is nearly as sharp as method 4 at 80 in half the time; AVIF's speed 9 at 68
# is sharper than either in less, and its slower speeds are as sharp in a quarter fewer bytes.
EFFORTS: Mapping[tuple[Format, Effort], tuple[int | None, Mapping[str, Any]]] = {
    ("webp", "fast"): (81, {"method": webp.METHOD}),
    ("webp", "balanced"): (80, {"method": 4}),
    ("webp", "small"): (80, {"method": 6}),
    ("avif", "fast"): (68, {"speed": 9}),
    ("avif", "balanced"): (66, {"speed": 8}),
    ("avif", "small"): (63, {"speed": 6}),
    ("jpeg", "fast"): (80, {}),
    ("jpeg", "balanced"): (80, {"optimize": True}),
    ("jpeg", "small"): (80, {"optimize": True, "progressive": True}),
    ("png", "fast"): (None, {"compress_level": 3}),
    ("png", "balanced"): (None, {"compress_level": 6}),
    ("png", "small"): (None, {"optimize": True}),
}

LEAST_QUALITY = 25  # below, a smaller picture shows more than a worse one
QUALITY_TRIALS = 5
SIZE_TRIALS = 5
CAUTION = 0.92  # a smaller picture has more bytes for each pixel


@dataclass(frozen=True, slots=True)
class Embedded:
    """What goes into the file besides pixels."""

    icc: bytes | None = None
    exif: bytes = b""


def choose_format(rendition: Rendition, size: Size, *, has_alpha: bool, animated: bool) -> Format:
    """`auto`: WebP, unless it can't hold the size. An animation is scaled then: nothing else holds it as well."""
    if rendition.format != "auto":
        return rendition.format
    if animated or max(size) <= MAX_SIDES["webp"]:
        return "webp"
    return "png" if has_alpha or max(size) > MAX_SIDES["jpeg"] else "jpeg"


def most_side(rendition: Rendition, *, animated: bool) -> int:
    """The longest side that the rendition may have, of the format that it will get."""
    if rendition.format == "auto":
        return MAX_SIDES["webp"] if animated else MAX_SIDE
    return MAX_SIDES[rendition.format]


def usual_quality(format_: Format, effort: Effort) -> int | None:
    return EFFORTS[format_, effort][0]


def options(format_: Format, effort: Effort, quality: int | None, embedded: Embedded) -> dict[str, Any]:
    """For `Image.save`. Whatever the image carries in its `info` stays out."""
    chosen: dict[str, Any] = {**EFFORTS[format_, effort][1], "icc_profile": embedded.icc, "exif": embedded.exif}
    if quality is not None:
        chosen["quality"] = quality
    if format_ == "webp":
        chosen["xmp"] = b""
    if format_ == "jpeg":
        chosen["comment"] = b""
    if format_ == "avif":
        chosen["max_threads"] = 1  # the other cores have cells of their own
    return chosen


def save(image: Image.Image, path: Path, format_: Format, arguments: Mapping[str, Any]) -> int:
    """Returns the number of bytes written. Raises `Rejected` for what the encoder refuses."""
    try:
        image.save(path, format_.upper(), **arguments)
    except OSError as refused:
        if refused.errno is not None:
            raise  # the disk's fault
        raise _refused(format_, refused) from refused
    except (ValueError, RuntimeError) as refused:
        raise _refused(format_, refused) from refused
    return path.stat().st_size


def _refused(format_: Format, error: Exception) -> Rejected:
    return Rejected("unsupported_input", f"The image can't be written as {format_}: {str(error)[:200]}.")


@dataclass(frozen=True, slots=True)
class Trial:
    size: Size
    quality: int | None
    bytes: int


def within(
    most: int | None, size: Size, quality: int | None, write: Callable[[Size, int | None], int]
) -> tuple[Trial, bool]:
    """Write at ever lower quality, then at ever smaller size, until the file has at most `most` bytes.

    `write` writes the file and returns its bytes; the last one written is the one that is told, with whether it is
    small enough. There are at most twelve.
    """

    def attempt(size: Size, quality: int | None) -> Trial:
        return Trial(size, quality, write(size, quality))

    trial = attempt(size, quality)
    if most is None or trial.bytes <= most:
        return trial, True
    if quality is not None and quality > LEAST_QUALITY:
        least = attempt(size, LEAST_QUALITY)
        if least.bytes <= most:
            return _best_quality(most, least, quality, attempt), True
        trial = least
    for _ in range(SIZE_TRIALS):
        smaller = scaled(trial.size, (most / trial.bytes) ** 0.5 * CAUTION)
        if smaller == trial.size:
            break
        trial = attempt(smaller, trial.quality)
        if trial.bytes <= most:
            return trial, True
    return trial, False


def _best_quality(most: int, fits: Trial, above: int, attempt: Callable[[Size, int | None], Trial]) -> Trial:
    """The highest quality below `above` that still fits, by halving what lies between."""
    last = fits
    below = fits.quality or 0
    for _ in range(QUALITY_TRIALS):
        middle = (below + above) // 2
        if middle == below:
            break
        last = attempt(fits.size, middle)
        if last.bytes <= most:
            fits, below = last, middle
        else:
            above = middle
    return fits if last is fits else attempt(fits.size, fits.quality)
