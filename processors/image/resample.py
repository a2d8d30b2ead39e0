"""Scaling by FFmpeg's swscale: Lanczos as Pillow has it, to within a rounding, in a quarter of the time.

swscale is given single planes of bytes and knows nothing of their colours. Images with transparency are averaged with
their colours weighted by it, so that what can't be seen doesn't bleed into the edges of what can.
"""

from collections.abc import Callable, Mapping, Sequence

import av
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image
from PIL.Image import Resampling

from processors.image.geometry import Box, Size

LANCZOS = Interpolation.LANCZOS | Interpolation.ACCURATE_RND  # without the latter, black may become 1
SMALL = 1 << 16  # pixels: up to here Pillow is as quick, and boxes are exact to a fraction of a pixel
STRIP = 1 << 18  # pixels
LARGE = 13 << 20  # pixels: above, an image is never whole a second time

# How much smaller plain means of blocks may make an image before Lanczos: by no more than leaves it this many times
# the wanted size. Nobody sees the difference at 2. swscale's filters end at 40, and it would not say so.
GAP = 4.0
LARGE_GAP = 2.0
NARROW = 256  # pixels; the last block of a row may be a partial one, which must not weigh

PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}
Convert = Callable[[Image.Image], Image.Image]
Release = Callable[[], None]
Plane = Image.Image | av.VideoFrame  # one band
BY_BAND = frozenset({"L", "RGB", "RGBA", "CMYK", "YCbCr"})  # of these Pillow copies one band at once,
MOST_BY_BAND = 6 << 20  # pixels: which takes the memory of two more meanwhile


def keep() -> None:
    """For an image that is needed again."""


def resize(image: Image.Image, size: Size, box: Box | None = None, release: Release = keep) -> Image.Image:
    """The part of an image that is within `box`, as `size`. The mode is L, LA, RGB, RGBA or CMYK.

    `release` frees the image as soon as it isn't needed any more, unless it is the result.
    """
    left, top, right, bottom = box or (0, 0, *image.size)
    part = (max(0, left), max(0, top), min(image.width, right), min(image.height, bottom))  # but for a rounding
    if image.size == size and part == (0, 0, *size):
        return image
    if image.width * image.height <= SMALL:
        resized = image.resize(size, Resampling.LANCZOS, box=part)
        release()
        return resized
    cut, rest = _cut(image, part, size)
    if cut is not image:
        release()
        return resize(cut, size, rest)
    return _merged(_planes(_weighted(image)), image.mode, size, release)


def _cut(image: Image.Image, part: Box, size: Size) -> tuple[Image.Image, Box]:
    """The part alone, to whole pixels, and as plain means of blocks if `size` is very much smaller. And where in it."""
    left, top, right, bottom = whole = _whole_pixels(part)
    across, down = _factor(right - left, size[0], GAP), _factor(bottom - top, size[1], GAP)
    if whole != (0, 0, *image.size):
        image = image.crop(whole)
    if (across, down) == (1, 1):
        return image, (0, 0, *image.size)
    return image.reduce((across, down)), (0, 0, image.width / across, image.height / down)


def shrink(image: Image.Image, size: Size, box: Box, convert: Convert, release: Release) -> Image.Image:
    """`resize` of an image in any mode, which `convert` makes ready.

    A large one is converted and narrowed strip by strip, and is gone before it is scaled the other way: 50 megapixels
    take 200 MB, and are there only once.
    """
    if image.width * image.height <= LARGE:
        ready = convert(image)
        if ready is image:
            return resize(image, size, box, release)
        release()
        return resize(ready, size, box)
    wanted = max(size[0], NARROW), max(size[1], NARROW)
    down = _factor(image.height, wanted[1], LARGE_GAP)
    mode, turns = _turns(image, convert)
    narrowed = [av.VideoFrame(wanted[0], -(-image.height // down), "gray") for _ in turns[0]]
    scaler = VideoReformatter()
    scaled: list[Image.Image] = []
    for bands in turns:
        _narrow(image, dict(zip(bands, narrowed, strict=True)), down, convert)
        if bands is turns[-1]:
            release()
        scaled += [_scaled(scaler, plane, wanted).copy() for plane in narrowed]  # not a view of what is filled again
    del narrowed
    return resize(_joined(scaled, mode), size)


def _turns(image: Image.Image, convert: Convert) -> tuple[str, Sequence[Sequence[str]]]:
    """The mode that `convert` gives, and its bands in as many turns as are taken for them.

    Each band has its own turn, so that only one is in memory narrowed; unless it had to be converted each time.
    """
    corner = image.crop((0, 0, 1, 1))
    converted = convert(corner)
    bands = _weighted(converted).getbands()
    return converted.mode, [(band,) for band in bands] if converted is corner else [bands]


def _narrow(image: Image.Image, planes: Mapping[str, av.VideoFrame], down: int, convert: Convert) -> None:
    """Fill the plane of each band: as wide as that is, and a `down`th as high."""
    width = next(iter(planes.values())).width
    across = _factor(image.width, width, LARGE_GAP)
    rows = max(1, STRIP // (image.width * down)) * down
    scaler, done = VideoReformatter(), 0
    for top in range(0, image.height, rows):
        strip = _weighted(convert(image.crop((0, top, image.width, min(top + rows, image.height)))))
        height = -(-strip.height // down)
        for band, plane in planes.items():
            _fill(plane, done, _scaled(scaler, _reduced(strip, band, across, down), (width, height)))
        done += height


def _reduced(strip: Image.Image, band: str, across: int, down: int) -> Plane:
    if (across, down) == (1, 1) and strip.mode in BY_BAND:
        return _frame(strip, band)
    return strip.getchannel(band).reduce((across, down))


def _whole_pixels(box: Box) -> tuple[int, int, int, int]:
    left, top = round(box[0]), round(box[1])
    return left, top, max(left + 1, round(box[2])), max(top + 1, round(box[3]))


def _factor(length: float, wanted: int, gap: float) -> int:
    return max(1, int(length / wanted / gap))


def _weighted(image: Image.Image) -> Image.Image:
    return image.convert(PREMULTIPLIED[image.mode]) if image.mode in PREMULTIPLIED else image


def _merged(planes: list[Plane], mode: str, size: Size, release: Release) -> Image.Image:
    """Each plane scaled and let go, and all of them as an image. Where `mode` has alpha, they are weighted by it."""
    release()
    scaler = VideoReformatter()
    bands = []
    while planes:
        bands.append(_scaled(scaler, planes.pop(0), size))
    return _joined(bands, mode)


def _joined(bands: list[Image.Image], mode: str) -> Image.Image:
    merged = Image.merge(PREMULTIPLIED.get(mode, mode), bands)
    return merged.convert(mode) if mode in PREMULTIPLIED else merged


def _scaled(scaler: VideoReformatter, band: Plane, size: Size) -> Image.Image:
    frame = band if isinstance(band, av.VideoFrame) else _frame(band, "L")
    (plane,) = scaler.reformat(frame, *size, "gray", interpolation=LANCZOS, threads=1).planes
    return Image.frombuffer("L", size, plane, "raw", "L", plane.line_size, 1)  # type: ignore[arg-type] # any buffer


def _planes(image: Image.Image) -> list[Plane]:
    """One for each band."""
    if image.mode in BY_BAND and image.width * image.height <= MOST_BY_BAND:
        return [_frame(image, band) for band in image.getbands()]
    return list(image.split())


def _frame(image: Image.Image, band: str) -> av.VideoFrame:
    frame = av.VideoFrame(image.width, image.height, "gray")
    _fill(frame, 0, image, band)
    return frame


def _fill(frame: av.VideoFrame, top: int, rows: Image.Image, band: str = "L") -> None:
    (plane,) = frame.planes
    data = rows.tobytes("raw", band, plane.line_size, 1)
    memoryview(plane)[top * plane.line_size : top * plane.line_size + len(data)] = data
