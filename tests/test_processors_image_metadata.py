"""Camera, time and place: told when asked for, and passed on only as far as the list goes."""

import io
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin
from PIL.ExifTags import GPS, IFD, Base
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import IFDRational

from processors.image.exif import Block, Entry
from processors.image.metadata import COPYRIGHT, DAMAGED, PASSED_ON, Metadata, Told, passed_on, read_metadata, tell
from processors.image.models import Camera, Exposure, Gps, Strip
from tests.pictures import encoded, oriented, quarters
from tests.programs import require
from tests.test_processors_image_exif import block_bytes

PHOTO: Mapping[int, object] = {
    Base.ExposureTime: 1 / 125,
    Base.FNumber: 2.8,
    Base.ISOSpeedRatings: 400,
    Base.FocalLength: 5.7,
    Base.FocalLengthIn35mmFilm: 26,
    Base.LensModel: "Lens 5.7mm f/2.8",
    Base.DateTimeOriginal: "2026:06:21 21:14:05",
    Base.OffsetTimeOriginal: "+02:00",
    Base.BodySerialNumber: "SERIAL-1",
    Base.LensSerialNumber: "SERIAL-2",
    Base.CameraOwnerName: "SECRET OWNER",
    Base.ImageUniqueID: "SECRET-ID",
    Base.MakerNote: b"SECRET MAKER NOTE",
    Base.UserComment: b"ASCII\0\0\0SECRET COMMENT",
}
PLACE: Mapping[int, object] = {
    GPS.GPSLatitudeRef: "S",
    GPS.GPSLatitude: (33.0, 51.0, 24.5),
    GPS.GPSLongitudeRef: "E",
    GPS.GPSLongitude: (151.0, 12.0, 55.08),
    GPS.GPSAltitudeRef: b"\1",
    GPS.GPSAltitude: 12.5,
    GPS.GPSDateStamp: "2026:06:21",
}
EVERYTHING: Mapping[int, object] = {
    Base.Make: "Dropoff",
    Base.Model: "Sample One",
    Base.Artist: "Ada Lovelace",
    Base.Copyright: "(c) Ada",
    Base.Orientation: 6,
    Base.XMLPacket: b"<x:xmpmeta>SECRET</x:xmpmeta>",
    IFD.Exif: PHOTO,
    IFD.GPSInfo: PLACE,
}


JPEG = encoded(quarters(), "JPEG")


def opened(data: bytes) -> tuple[Metadata, list[str]]:
    notes: list[str] = []
    with io.BytesIO(data) as file, Image.open(file) as image:
        assert isinstance(image, ImageFile)
        if image.format != "JPEG":
            image.load()
        return read_metadata(image, file, notes), notes


def with_block(data: bytes) -> ImageFile:
    """An image that carries just these bytes: no format's own parser stands before ours."""
    image = Image.open(io.BytesIO(JPEG))
    assert isinstance(image, ImageFile)
    image.info["exif"] = data
    return image


def of(tags: Mapping[int, object] = EVERYTHING, order: str = "<") -> Metadata:
    metadata, notes = opened(encoded(quarters(), "JPEG", exif=b"Exif\0\0" + block_bytes(tags, order)))
    assert notes == []
    return metadata


def photo(**tags: object) -> Metadata:
    return of({IFD.Exif: {Base[name]: value for name, value in tags.items()}})


# -- reading


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_camera_and_time_are_read_from_every_format_that_has_them(format_: str, order: str) -> None:
    tags = {tag: value for tag, value in EVERYTHING.items() if tag not in (Base.Orientation, Base.XMLPacket)}
    metadata, notes = opened(encoded(quarters(), format_, exif=b"Exif\0\0" + block_bytes(tags, order)))
    assert notes == []
    told = tell(metadata, "basic", "keep")
    assert told == Told(
        camera=Camera(make="Dropoff", model="Sample One", lens="Lens 5.7mm f/2.8"),
        exposure=Exposure(seconds=0.008, f_number=2.8, iso=400, focal_length=5.7, focal_length_35mm=26),
        taken_at="2026-06-21T21:14:05+02:00",
        gps=Gps(latitude=-33.856806, longitude=151.2153, altitude=-12.5),
    )


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_read_and_of_a_tiff_nothing_remains_to_be_done(format_: str, orientation: int) -> None:
    metadata, _ = opened(oriented(quarters(), orientation, format_))
    assert (metadata.orientation, metadata.turn) == (orientation, 1 if format_ == "TIFF" else orientation)


@pytest.mark.parametrize("value", [0, 9, 99, 65_535])
def test_an_orientation_that_there_is_not_is_none(value: int) -> None:
    assert of({Base.Orientation: value}).orientation == 1


def test_the_orientation_may_stand_in_the_xmp_alone() -> None:
    packet = b'<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    assert opened(encoded(quarters(), "JPEG", xmp=packet))[0].orientation == 6
    assert opened(encoded(quarters(), "WEBP", xmp=packet.replace(b'="6"', b">8<")))[0].orientation == 8
    assert opened(encoded(quarters(), "JPEG", xmp=packet, exif=b"Exif\0\0" + block_bytes()))[0].orientation == 6


@pytest.mark.parametrize("damage", [False, True])
def test_a_block_in_imagemagicks_hexadecimal_is_read(damage: bool) -> None:
    text = PngImagePlugin.PngInfo()
    digits = "zz" if damage else (b"Exif\0\0" + block_bytes()).hex()
    text.add_text("Raw profile type exif", f"\nexif\n  {len(digits) // 2}\n{digits}\n")
    metadata, notes = opened(encoded(quarters(), "PNG", pnginfo=text))
    assert (tell(metadata, "basic", "drop").camera is None) == damage
    assert bool(notes) == damage


def test_an_image_without_any_has_no_metadata_and_no_warning() -> None:
    for format_ in ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP"):
        metadata, notes = opened(encoded(quarters(), format_))
        assert (notes, tell(metadata, "exif", "keep")) == ([], Told(exif={}))
        assert passed_on(metadata, "none", "keep") == b""


# -- into the result


def test_the_place_is_told_only_when_asked_for() -> None:
    assert tell(of(), "exif", "drop").gps is None
    assert "GPS" not in json.dumps(tell(of(), "exif", "keep").exif)
    assert tell(of(), "none", "keep") == Told(gps=Gps(latitude=-33.856806, longitude=151.2153, altitude=-12.5))


def test_nothing_is_told_where_nothing_was_asked_for() -> None:
    assert tell(of(), "none", "drop") == Told()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({GPS.GPSLatitude: (91.0, 0.0, 0.0)}, None),
        ({GPS.GPSLongitude: (180.0, 0.0, 0.1)}, None),
        ({GPS.GPSLatitude: (1.0, 2.0)}, None),
        ({GPS.GPSLatitudeRef: "X"}, None),
        ({GPS.GPSLongitudeRef: ""}, None),
        ({GPS.GPSAltitudeRef: b"\0"}, 12.5),
        ({GPS.GPSLatitudeRef: "North"}, -12.5),
    ],
)
def test_an_impossible_place_is_not_told(change: Mapping[int, object], told: float | None) -> None:
    gps = tell(of({IFD.GPSInfo: {**PLACE, **change}}), "basic", "keep").gps
    assert (gps.altitude if gps else None) == told


@given(st.floats(-90, 90), st.floats(-180, 180))
@settings(deadline=None)
def test_every_place_on_earth_is_told_to_a_few_decimetres(latitude: float, longitude: float) -> None:
    def parts(degrees: float) -> tuple[float, float, float]:
        whole, rest = divmod(abs(degrees), 1)
        minutes, rest = divmod(rest * 60, 1)
        return whole, minutes, round(rest * 60, 4)

    place = {
        GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
        GPS.GPSLatitude: parts(latitude),
        GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
        GPS.GPSLongitude: parts(longitude),
    }
    gps = tell(of({IFD.GPSInfo: place}), "none", "keep").gps
    assert gps is not None
    assert gps.latitude == pytest.approx(latitude, abs=3e-6)
    assert gps.longitude == pytest.approx(longitude, abs=3e-6)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"DateTimeOriginal": "2026:06:21 21:14:05"}, "2026-06-21T21:14:05"),
        ({"DateTimeOriginal": "2026:06:21 21:14:05", "OffsetTimeOriginal": "-09:30"}, "2026-06-21T21:14:05-09:30"),
        ({"DateTimeOriginal": "2026:06:21 21:14:05", "OffsetTimeOriginal": "+99:00"}, "2026-06-21T21:14:05"),
        ({"DateTimeOriginal": "0000:00:00 00:00:00"}, None),
        ({"DateTimeOriginal": "2026:02:30 21:14:05"}, None),
        (
            {"DateTimeOriginal": "2026:06:21 25:14:05", "DateTimeDigitized": "2026:06:22 10:00:00"},
            "2026-06-22T10:00:00",
        ),
        ({"DateTimeOriginal": "yesterday"}, None),
    ],
)
def test_the_time_is_told_if_it_is_one(tags: dict[str, str], expected: str | None) -> None:
    assert tell(photo(**tags), "basic", "drop").taken_at == expected


def test_the_time_of_the_last_change_stands_in_for_a_missing_one() -> None:
    metadata = of({Base.DateTime: "2026:06:21 21:14:05", IFD.Exif: {Base.OffsetTime: "+02:00"}})
    assert tell(metadata, "basic", "drop").taken_at == "2026-06-21T21:14:05+02:00"


def test_an_iso_that_does_not_fit_into_its_tag_is_told_from_the_other_one() -> None:
    metadata = photo(ISOSpeedRatings=65_535, RecommendedExposureIndex=102_400)
    assert tell(metadata, "basic", "drop").exposure == Exposure(iso=102_400)


@pytest.mark.parametrize("tags", [{"ExposureTime": 0.0}, {"FNumber": IFDRational(1, 0)}, {"ISOSpeedRatings": 0}])
def test_an_exposure_of_zero_or_of_a_fraction_of_nothing_is_none(tags: dict[str, Any]) -> None:
    assert tell(photo(**tags), "basic", "drop").exposure is None


def test_all_fields_are_told_by_name_without_what_only_programs_can_read() -> None:
    fields = tell(of(), "exif", "drop").exif
    assert fields is not None
    assert fields["Artist"] == "Ada Lovelace"
    assert fields["BodySerialNumber"] == "SERIAL-1"
    assert fields["ExposureTime"] == 0.008
    assert fields["UserComment"] == "SECRET COMMENT"
    assert fields["Orientation"] == 6
    assert not {"MakerNote", "ExifOffset", "GPSInfo", "XMLPacket"} & set(fields)
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields


def test_a_tiff_tells_its_fields_without_its_layout() -> None:
    metadata, _ = opened(encoded(quarters(), "TIFF", exif=b"Exif\0\0" + block_bytes({Base.Make: "Dropoff"})))
    assert tell(metadata, "exif", "drop").exif == {"Make": "Dropoff"}


def test_hostile_texts_are_cut_and_cleaned() -> None:
    metadata = of({Base.Make: "a\x1b[31m" + "x" * 4000, Base.Model: "\n\t ", Base.ImageDescription: "y" * 4000})
    told = tell(metadata, "exif", "drop")
    assert told.camera == Camera(make="a[31m" + "x" * 95, model=None)
    assert told.exif is not None
    assert told.exif["ImageDescription"] == "y" * 1000
    assert "Model" not in told.exif


def test_windows_titles_are_read_as_utf_16() -> None:
    told = tell(of({Base.XPTitle: "Zürich".encode("utf-16-le") + b"\0\0"}), "exif", "drop")
    assert told.exif == {"XPTitle": "Zürich"}


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), max_size=20))
@settings(deadline=None)
def test_damaged_metadata_never_raises_and_always_gives_json(changes: list[tuple[int, int]]) -> None:
    block = bytearray(block_bytes(EVERYTHING))
    for position, byte in changes:
        block[position % len(block)] = byte
    metadata = read_metadata(with_block(bytes(block)), io.BytesIO(), [])
    assert metadata.orientation in range(1, 9)
    told = tell(metadata, "exif", "keep")
    json.dumps([told.exif, told.taken_at, told.gps and told.gps.model_dump()], allow_nan=False)
    passed_on(metadata, "none", "keep")


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0", b"Exif\0\0rubbish", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"]
)
def test_damaged_metadata_leaves_a_warning(exif: bytes) -> None:
    notes: list[str] = []
    assert read_metadata(with_block(exif), io.BytesIO(), notes).orientation == 1
    assert notes == ([DAMAGED] if len(exif) > 6 else [])


def test_a_prefix_may_stand_twice_and_a_million_times_costs_nothing() -> None:
    twice = read_metadata(with_block(b"Exif\0\0" * 2 + block_bytes()), io.BytesIO(), [])
    assert twice.orientation == 6
    assert read_metadata(with_block(b"Exif\0\0" * 1_000_000), io.BytesIO(), []).block.damaged


# -- into renditions


def carried(strip: Strip, gps: bool = False, turn: int = 1) -> tuple[Image.Exif, bytes]:
    written = passed_on(of(), strip, "keep" if gps else "drop", turn)
    exif = Image.Exif()
    exif.load(written)
    return exif, written


def test_by_default_a_rendition_carries_nothing() -> None:
    assert carried("all", gps=True)[1] == b""


def test_keep_copyright_carries_artist_and_copyright_alone() -> None:
    exif, _ = carried("keep_copyright", gps=True)
    assert dict(exif) == {Base.Artist: "Ada Lovelace", Base.Copyright: "(c) Ada"}


def test_keeping_metadata_carries_camera_and_time_but_no_place_serial_number_or_note() -> None:
    exif, written = carried("none")
    assert exif[Base.Make] == "Dropoff"
    photo = exif.get_ifd(IFD.Exif)
    assert photo[Base.DateTimeOriginal] == "2026:06:21 21:14:05"
    assert set(photo) <= PASSED_ON
    assert exif.get_ifd(IFD.GPSInfo) == {}
    assert Base.Orientation not in exif
    for secret in (b"SECRET", b"SERIAL", b"xmpmeta"):
        assert secret not in written


def test_the_place_is_carried_only_when_both_are_asked_for() -> None:
    exif, written = carried("none", gps=True)
    place = exif.get_ifd(IFD.GPSInfo)
    assert place[GPS.GPSLatitude] == (33.0, 51.0, 24.5)
    assert GPS.GPSDateStamp not in place
    assert b"SECRET" not in written


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_rendition_that_was_not_turned_says_how_to(order: str) -> None:
    exif = Image.Exif()
    exif.load(passed_on(of(order=order), "keep_copyright", "drop", 6))
    assert (exif[Base.Orientation], exif[Base.Artist]) == (6, "Ada Lovelace")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_every_format_takes_the_block_and_gives_it_back(format_: str) -> None:
    data = encoded(quarters(), format_, exif=passed_on(of(), "none", "drop"))
    metadata, notes = opened(data)
    assert notes == []
    assert tell(metadata, "basic", "keep") == tell(of(), "basic", "drop")


def test_even_a_block_of_nothing_but_long_values_fits_into_a_jpeg() -> None:
    def full(length: int) -> Block:
        entries: dict[int, Entry] = {tag: Entry(2, b"x" * length, "<") for tag in PASSED_ON}
        entries.update({tag: Entry(2, b"y" * 4096, "<") for tag in COPYRIGHT})
        return Block(entries, entries, entries)

    for length in (1000, 1001):
        written = passed_on(Metadata(block=full(length)), "none", "keep", 6)
        assert len(written) < 65_533
        metadata, notes = opened(encoded(quarters(), "JPEG", exif=written))
        assert notes == []
        assert (set(PASSED_ON) <= set(metadata.block.image)) == (length == 1000)
        assert metadata.block.image[Base.Copyright].data == b"y" * 4096


# -- against another reader


@pytest.mark.corpus
def test_exiftool_reads_the_same_from_every_photo_and_finds_nothing_wrong_in_what_is_carried(
    corpus: Path, tmp_path: Path
) -> None:
    require("exiftool")
    for path in (corpus / "images" / "photos").glob("*.jpg"):
        metadata, notes = opened(path.read_bytes())
        told = tell(metadata, "basic", "keep")
        theirs = exiftool(path)
        assert notes == []
        assert (told.camera.make if told.camera else None) == theirs.get("Make")
        assert (told.camera.lens if told.camera else None) == theirs.get("LensModel")
        assert (told.exposure.iso if told.exposure else None) == theirs.get("ISO")
        assert (told.gps.latitude if told.gps else None) == pytest.approx(theirs.get("GPSLatitude"), abs=1e-6)
        if carried := passed_on(metadata, "none", "keep"):
            copy = tmp_path / path.name
            copy.write_bytes(encoded(quarters(), "JPEG", exif=carried))
            again = exiftool(copy)
            assert "Error" not in again
            assert {name: theirs[name] for name in again} == again


def exiftool(path: Path) -> dict[str, Any]:
    names = ("Make", "Model", "LensModel", "ISO", "ExposureTime", "FNumber", "DateTimeOriginal", "GPSLatitude", "Error")
    command = ["exiftool", "-json", "-n", *(f"-EXIF:{name}" for name in names), str(path)]
    found: dict[str, Any] = json.loads(subprocess.check_output(command))[0]
    del found["SourceFile"]
    if "GPSLatitude" in found:
        reference = subprocess.check_output(["exiftool", "-s3", "-n", "-Composite:GPSLatitude", str(path)])
        found["GPSLatitude"] = float(reference)
    return found
