"""Images to measure with: the photos of the shared corpus, or the project's own samples where there is none."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

REPOSITORY = Path(__file__).resolve().parent.parent
PHOTOS = REPOSITORY.parent / "shared" / "corpus" / "images" / "photos"
SAMPLE = REPOSITORY / "samples" / "photo.jpg"
GIANT = (8160, 6120)  # just within the 50 megapixels that the image kind lets in


def jpegs(_folder: Path) -> Sequence[Path]:
    return sorted(PHOTOS.glob("*.jpg")) or [SAMPLE]


def other_inputs(folder: Path) -> Sequence[Path]:
    """One photo each; those that the corpus hasn't are made in `folder`."""
    found = {path.suffix: path for path in PHOTOS.glob("*") if path.suffix in (".webp", ".avif")}
    paths = [found.get(suffix, folder / f"photo{suffix}") for suffix in (".png", ".tif", ".webp", ".avif")]
    with Image.open(jpegs(folder)[0]) as photo:
        for path in paths:
            if not path.exists():
                photo.save(path, exif=b"")
    return paths


def giants(folder: Path) -> Sequence[Path]:
    """The largest that are let in, in every format and with what makes each of them greedy."""
    own = folder / "giants"
    own.mkdir()
    with Image.open(jpegs(folder)[0]) as photo:
        picture = photo.convert("RGB").resize(GIANT)
    picture.save(own / "progressive.jpg", progressive=True)
    picture.convert("CMYK").save(own / "cmyk.jpg")
    picture.save(own / "plain.avif", speed=10)
    picture.quantize(64).save(own / "palette.gif")
    picture.save(own / "plain.bmp")
    picture.putalpha(Image.linear_gradient("L").resize(GIANT))
    picture.save(own / "alpha.png", compress_level=1)
    picture.save(own / "alpha.webp", method=0)
    picture.save(own / "alpha.tif", compression="tiff_lzw")
    return sorted(own.iterdir())
