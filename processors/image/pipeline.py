"""The way of an image: open, ask, decode, turn upright, bring to sRGB, render."""

from PIL import Image

from processors.base import Work
from processors.image.colour import Profile, read_profile, to_srgb
from processors.image.facts import Exif, Header, read_exif, read_header
from processors.image.models import ImageParams, ImageResult
from processors.image.opening import collecting, decoding, open_image
from processors.image.renditions import decode, flatten, is_turned, pyramid, upright
from processors.webp import Size, fit, save


def run(work: Work[ImageParams]) -> ImageResult:
    """Reports count steps: one to decode, one for the colours, and one for each rendition."""
    steps = 2 + len(work.params.renditions)
    notes: list[str] = []
    with work.open() as file, collecting(notes):
        work.report("decoding", 0, steps, "steps")
        image = open_image(file)
        with decoding():
            header = read_header(image)
            if header.format != "JPEG":  # a JPEG is decoded no larger than needed, so its EXIF comes first
                image.load()
        exif = read_exif(image)
        is_on_its_side = is_turned(exif.orientation)
        size = _swap(image.size, is_on_its_side)
        largest = fit(size, max(rendition.width or size[0] for rendition in work.params.renditions))
        pixels = decode(image, _swap(largest, is_on_its_side))
        work.report("colours", 1, steps, "steps")
        profile = read_profile(image.info.get("icc_profile"), notes)
        pixels = to_srgb(upright(pixels, exif.orientation), profile, header.bit_depth, notes)
        _render(work, flatten(pixels, work.params.background), size, steps)
    return _result(header, exif, profile, size, notes)


def _swap(size: Size, is_on_its_side: bool) -> Size:
    return (size[1], size[0]) if is_on_its_side else size


def _render(work: Work[ImageParams], pixels: Image.Image, size: Size, steps: int) -> None:
    for step, (rendition, picture) in enumerate(pyramid(pixels, size, work.params.renditions), 2):
        work.report("rendering", step, steps, "steps", rendition.name)
        width, height = picture.size
        path = work.output(f"{rendition.name}.webp", "image/webp", width=width, height=height)
        save(picture, path, work.params.quality or 81)


def _result(header: Header, exif: Exif, profile: Profile | None, size: Size, notes: list[str]) -> ImageResult:
    return ImageResult(
        format=header.format,
        width=size[0],
        height=size[1],
        mode=header.mode,
        bit_depth=header.bit_depth,
        has_alpha=header.has_alpha,
        is_animated=header.frames > 1,
        frames=header.frames,
        orientation=exif.orientation,
        icc_profile=profile.name if profile else None,
        camera=exif.camera,
        taken_at=exif.taken_at,
        exif=None,
        gps=None,
        placeholder=None,
        dominant_colour=None,
        palette=[],
        phash=None,
        srcset="",
        renditions=[],
        errors=[],
        warnings=notes,
    )
