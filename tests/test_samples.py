"""The samples are small, real, and have just the properties that a demonstration needs."""

import io
from pathlib import Path

import av
import pytest
from av.stream import Disposition
from PIL import ExifTags, Image, ImageCms

from processors.image.display_p3 import display_p3
from scripts.make_samples import BROKEN_AT, FOLDER, TUNE_TAGS, make_texts
from scripts.sample_documents import PARAGRAPHS, TITLE, make_docx, make_pdf
from scripts.sample_scene import grain, paint
from tests.documents import read

KIB = 1024
EVERY = (
    *("photo.jpg", "broken-photo.jpg", "clip.mp4", "tune.mp3"),
    *("notes-utf8.txt", "legacy-cp1252.txt", "table.csv", "letter.pdf", "report.docx"),
)


def test_every_sample_is_there_and_all_are_small() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(EVERY)
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 450 * KIB


def test_the_photo_is_what_a_phone_would_have_taken() -> None:
    """On its side, in Display P3, with camera, time and place."""
    with Image.open(FOLDER / "photo.jpg") as photo:
        exif = photo.getexif()
        assert (photo.format, photo.size) == ("JPEG", (2880, 2160))
        assert exif[ExifTags.Base.Orientation] == 6
        assert exif[ExifTags.Base.Model] == "Sample One"
        assert exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == "2026:06:21 21:14:05"
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"
        assert photo.info["icc_profile"] == display_p3("Display P3 (sample)")


def test_the_built_profile_is_display_p3() -> None:
    """Its red is that of Display P3, and its greys are those of sRGB: same white, same curve."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(display_p3()))
    assert ImageCms.getProfileDescription(profile).strip() == "Display P3"
    red = profile.profile.red_colorant
    assert red is not None
    assert red[0] == pytest.approx((0.5151, 0.2412, -0.0011), abs=0.0002)
    grey = Image.new("RGB", (4, 4), (128, 128, 128))
    shown = ImageCms.profileToProfile(grey, profile, ImageCms.createProfile("sRGB"))
    assert shown is not None
    assert shown.getpixel((0, 0)) == (128, 128, 128)


def test_the_broken_photo_is_the_photo_cut_off() -> None:
    assert (FOLDER / "broken-photo.jpg").read_bytes() == (FOLDER / "photo.jpg").read_bytes()[:BROKEN_AT]


def test_the_clip_is_h264_and_aac_and_starts_in_the_dark() -> None:
    with av.open(str(FOLDER / "clip.mp4")) as clip:
        assert [stream.codec_context.name for stream in clip.streams] == ["h264", "aac"]
        assert clip.duration is not None
        assert 2 <= clip.duration / av.time_base <= 4
        first = next(clip.decode(video=0)).to_image()  # type: ignore[no-untyped-call] # PyAV leaves it untyped
        assert max(high for _, high in first.getextrema()) < 20


def test_the_tune_is_an_mp3_with_a_title_an_artist_and_a_cover() -> None:
    with av.open(str(FOLDER / "tune.mp3")) as tune:
        assert [stream.codec_context.name for stream in tune.streams] == ["mp3float", "mjpeg"]
        assert tune.streams[1].disposition == Disposition.attached_pic
        assert {name: tune.metadata[name] for name in TUNE_TAGS} == TUNE_TAGS
        assert tune.duration is not None
        assert 3.9 <= tune.duration / av.time_base <= 4.1
    assert (FOLDER / "tune.mp3").stat().st_size < 50 * KIB


def test_the_texts_are_in_their_encodings_and_come_from_the_script(tmp_path: Path) -> None:
    make_texts(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (FOLDER / path.name).read_bytes()
    letter = (FOLDER / "legacy-cp1252.txt").read_bytes()
    assert "€" in letter.decode("cp1252")
    with pytest.raises(UnicodeDecodeError):
        letter.decode()
    assert len((FOLDER / "notes-utf8.txt").read_text(encoding="utf-8").splitlines()) == 18


def test_the_documents_come_from_the_script_and_hold_what_it_wrote(tmp_path: Path) -> None:
    """The picture in the letter is another encoder's matter."""
    assert make_docx() == (FOLDER / "report.docx").read_bytes()
    for name, made in (("letter.pdf", make_pdf()), ("report.docx", make_docx())):
        (tmp_path / name).mkdir()
        kept, again = (read(tmp_path / name, data) for data in ((FOLDER / name).read_bytes(), made))
        assert kept.text == again.text
        assert TITLE in kept.text
        assert PARAGRAPHS[-1] in kept.text
        assert kept.result.warnings == []


def test_the_scene_is_painted_alike_in_every_run() -> None:
    once, again = (grain(paint((96, 128), 0.4), 0.1).tobytes() for _ in range(2))
    assert once == again
    assert once != grain(paint((96, 128), 0.9), 0.1).tobytes()


@pytest.mark.parametrize("name", EVERY)
def test_no_sample_is_executable_or_a_link(name: str) -> None:
    path = FOLDER / name
    assert path.is_file()
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o111 == 0
