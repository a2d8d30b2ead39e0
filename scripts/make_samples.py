"""Makes the files in `samples/`: small, real, and the project's own. `python -m scripts.make_samples [FOLDER]`.

The files are committed; this says how they came to be. Encoders differ between releases, so a new run may give other
bytes for the photo and the clip, but never another picture.
"""

import io
import math
import sys
from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.stream import Disposition
from PIL import ExifTags, Image, ImageCms

from processors.image.display_p3 import display_p3
from scripts.sample_documents import make_docx, make_pdf
from scripts.sample_scene import grain, paint

FOLDER = Path(__file__).resolve().parent.parent / "samples"
PHOTO_SIZE = (2160, 2880)
CLIP_SIZE = (640, 360)
CLIP_SECONDS = 3
FRAME_RATE = 30
SAMPLE_RATE = 48_000
CHORD = (220.0, 277.18, 329.63)  # Hz: A major
TUNE_SECONDS = 4
TUNE_TAGS = {"title": "Down to the lake", "artist": "Dropoff", "album": "Samples", "date": "2026", "track": "1"}
COVER_SIZE = (320, 320)
# The beat that a note is struck at, four to the second, and its pitch in semitones above A3.
TUNE = ((0, 12), (2, 16), (3, 19), (4, 21), (6, 19), (7, 16), (8, 14), (10, 12), (11, 7), (12, 0))
BROKEN_AT = 24_000  # bytes

NOTES = """\
Notes in many scripts, to see that none is lost: the first article of the Universal Declaration of Human Rights.

English     All human beings are born free and equal in dignity and rights.
Français    Tous les êtres humains naissent libres et égaux en dignité et en droits.
Deutsch     Alle Menschen sind frei und gleich an Würde und Rechten geboren.
Polski      Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw.
Türkçe      Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar.
Tiếng Việt  Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi.
Ελληνικά    Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.
Русский     Все люди рождаются свободными и равными в своем достоинстве и правах.
עברית       כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם.
العربية     يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق.
हिन्दी       सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।
中文        人人生而自由，在尊严和权利上一律平等。
日本語      すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。
한국어      모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.

And a few that come in pieces: 👩‍🚀 (three code points), 🇨🇭 (two), é (one) and é (two).
"""

LETTER = """\
Liebe Käthe,

hier ist das Rezept für die Crème brûlée, nach dem du gefragt hast – für vier Personen, ungefähr 6,50 € alles zusammen:

  • ½ l Sahne, 1 Vanilleschote
  • 6 Eigelb (Größe M)
  • 80 g Zucker … und etwas mehr zum Karamellisieren

„Langsam rühren“, sagte Großmutter immer, „sonst wird’s Rührei.“ Sie hatte natürlich recht.

Schöne Grüße aus Zürich
Jürg
"""

TABLE = """\
planet,diameter_km,moons,year_days,notes
Mercury,4879,0,88.0,"Nearest to the Sun, and yet not the hottest"
Venus,12104,0,224.7,"Hottest: its air holds the heat"
Earth,12756,1,365.2,"Home.
Two thirds water."
Mars,6792,2,687.0,"Olympus Mons rises 22 km above the plain"
Jupiter,142984,95,4331.0,"The ""Great Red Spot"" is older than any photograph of it"
Saturn,120536,146,10747.0,"Would float, if there were a sea to hold it"
Uranus,51118,28,30589.0,"Rolls along its way, on its side"
Neptune,49528,16,59800.0,"Found by calculation: Urbain Le Verrier, 1846"
"""


def make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    make_texts(folder)
    photo = make_photo()
    (folder / "photo.jpg").write_bytes(photo)
    (folder / "broken-photo.jpg").write_bytes(photo[:BROKEN_AT])
    make_clip(folder / "clip.mp4")
    make_tune(folder / "tune.mp3")
    make_documents(folder)


def make_documents(folder: Path) -> None:
    (folder / "letter.pdf").write_bytes(make_pdf())
    (folder / "report.docx").write_bytes(make_docx())


def make_texts(folder: Path) -> None:
    (folder / "notes-utf8.txt").write_bytes(NOTES.encode())
    (folder / "legacy-cp1252.txt").write_bytes(LETTER.replace("\n", "\r\n").encode("cp1252"))
    (folder / "table.csv").write_bytes(TABLE.encode())


def make_photo() -> bytes:
    """As a phone takes it: on its side with an orientation, in Display P3, with camera, time and place."""
    upright = grain(paint(PHOTO_SIZE), 0.05)
    profile = display_p3("Display P3 (sample)")
    wide = ImageCms.profileToProfile(
        upright,
        ImageCms.createProfile("sRGB"),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert wide is not None
    stored = wide.transpose(Image.Transpose.ROTATE_90)
    target = io.BytesIO()
    stored.save(target, "JPEG", quality=76, icc_profile=profile, exif=_exif(), optimize=True)
    return target.getvalue()


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Dropoff"
    exif[ExifTags.Base.Model] = "Sample One"
    details = exif.get_ifd(ExifTags.IFD.Exif)
    details[ExifTags.Base.DateTimeOriginal] = "2026:06:21 21:14:05"
    details[ExifTags.Base.OffsetTimeOriginal] = "+02:00"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (46.0, 58.0, 33.6)
    place[ExifTags.GPS.GPSLongitudeRef] = "E"
    place[ExifTags.GPS.GPSLongitude] = (8.0, 36.0, 28.8)
    return exif


def make_clip(path: Path) -> None:
    """The sun goes down, after a fade from black, to a soft chord. H.264 and AAC."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        video = container.add_stream(
            "libx264", rate=FRAME_RATE, options={"crf": "25", "preset": "slow", "g": str(FRAME_RATE)}
        )
        video.width, video.height = CLIP_SIZE
        video.pix_fmt = "yuv420p"
        video.thread_count = 1  # the same bytes on every machine
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono", bit_rate=64_000)
        for picture in _pictures():
            container.mux(video.encode(picture))
        container.mux(video.encode())
        for sound in _sounds():
            container.mux(audio.encode(sound))
        container.mux(audio.encode())


def _pictures() -> Iterator[av.VideoFrame]:
    count = CLIP_SECONDS * FRAME_RATE
    for index in range(count):
        scene = paint(CLIP_SIZE, index / (count - 1))
        brightness = min(1.0, index / (FRAME_RATE / 2))
        faded = Image.blend(Image.new("RGB", CLIP_SIZE), scene, brightness)
        frame = av.VideoFrame.from_image(faded)  # type: ignore[no-untyped-call] # PyAV leaves it untyped
        frame.pts, frame.time_base = index, Fraction(1, FRAME_RATE)
        yield frame


def _sounds() -> Iterator[av.AudioFrame]:
    count = CLIP_SECONDS * SAMPLE_RATE
    for start in range(0, count, 1024):
        wave = array("h", (_loudness(n, count) for n in range(start, start + 1024)))
        frame = av.AudioFrame("s16", "mono", 1024)
        frame.planes[0].update(wave.tobytes())
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        yield frame


def _loudness(n: int, count: int) -> int:
    envelope = max(0.0, math.sin(math.pi * n / count))
    tone = sum(math.sin(math.tau * pitch * n / SAMPLE_RATE) for pitch in CHORD) / len(CHORD)
    return round(12_000 * envelope * tone)


def make_tune(path: Path) -> None:
    """A few bell notes with a title, an artist and a cover, as music is sold: MP3, 64 kbit/s, mono."""
    with av.open(str(path), "w", options={"id3v2_version": "3"}) as container:
        container.metadata.update(TUNE_TAGS)
        sound = container.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono", bit_rate=64_000)
        picture = container.add_stream("mjpeg", rate=1)
        picture.width, picture.height = COVER_SIZE
        picture.pix_fmt = "yuvj420p"
        picture.disposition = Disposition.attached_pic
        picture.codec_context.open()
        container.start_encoding()
        cover = av.Packet(_cover())
        cover.stream, cover.pts, cover.dts = picture, 0, 0
        container.mux(cover)
        for frame in _notes():
            container.mux(sound.encode(frame))
        container.mux(sound.encode())


def _cover() -> bytes:
    target = io.BytesIO()
    paint(COVER_SIZE, 0.35).save(target, "JPEG", quality=70, optimize=True)
    return target.getvalue()


def _notes() -> Iterator[av.AudioFrame]:
    count = TUNE_SECONDS * SAMPLE_RATE
    wave = [0.0] * count
    for beat, semitones in TUNE:
        start, pitch = beat * SAMPLE_RATE // 4, 220 * 2 ** (semitones / 12)
        for n in range(start, count):
            age = (n - start) / SAMPLE_RATE
            overtones = math.sin(math.tau * pitch * age) + 0.3 * math.sin(math.tau * 2.76 * pitch * age)
            wave[n] += overtones * math.exp(-3 * age) * min(1.0, age * 200)
    fade = SAMPLE_RATE // 2
    for start in range(0, count, 1024):
        block = (8_000 * wave[n] * min(1.0, (count - n) / fade) for n in range(start, min(start + 1024, count)))
        samples = array("h", map(round, block))
        frame = av.AudioFrame("s16", "mono", len(samples))
        frame.planes[0].update(samples.tobytes())
        frame.sample_rate, frame.pts = SAMPLE_RATE, start
        yield frame


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
