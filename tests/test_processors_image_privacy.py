"""No rendition tells what its image told of places, people and machines: read from the renditions' own bytes."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, PngImagePlugin
from PIL.ExifTags import GPS, IFD, Base

from scripts.make_samples import FOLDER
from tests.cells import Cells, Ended, real_cells
from tests.hostile_images import chunk, segment, with_chunks
from tests.pictures import encoded, quarters
from tests.rendition_bytes import PIXELS_ONLY, exif_tags, parts

SECRET = "TELLTALE"
MARK = re.compile(rb"TELLTALE|Exif\0\0|ns\.adobe\.com|x:xmpmeta|Photoshop 3\.0|8BIM|GPSLatitude")
XMP = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>{SECRET}-xmp</a></x:xmpmeta>'.encode()
GPS_POINTER = 0x8825
SERIALS = {0xA430, 0xA431, 0xA435, 0xC62F, 0x9286, 0x927C, 0xA420}  # owner, body, lens, camera, comment, note, id
FORMATS = ("webp", "jpeg", "png", "avif")
RENDITIONS = [{"name": format_, "width": 80, "format": format_} for format_ in FORMATS]
ALL_FORMATS: Mapping[str, Any] = {"renditions": RENDITIONS}


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    with real_cells(tmp_path_factory.mktemp("cells"), "image") as cells:
        yield cells


def telling_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[Base.Make] = "Maker"
    exif[Base.HostComputer] = f"{SECRET}-computer"
    exif[Base.CameraSerialNumber] = f"{SECRET}-camera"
    photo = exif.get_ifd(IFD.Exif)
    photo[Base.DateTimeOriginal] = "2026:06:21 21:14:05"
    photo[Base.BodySerialNumber] = f"{SECRET}-body"
    photo[Base.LensSerialNumber] = f"{SECRET}-lens"
    photo[Base.CameraOwnerName] = f"{SECRET}-owner"
    photo[Base.ImageUniqueID] = f"{SECRET}-id"
    photo[Base.MakerNote] = f"{SECRET}-note".encode()
    photo[Base.UserComment] = f"ASCII\0\0\0{SECRET}-comment".encode()
    place = exif.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "N", (51.0, 28.0, 38.0)
    place[GPS.GPSLongitudeRef], place[GPS.GPSLongitude] = "W", (0.0, 0.0, 5.0)
    place[GPS.GPSAreaInformation] = f"ASCII\0\0\0{SECRET}-area".encode()
    return exif


def telltales() -> Mapping[str, bytes]:
    """An image of each format with everything that it can carry."""
    exif, picture = telling_exif(), quarters()
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", f"{SECRET}-author", zip=True)
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    laden = telling_exif()
    for directory in (IFD.Exif, IFD.GPSInfo):  # or Pillow would leave them out of a TIFF
        laden[directory] = dict(laden.get_ifd(directory))
    laden[Base.XMLPacket], laden[Base.IPTCNAA] = XMP, f"{SECRET}-iptc".encode()
    jpeg = encoded(picture, "JPEG", exif=exif, xmp=XMP, comment=f"{SECRET}-comment")
    resources = segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0d" + f"{SECRET}-iptc".encode())
    png = encoded(picture, "PNG", exif=exif, pnginfo=text)
    gif = encoded(picture.convert("P"), "GIF", comment=f"{SECRET}-comment")
    return {
        "jpeg": jpeg[:2] + resources + jpeg[2:] + f"{SECRET}-behind".encode(),
        "png": with_chunks(png, chunk(b"tEXt", f"Raw profile\0{SECRET}".encode())),
        "webp": encoded(picture, "WEBP", exif=exif, xmp=XMP),
        "avif": encoded(picture, "AVIF", exif=exif, xmp=XMP),
        "tiff": encoded(picture, "TIFF", exif=laden),
        "gif": gif,
    }


TELLTALES = telltales()


def tells_nothing(ended: Ended, carried: Sequence[str] = ()) -> bool:
    """The renditions have parts for pixels alone, and the `carried` ones."""
    for path in ended.outputs():
        data = path.read_bytes()
        assert parts(data) <= PIXELS_ONLY[path.suffix[1:]] | set(carried), path
        if not carried:
            assert not MARK.search(data), path
    return bool(ended.outputs())


def test_the_telltales_tell() -> None:
    """Else these tests would prove nothing."""
    for name, data in TELLTALES.items():
        assert SECRET.encode() in data, name
        if name not in ("gif", "png"):
            assert exif_tags(data) >= {GPS_POINTER, 0xA431, 0xA430}, name


@pytest.mark.parametrize("name", TELLTALES)
def test_by_default_nothing_but_pixels_comes_out(name: str, cells: Cells) -> None:
    ended = cells.run(TELLTALES[name], ALL_FORMATS)
    assert ended.code == "result", ended.detail
    assert len(ended.outputs()) == len(FORMATS)
    assert tells_nothing(ended)
    assert SECRET not in json.dumps(ended.result)
    assert ended.result["gps"] is None


@pytest.mark.parametrize("name", ["jpeg", "png", "webp", "avif", "tiff"])
@pytest.mark.parametrize("strip", ["none", "keep_copyright"])
def test_kept_metadata_are_without_places_serial_numbers_owners_and_xmp(name: str, strip: str, cells: Cells) -> None:
    params = {**ALL_FORMATS, "strip_metadata": strip, "metadata": "exif"}
    ended = cells.run(TELLTALES[name], params)
    assert ended.code == "result", ended.detail
    for path in ended.outputs():
        data = path.read_bytes()
        assert not re.search(rb"TELLTALE|ns\.adobe\.com|x:xmpmeta|8BIM", data), path
        assert not exif_tags(data) & (SERIALS | {GPS_POINTER}), path
        assert (ExifTags.Base.Make.value in exif_tags(data)) == (strip == "none"), path


def test_the_place_is_told_only_if_asked_for(cells: Cells) -> None:
    ended = cells.run(TELLTALES["jpeg"], {"gps": "keep"})
    assert ended.result["gps"]["latitude"] == pytest.approx(51.477, abs=0.001)
    assert tells_nothing(ended)


def test_the_sample_photo_has_a_place_and_its_renditions_have_none(cells: Cells) -> None:
    photo = FOLDER / "photo.jpg"
    assert GPS_POINTER in exif_tags(photo.read_bytes())
    assert tells_nothing(cells.run(photo))


def test_a_colour_profile_comes_along_where_the_colours_are_kept_and_nothing_else_does(cells: Cells) -> None:
    ended = cells.run(FOLDER / "photo.jpg", {**ALL_FORMATS, "colorspace": "keep"})
    assert tells_nothing(ended, carried=["ICCP", "APP2", "iCCP", "ICC"])


@pytest.mark.corpus
@pytest.mark.parametrize("folder", ["photos", "variants", "hostile"])
def test_no_rendition_of_the_corpus_carries_anything_but_pixels(folder: str, cells: Cells, corpus: Path) -> None:
    ended = [cells.run(path, ALL_FORMATS) for path in sorted((corpus / "images" / folder).iterdir())]
    assert sum(tells_nothing(one) for one in ended if one.code == "result") > 7
