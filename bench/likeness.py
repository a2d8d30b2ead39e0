"""How much a rendition looks like the photo: SSIM of luma against a float reduction of all of its pixels."""

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

Luma = NDArray[np.float64]

WINDOW = 7
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
REC_601 = np.array((0.299, 0.587, 0.114))


def likeness(rendition: Path, photo: Path) -> float:
    with Image.open(rendition) as image:
        shown = _luma(image)
    height, width = shown.shape
    return ssim(shown, reference(photo, width, height))


@lru_cache(maxsize=64)
def reference(photo: Path, width: int, height: int) -> Luma:
    """The photo upright and in sRGB, reduced by Lanczos in floating point, from every pixel that it has."""
    reduced = Image.fromarray(_whole(photo)).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(reduced, np.float64)


@lru_cache(maxsize=1)
def _whole(photo: Path) -> NDArray[np.float32]:
    with Image.open(photo) as stored:
        image = ImageOps.exif_transpose(stored)
    if icc := image.info.get("icc_profile"):
        image = ImageCms.profileToProfile(image, io.BytesIO(icc), ImageCms.createProfile("sRGB")) or image
    return _luma(image).astype(np.float32)


def _luma(image: Image.Image) -> Luma:
    luma: Luma = np.asarray(image.convert("RGB")) @ REC_601
    return luma


def ssim(one: Luma, other: Luma) -> float:
    """Wang et al. 2004, with uniform windows: mean over all places of the window."""
    mean_one, mean_other = _means(one), _means(other)
    variances = _means(one * one) - mean_one**2 + _means(other * other) - mean_other**2
    covariance = _means(one * other) - mean_one * mean_other
    luminance = (2 * mean_one * mean_other + C1) / (mean_one**2 + mean_other**2 + C1)
    return float(np.mean(luminance * (2 * covariance + C2) / (variances + C2)))


def _means(values: Luma) -> Luma:
    """Of each window that lies inside, by sums of sums."""
    sums = np.pad(values, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    windows = sums[WINDOW:, WINDOW:] - sums[:-WINDOW, WINDOW:] - sums[WINDOW:, :-WINDOW] + sums[:-WINDOW, :-WINDOW]
    means: Luma = windows / WINDOW**2
    return means
