"""Detection: what real files are, what only looks like them, and which kind takes what."""

import codecs
import gzip
import os
import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.labelled_files import of_the_corpus
from ingest.errors import Problem
from ingest.kinds import PROCESSORS
from ingest.sniff import CONTROLS, TEXT, UNKNOWN, Detected, choose_kind, sniff
from processors.signatures import HEAD_BYTES, OOXML, SIGNATURES


def detect(data: bytes, name: str = "x") -> str:
    return sniff(data[:HEAD_BYTES], name, len(data) <= HEAD_BYTES).media_type


def png() -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def zipped(*names: str) -> bytes:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for name in names:
            members.writestr(name, "application/epub+zip" if name == "mimetype" else "x")
    return archive.getvalue()


def late_docx() -> bytes:
    """Only the list of its parts, which is packed, says so in the first bytes."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("[Content_Types].xml", '<Types><Override PartName="/word/document.xml"/></Types>' * 9)
        members.writestr("docProps/thumbnail.jpeg", os.urandom(9000), zipfile.ZIP_STORED)
        members.writestr("word/document.xml", "x")
    return archive.getvalue()


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def riff(form: bytes, chunk: bytes, order: str = "<") -> bytes:
    body = form + chunk + struct.pack(f"{order}I", 10) + bytes(10)
    return (b"RIFF" if order == "<" else b"RIFX") + struct.pack(f"{order}I", len(body)) + body


MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbit/s at 44.1 kHz: 417 bytes
ADTS_FRAME = b"\xff\xf1\x50\x80\x02\x9f\xfc" + bytes(13)  # AAC LC at 44.1 kHz: 20 bytes
ARCHIVE, DEBIAN, PYTHON_CODE = (
    "application/x-archive",
    "application/vnd.debian.binary-package",
    "application/x-python-code",
)
GIF = b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0x80, 0, 0) + bytes(6)

REAL = {
    "PNG": (png(), "image/png"),
    "PNG, only the signature": (b"\x89PNG\r\n\x1a\n", "image/png"),
    "JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(9) + b"\xff\xdb" + bytes(100), "image/jpeg"),
    "JPEG with a long first segment": (b"\xff\xd8\xff\xe1\xff\xfeExif\0\0" + b"x" * 5000, "image/jpeg"),
    "GIF": (GIF + b",\0\0\0\0\2\0\2\0\0", "image/gif"),
    "GIF with an extension": (GIF + b"!\xf9\x04", "image/gif"),
    "GIF without a colour table": (b"GIF87a" + struct.pack("<HHBBB", 2, 2, 0, 0, 0) + b",\0\0\0\0", "image/gif"),
    "WebP": (riff(b"WEBP", b"VP8 "), "image/webp"),
    "BMP": (b"BM" + struct.pack("<IIIIiiHH", 70, 0, 54, 40, 2, 2, 1, 24), "image/bmp"),
    "TIFF, little-endian": (b"II*\0\x08\0\0\0\x01\0", "image/tiff"),
    "TIFF, big-endian": (b"MM\0*\0\0\0\x08\0\x01", "image/tiff"),
    "AVIF": (box(b"ftyp", b"avif\0\0\0\0avifmif1miaf"), "image/avif"),
    "AVIF as MIF": (box(b"ftyp", b"mif1\0\0\0\0mif1avif"), "image/avif"),
    "HEIC": (box(b"ftyp", b"heic\0\0\0\0mif1heic"), "image/heic"),
    "icon": (struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, 100, 22), "image/x-icon"),
    "MP4": (box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41") + box(b"free", b""), "video/mp4"),
    "QuickTime": (box(b"ftyp", b"qt  \0\0\2\0qt  "), "video/quicktime"),
    "QuickTime without ftyp": (box(b"wide", b"") + b"\0\0\0\0mdat", "video/quicktime"),
    "3GP": (box(b"ftyp", b"3gp4\0\0\0\x003gp4isom"), "video/3gpp"),
    "M4A": (box(b"ftyp", b"M4A \0\0\0\0M4A mp42isom"), "audio/mp4"),
    "M4A with a zero in its brand": (box(b"ftyp", b"M4A\0\0\0\0\x003gp5isom"), "audio/mp4"),
    "WebM": (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm", "video/webm"),
    "Matroska": (b"\x1a\x45\xdf\xa3\xa3B\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
    "AVI": (riff(b"AVI ", b"LIST"), "video/x-msvideo"),
    "MPEG-TS": ((b"G\x40\x11\x10" + bytes(184)) * 5, "video/mp2t"),
    "Ogg": (b"OggS\0\2" + bytes(22) + b"\x01vorbis", "audio/ogg"),
    "Ogg video": (b"OggS\0\2" + bytes(22) + b"\x80theora", "video/ogg"),
    "MP3": (MP3_FRAME * 2, "audio/mpeg"),
    "MP3 with tags": (b"ID3\x03\0\0\0\0\x03q" + bytes(50), "audio/mpeg"),
    "WAV": (riff(b"WAVE", b"fmt "), "audio/wav"),
    "WAV, big-endian": (riff(b"WAVE", b"fmt ", ">"), "audio/wav"),
    "FLAC": (b"fLaC\0\0\0\x22" + bytes(34), "audio/flac"),
    "AAC": (ADTS_FRAME * 3, "audio/aac"),
    "AAC with checksums": ((b"\xff\xf0" + ADTS_FRAME[2:]) * 3, "audio/aac"),
    "AIFF": (b"FORM\0\0\0\x40AIFFCOMM\0\0\0\x12" + bytes(40), "audio/aiff"),
    "AIFF-C": (b"FORM\0\0\0\x40AIFCFVER\0\0\0\x04" + bytes(40), "audio/aiff"),
    "AMR": (b"#!AMR\n\x3c" + bytes(31), "audio/amr"),
    "AMR, wideband": (b"#!AMR-WB\n\x44" + bytes(60), "audio/amr"),
    "AAC whose first frame leads nowhere": (ADTS_FRAME + bytes(100), UNKNOWN),
    "AAC in ADIF": (b"ADIF\0" + bytes(range(60)), "audio/aac"),
    "Sun's audio": (b".snd" + struct.pack(">5I", 24, 100, 3, 8000, 1) + bytes(100), "audio/basic"),
    "WAV of more than 4 GiB": (b"RF64\xff\xff\xff\xffWAVEds64" + bytes(40), "audio/wav"),
    "WAV that was cut off": (b"RIFF\x24\x45\0\0WAVEf", "audio/wav"),
    "MP3 of one frame": (MP3_FRAME, "audio/mpeg"),
    "DOCX whose main part comes late": (late_docx(), OOXML[b"word/"]),
    "archive of objects": (b"!<arch>\n" + b"/               0           0     0     0       14        `\n", ARCHIVE),
    "archive of objects, empty": (b"!<arch>\n", ARCHIVE),
    "Debian package": (b"!<arch>\n" + b"debian-binary   1342943816  0     0     100644  4         `\n2.0\n", DEBIAN),
    "compiled Python": (b"\xa7\r\r\n" + bytes(4) + b"\xc5\xe3\xfei|-\0\0" + b"a docstring" * 99, PYTHON_CODE),
    "IFF of another sort": (b"FORM\0\0\0\x40ILBMBMHD\0\0\0\x14" + bytes(40), UNKNOWN),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "application/pdf"),
    "PDF in ASCII": (b"%PDF-1.4\r\n1 0 obj <<>>", "application/pdf"),
    "ZIP": (zipped("a.txt"), "application/zip"),
    "DOCX": (zipped("[Content_Types].xml", "word/document.xml"), OOXML[b"word/"]),
    "EPUB": (zipped("mimetype", "a.html"), "application/epub+zip"),
    "gzip": (gzip.compress(b"hello"), "application/gzip"),
    "program": (b"\x7fELF\2\1\1" + bytes(60), "application/x-executable"),
    "Windows program": (b"MZ\x90\0\3\0\0\0" + bytes(60), "application/vnd.microsoft.portable-executable"),
    "SQLite": (b"SQLite format 3\0\x10\0", "application/vnd.sqlite3"),
    "JPEG whose first segment leads nowhere": (b"\xff\xd8\xff\xe0\x00\x10" + bytes(200), UNKNOWN),
    "random bytes": (os.urandom(4096), UNKNOWN),
    "zeros": (bytes(4096), UNKNOWN),
}  # fmt: skip

FOOLING = {
    "GIF in prose": b"GIF89a is the name of a format, and a good one.\n",
    "GIF in prose with a comma in the wrong place": b"GIF89a, GIF87, and so on, are names of formats!\n",
    "BMW": b"BMW makes cars, and so do others in the country.\n",
    "MZ": b"MZ is my initials, and I write a lot so that this is longer than sixty-four bytes.\n",
    "ftyp": b"....ftyp is where the brands are\n",
    "ftyp again": b"\n\n\n\nftypisom is how a movie begins, says this text\n",
    "moov": b"The moov is a box, and so is the rest of this line\n",
    "free": b"I'm free of all this binary stuff, thank you\n",
    "FF FB in Latin-1": "ÿû is nothing that anybody writes\n".encode("latin-1"),
    "FF FB twice in Latin-1": b"\xff\xfb\x90d" + b"a" * 413 + b"\xff\xfb\n",
    "FF F1 in Latin-1": "ÿñ is nothing that anybody writes\n".encode("latin-1"),
    "FF F1 twice in Latin-1": b"\xff\xf1Q` aaa" + b"a" * 20 + b"\xff\xf1Q` aaa\n",
    "FORM": b"FORM 12 is to be AIFF-ended with a COMMa\n",
    "ADIF": b"ADIF is one header, and ADTS are many\n",
    ".snd": b".snd files came from workstations of the last century\n",
    "RF64": b"RF64 is RIFF for more than four GiBWAVE, said he\n",
    "ar": b"!<arch>\nis how a static library begins, and a text about one may begin so too, or longer\n",
    "two letters and a line end": b"ab\r\ncdefgh and so on, as from an old computer\r\n",
    "one control in three bytes": b"[\0]",
    "AMR": b"#!AMR\nis how speech from an old phone begins\n",
    "AMR, wideband": b"#!AMR-WB\n<is how wide speech begins\n",
    "a script": b"#!AMRITA/bin/sh\necho hello\n",
    "FF D8 in Latin-1": "ÿØÿ, said he\n".encode("latin-1"),
    "FF D8 FF E0 in Latin-1": "ÿØÿà la carte, he said, and again: ÿØÿà la carte\n".encode("latin-1"),
    "PDF in prose": b"%PDF- is how a PDF begins\n",
    "PDF version in prose": b"%PDF-1.7 is the version\n",
    "RIFF": b"RIFFs are what guitarists WAVEfmt at each other\n",
    "OggS": b"OggS is a capture pattern\n",
    "ID3": b"ID3 tags hold the title, the artist and more\n",
    "a G every 188 bytes": (b"G" + b"o" * 187) * 5,
    "BZh": b"BZh91AY&SY is the number pi\n",
    "Rar": b"Rar! said the tiger, and Rar! again\n",
    "PK": b"PK are my initials\n",
    "EBML": b"EBML webm matroska\n",
    "log with 512 zeros": b"Nov 21 02:35:48 host: up\n" * 100 + bytes(512) + b"Nov 21 02:36:00 host: up\n" * 20,
    "log with colours": b"\x1b[31merror\x1b[0m: it failed\n" * 20,
    "log with one zero": b"Nov 21 02:35:48 host kernel: up\0\n" * 1 + b"and so on\n" * 10,
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "HTML": b"<!doctype html><title>x</title>",
    "UTF-8": "Zürich, 東京, \U0001f600\n".encode(),
    "UTF-8 with a mark": codecs.BOM_UTF8 + b"a,b\n",
    "UTF-16 with a mark": "東京は今日も雨です\n".encode("utf-16"),
    "UTF-16 without a mark": "Some text, as Windows writes it\n".encode("utf-16-le"),
    "UTF-16, big-endian": "Some text, as nobody writes it\n".encode("utf-16-be"),
    "UTF-32": "Some text, in four bytes each\n".encode("utf-32"),
    "UTF-32 without a mark": "Some text, in four bytes each\n".encode("utf-32-be"),
    "ISO 2022": "これは日本語のテキストです。\n".encode("iso-2022-jp") * 10,
    "ISO 2022 with shifts": "한 국 어 로 쓴 글 이 다\n".encode("iso-2022-kr") * 10,
    "Shift JIS": "これは日本語のテキストです。\n".encode("shift_jis"),
    "KOI8": "Это текст на русском языке\n".encode("koi8-r"),
    "one letter": b"x",
    "a form feed": b"page one\x0cpage two\n",
}  # fmt: skip


@pytest.mark.parametrize(("data", "media_type"), REAL.values(), ids=REAL.keys())
def test_a_real_file_is_known_by_its_first_bytes(data: bytes, media_type: str) -> None:
    assert detect(data) == media_type


@pytest.mark.parametrize("data", FOOLING.values(), ids=FOOLING.keys())
@pytest.mark.parametrize("name", ["x", "x.png"])
def test_text_is_text_whatever_it_begins_with_or_is_called(data: bytes, name: str) -> None:
    assert detect(data, name) == TEXT


@pytest.mark.parametrize(("data", "media_type"), [(png(), "image/png"), (gzip.compress(b"x" * 99), "application/gzip")])
@pytest.mark.parametrize("name", ["x.txt", "x.csv", "x.html", "x.mp4"])
def test_a_name_changes_nothing_about_a_binary_file(data: bytes, media_type: str, name: str) -> None:
    assert detect(data, name) == media_type


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.csv", "text/csv"),
        ("A.JSON", "application/json"),
        ("a.html", "text/html"),
        ("a.md", "text/markdown"),
        ("a.log", "text/x-log"),
        ("a.PY", "text/x-python"),
        ("a.rs", "text/x-rust"),
        ("a.sql", "application/sql"),
        ("a.ini", "text/x-ini"),
        ("a.toml", "application/toml"),
        ("a.txt", TEXT),
        ("csv", "text/csv"),
        ("", TEXT),
    ],
)
def test_a_name_says_what_sort_of_text_it_is(name: str, media_type: str) -> None:
    assert sniff(b"a,b\n", name, whole=True) == Detected(media_type, TEXT)


def test_a_name_says_what_a_container_leaves_open() -> None:
    """MP4 without a brand of its own: a film, unless it is called a song."""
    data = box(b"ftyp", b"mp42\0\0\0\0mp42isom") + box(b"free", b"")
    assert (detect(data, "a.mp4"), detect(data, "a.m4a")) == ("video/mp4", "audio/mp4")


@pytest.mark.parametrize("data", [*FOOLING.values(), *(data for data, _ in REAL.values())])
def test_no_beginning_of_a_file_breaks_detection(data: bytes) -> None:
    """A truncated file is something, too."""
    for length in range(1, min(len(data), 200)):
        detect(data[:length])


def test_a_character_cut_at_the_end_of_the_sample_is_no_fault() -> None:
    text = codecs.BOM_UTF16_LE + ("\U0001f600" * 3000).encode("utf-16-le")
    assert detect(b"\xff\xfe" + b"a\0" + text[2:]) == TEXT
    assert detect(text) == TEXT


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "text", ["これは日本語の文章です。\n", "这是一个中文的句子，没有标记。\n", "한국어로 된 문장입니다.\n"]
)
def test_utf16_without_a_mark_is_text_also_without_zeros(text: str, name: str) -> None:
    assert detect((text * 30).encode(name)) == TEXT


def test_a_broken_wide_encoding_is_not_text() -> None:
    assert detect(codecs.BOM_UTF16_LE + b"\x00\xd8" * 40) == UNKNOWN


@given(st.sampled_from(SIGNATURES), st.binary(max_size=300))
def test_a_signature_followed_by_anything_is_decided(signature: tuple[int, bytes, object], rest: bytes) -> None:
    offset, magic, _ = signature
    assert detect(bytes(offset) + magic + rest)


@pytest.mark.parametrize("row", [row for row in SIGNATURES if isinstance(row[2], str)], ids=lambda row: row[2])
def test_a_signature_that_text_could_begin_with_needs_a_second_look(row: tuple[int, bytes, str]) -> None:
    """A magic number that decides alone holds a byte that is in no text."""
    assert set(row[1]) & {*CONTROLS, 0x1B, 0x7F} or not row[1].isascii()


def test_auto_takes_the_kind_of_the_very_type() -> None:
    assert choose_kind("auto", Detected("image/png"), PROCESSORS) == "image"
    assert choose_kind("auto", Detected("video/mp4"), PROCESSORS) == "video"
    assert choose_kind("auto", Detected("text/csv", TEXT), PROCESSORS) == "text"


def test_auto_takes_the_broader_type_where_nobody_names_the_very_one() -> None:
    assert choose_kind("auto", Detected("image/svg+xml", TEXT), PROCESSORS) == "text"


def test_a_file_that_contradicts_its_kind_is_refused_with_the_kind_it_has() -> None:
    with pytest.raises(Problem) as refused:
        choose_kind("image", Detected("text/html", TEXT), PROCESSORS)
    problem = refused.value
    assert problem.code == "kind_mismatch"
    assert problem.extra["detected"] == "text/html"
    assert problem.extra["kind"] == "text"
    assert "image/png" in problem.extra["accepted"]
    assert "text/plain" not in problem.extra["accepted"]


@pytest.mark.parametrize("kind", ["image", "auto"])
def test_a_file_that_no_kind_takes_is_refused_with_what_is_accepted(kind: str) -> None:
    with pytest.raises(Problem) as refused:
        choose_kind(kind, Detected("application/gzip"), PROCESSORS)
    assert refused.value.code == "unsupported_media_type"
    assert refused.value.extra["detected"] == "application/gzip"
    assert "image/png" in refused.value.extra["accepted"]
    assert ("text/plain" in refused.value.extra["accepted"]) == (kind == "auto")


@pytest.mark.corpus
def test_nearly_every_file_of_the_corpus_gets_its_kind(corpus: Path) -> None:
    missed, count = [], 0
    for path, kind in of_the_corpus(corpus):
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        found = sniff(head, path.name, path.stat().st_size <= HEAD_BYTES)
        count += 1
        if ("text" if found.broader else found.media_type.partition("/")[0]) != kind:
            missed.append(f"{path.name}: {found.media_type}")
    assert count > 900
    assert len(missed) <= 0.003 * count, missed
