"""What a photo says about camera, time and place, and how much of it goes on: into the result, into renditions.

A rendition carries what is on a list here and nothing else, in a block that is written anew. So no serial number, owner
or maker note passes, and the place only when asked for. XMP and IPTC are never passed on.
"""

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import BinaryIO, Literal

from PIL.ExifTags import GPS, TAGS, Base
from PIL.ImageFile import ImageFile
from pydantic import JsonValue

from processors.image import exif
from processors.image.exif import Block, Directory, Entry
from processors.image.models import Camera, Exposure, Gps, Strip
from processors.image.scan.base import Source

DAMAGED = "The EXIF metadata is damaged; what could be read of it is told."
TEXT_LENGTH = 100
LONG_TEXT_LENGTH = 1_000
MAX_FIELDS = 200

TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d:\d\d:\d\d)")
OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
XMP_PLACES = ("xmp", "XML:com.adobe.xmp")  # in Pillow's info
SEE_ANOTHER_TAG = 65_535  # the ISO of newer cameras doesn't fit into its old tag

COPYRIGHT = frozenset({Base.Artist, Base.Copyright})
PASSED_ON = COPYRIGHT | {
    *(Base.ImageDescription, Base.Make, Base.Model, Base.Software, Base.DateTime),
    *(Base.DateTimeOriginal, Base.DateTimeDigitized, Base.OffsetTime, Base.OffsetTimeOriginal),
    *(Base.OffsetTimeDigitized, Base.SubsecTime, Base.SubsecTimeOriginal, Base.SubsecTimeDigitized, Base.ExifVersion),
    *(Base.ExposureTime, Base.FNumber, Base.ExposureProgram, Base.ISOSpeedRatings, Base.SensitivityType),
    *(Base.RecommendedExposureIndex, Base.ISOSpeed, Base.ShutterSpeedValue, Base.ApertureValue),
    *(Base.BrightnessValue, Base.ExposureBiasValue, Base.MaxApertureValue, Base.MeteringMode, Base.LightSource),
    *(Base.Flash, Base.FocalLength, Base.FocalLengthIn35mmFilm, Base.ExposureMode, Base.WhiteBalance),
    *(Base.DigitalZoomRatio, Base.SceneCaptureType, Base.LensSpecification, Base.LensMake, Base.LensModel),
}
PLACE = frozenset(
    {
        *(GPS.GPSVersionID, GPS.GPSLatitudeRef, GPS.GPSLatitude, GPS.GPSLongitudeRef, GPS.GPSLongitude),
        *(GPS.GPSAltitudeRef, GPS.GPSAltitude),
    }
)
# Written by programs for programs, and with places of its own in it.
OPAQUE = frozenset({Base.XMLPacket, Base.IPTCNAA, Base.ImageResources, Base.InterColorProfile, Base.MakerNote})
POINTERS = frozenset({exif.EXIF_POINTER, exif.GPS_POINTER, Base.ExifInteroperabilityOffset})
# How a TIFF is laid out: for decoders only.
LAYOUT = frozenset(range(254, 269)) | set(range(273, 282)) | set(range(320, 348)) | set(range(512, 530)) | {284, 330}
UNTOLD = (OPAQUE | POINTERS | LAYOUT) - {Base.Orientation}


@dataclass(frozen=True, slots=True)
class Metadata:
    """`orientation` (1-8) is what the file says; `turn` is what remains to be done of it to the decoded pixels."""

    orientation: int = 1
    turn: int = 1
    block: Block = field(default_factory=Block)


@dataclass(frozen=True, slots=True)
class Told:
    """What the result says of it."""

    camera: Camera | None = None
    exposure: Exposure | None = None
    taken_at: str | None = None
    exif: dict[str, JsonValue] | None = None
    gps: Gps | None = None


def read_metadata(image: ImageFile, file: BinaryIO, notes: list[str]) -> Metadata:
    """`file` is where the image was opened from. Never raises: what can't be read is as if it were not there.

    A PNG may have its EXIF behind the pixels, and tells it only once they are loaded.
    """
    is_tiff = image.format == "TIFF"
    position = file.tell()
    block = exif.read(Source(file if is_tiff else io.BytesIO(_block_bytes(image.info))))
    file.seek(position)
    if block.damaged:
        notes.append(DAMAGED)
    orientation = _orientation(block, image.info)
    return Metadata(orientation, 1 if is_tiff else orientation, block)  # Pillow turns a TIFF itself


def _block_bytes(info: Mapping[str | tuple[int, int], object]) -> bytes:
    found = info.get("exif", b"")
    profile = info.get("Raw profile type exif")  # ImageMagick's way: in hexadecimal, behind three lines of other things
    if not found and isinstance(profile, str):
        try:
            found = bytes.fromhex("".join(profile.split("\n")[3:]))
        except ValueError:
            found = b"?"  # damaged, and not nothing
    data = found if isinstance(found, bytes) else b""
    return data.removeprefix(exif.PREFIX).removeprefix(exif.PREFIX)  # some writers put it there twice


def _orientation(block: Block, info: Mapping[str | tuple[int, int], object]) -> int:
    if Base.Orientation in block.image:
        found = _number(block.image, Base.Orientation) or 1
        return int(found) if found in range(1, 9) else 1
    for place in XMP_PLACES:
        packet = info.get(place, b"")
        data = packet.encode(errors="replace") if isinstance(packet, str) else packet
        if isinstance(data, bytes) and (matched := XMP_ORIENTATION.search(data)):
            return int(matched[1])
    return 1


# -- into the result


def tell(metadata: Metadata, fields: Literal["basic", "exif", "none"], gps: Literal["drop", "keep"]) -> Told:
    block = metadata.block
    told = Told(gps=_place(block.gps) if gps == "keep" else None)
    if fields == "none":
        return told
    return replace(
        told,
        camera=_camera(block),
        exposure=_exposure(block.photo),
        taken_at=_taken_at(block),
        exif=_fields(block) if fields == "exif" else None,
    )


def _camera(block: Block) -> Camera | None:
    make, model = _text(block.image, Base.Make), _text(block.image, Base.Model)
    lens = _text(block.photo, Base.LensModel)
    return Camera(make=make, model=model, lens=lens) if make or model or lens else None


def _exposure(photo: Directory) -> Exposure | None:
    iso = _positive(photo, Base.ISOSpeedRatings)
    if iso is None or iso >= SEE_ANOTHER_TAG:
        iso = _positive(photo, Base.RecommendedExposureIndex) or _positive(photo, Base.ISOSpeed)
    found = Exposure(
        seconds=_positive(photo, Base.ExposureTime),
        f_number=_positive(photo, Base.FNumber),
        iso=int(iso) if iso else None,
        focal_length=_positive(photo, Base.FocalLength),
        focal_length_35mm=int(_positive(photo, Base.FocalLengthIn35mmFilm) or 0) or None,
    )
    return found if found != Exposure() else None


def _taken_at(block: Block) -> str | None:
    """When the shutter opened, or else when the file was last changed."""
    for directory, time, offset in (
        (block.photo, Base.DateTimeOriginal, Base.OffsetTimeOriginal),
        (block.photo, Base.DateTimeDigitized, Base.OffsetTimeDigitized),
        (block.image, Base.DateTime, Base.OffsetTime),
    ):
        matched = TIME.fullmatch(_text(directory, time) or "")
        if matched is None:
            continue
        zone = _text(block.photo, offset) or ""
        iso = f"{matched[1]}-{matched[2]}-{matched[3]}T{matched[4]}" + (zone if OFFSET.fullmatch(zone) else "")
        try:
            datetime.fromisoformat(iso)
        except ValueError:  # cameras whose clock was never set say 0000:00:00
            continue
        return iso
    return None


def _place(gps: Directory) -> Gps | None:
    latitude = _degrees(gps, GPS.GPSLatitude, GPS.GPSLatitudeRef, "NS", 90)
    longitude = _degrees(gps, GPS.GPSLongitude, GPS.GPSLongitudeRef, "EW", 180)
    if latitude is None or longitude is None:
        return None
    altitude = _number(gps, GPS.GPSAltitude)
    if altitude is not None:
        altitude = round(-altitude if _number(gps, GPS.GPSAltitudeRef) == 1 else altitude, 2)
    return Gps(latitude=latitude, longitude=longitude, altitude=altitude)


def _degrees(gps: Directory, value: int, ref: int, sides: str, most: int) -> float | None:
    """Degrees, minutes and seconds as one number, positive to the north and the east."""
    parts = gps[value].numbers() if value in gps else []
    side = (_text(gps, ref) or "?")[0].upper()
    if len(parts) != 3 or side not in sides:
        return None
    degrees = parts[0] + parts[1] / 60 + parts[2] / 3600
    return round(-degrees if side == sides[1] else degrees, 6) if 0 <= degrees <= most else None


def _fields(block: Block) -> dict[str, JsonValue]:
    """Every field that has a name and can be read, without the place."""
    found: dict[str, JsonValue] = {}
    for directory in (block.image, block.photo):
        for tag, entry in sorted(directory.items()):
            value = _value(tag, entry)
            if value is not None and len(found) < MAX_FIELDS:
                found.setdefault(TAGS[tag], value)
    return found


def _value(tag: int, entry: Entry) -> JsonValue:
    if tag not in TAGS or tag in UNTOLD:
        return None
    if tag in range(Base.XPTitle, Base.XPSubject + 1):  # Windows' own
        return _clean(entry.data.decode("utf-16-le", "replace"), LONG_TEXT_LENGTH)
    if tag == Base.UserComment:  # its character set comes first
        data = entry.data.removeprefix(b"ASCII\0\0\0")
        return _clean(Entry(exif.ASCII, data, entry.order).text(), LONG_TEXT_LENGTH)
    if text := entry.text():
        return _clean(text, LONG_TEXT_LENGTH) if entry.type != exif.UNDEFINED or text.isprintable() else None
    numbers: list[JsonValue] = [_plain(number) for number in entry.numbers()]
    return numbers[0] if len(numbers) == 1 else numbers or None


def _text(directory: Directory, tag: int) -> str | None:
    return _clean(directory[tag].text(), TEXT_LENGTH) if tag in directory else None


def _clean(text: str, length: int) -> str | None:
    return "".join(character for character in text if character.isprintable()).strip()[:length].strip() or None


def _number(directory: Directory, tag: int) -> float | None:
    return next(iter(directory[tag].numbers()), None) if tag in directory else None


def _positive(directory: Directory, tag: int) -> float | None:
    number = _number(directory, tag)
    return _plain(number) if number is not None and number > 0 else None


def _plain(number: float) -> float:
    """Six digits: 1/125 second is 0.008."""
    return number if isinstance(number, int) else float(f"{number:.6g}")


# -- into renditions


def passed_on(metadata: Metadata, strip: Strip, gps: Literal["drop", "keep"], turn: int = 1) -> bytes:
    """The EXIF block for a rendition whose pixels still need `turn` to be upright; no bytes where there is nothing."""
    if strip == "all":
        return b""
    block = metadata.block
    tags = COPYRIGHT if strip == "keep_copyright" else PASSED_ON
    image = _only(block.image, tags)
    photo = _only(block.photo, tags - image.keys())
    place = _only(block.gps, PLACE) if strip == "none" and gps == "keep" and _place(block.gps) else {}
    if turn != 1:
        image[Base.Orientation] = exif.short(turn, block.order)
    return exif.write(Block(image, photo, place, block.order))


def _only(directory: Directory, tags: Iterable[int]) -> dict[int, Entry]:
    """Without long values, but for the copyright: all together fit into the one segment that a JPEG has for them."""
    found = {tag: directory[tag] for tag in tags if tag in directory}
    return {tag: entry for tag, entry in found.items() if tag in COPYRIGHT or len(entry.data) <= LONG_TEXT_LENGTH}
