"""Pictures as outputs: of a page, or the one that an office document carries of itself."""

from PIL import Image

from processors import webp
from processors.base import Work
from processors.document.archive import Archive
from processors.document.models import DocumentParams, PictureMade
from processors.image import embedded

EXTENSIONS = {"webp": "webp", "png": "png", "jpeg": "jpg"}
CARRIED_BYTES = embedded.LIMITS.max_file_bytes
WHITE = (255, 255, 255)


def keep(image: Image.Image, name: str, work: Work[DocumentParams], page: int | None) -> PictureMade:
    """An RGB image as an output, without metadata."""
    settings = work.params.picture
    file = f"{name}.{EXTENSIONS[settings.format]}"
    path = work.output(file, f"image/{settings.format}", width=image.width, height=image.height)
    if settings.format == "webp":
        webp.save(image, path, settings.quality)
    else:
        image.save(path, settings.format, quality=settings.quality)
    return PictureMade(file=file, page=page, width=image.width, height=image.height)


def keep_carried(archive: Archive, member: str, work: Work[DocumentParams]) -> PictureMade:
    """`cover.webp` or so, from a thumbnail or a cover. Raises `Rejected`."""
    side = work.params.picture.size
    image = embedded.read(archive.read(member, CARRIED_BYTES), side)
    if image.height > side:
        image = image.resize((max(1, round(image.width * side / image.height)), side), Image.Resampling.LANCZOS)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, (*WHITE, 255)), image)
    return keep(image.convert("RGB"), "cover", work, None)
