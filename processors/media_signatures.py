"""Second looks at how sounds, films and pictures in containers begin; a row of `signatures` asks for each.

Each takes the first bytes of a file, and gives the media type, or None for "it only looks like one".
"""

import re
from struct import unpack_from

MP3_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # MPEG 1, layer III, kbit/s
MP3_BITRATES_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # MPEG 2 and 2.5, layer III
ADTS_SAMPLE_RATES = 13  # how many of the sixteen are in use
MP3_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
AMR, AMR_WIDE = b"#!AMR\n", b"#!AMR-WB\n"
AMR_MODES = {*range(10), 15}  # speech of nine sorts, comfort noise, nothing
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")  # "binary data bytes" of the WHATWG MIME Sniffing Standard


def riff(head: bytes) -> str | None:
    """The size of the whole holds that of its first chunk; in RF64 (EBU Tech 3306) a chunk tells it."""
    if len(head) < 12 or not is_binary(head[4:20]):
        return None
    order = ">" if head[:4] == b"RIFX" else "<"
    whole, form = unpack_from(f"{order}I4s", head, 4)
    chunk, size = unpack_from(f"{order}4sI", head, 12) if len(head) >= 20 else (b"", 0)
    if whole < 12 or size > whole or not chunk.isascii():
        return None
    return {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(form)


def iso_media(head: bytes) -> str | None:
    """The `ftyp` box is small, and holds brands of four characters (ISO/IEC 14496-12 §4.3)."""
    (size,) = unpack_from(">I", head)
    brands = [head[8:12].replace(b"\0", b" "), *(head[at : at + 4] for at in range(16, min(size, len(head)) - 3, 4))]
    if not 16 <= size <= 1024 or size % 4 or not brands[0].isascii() or is_binary(brands[0]):
        return None
    if {b"avif", b"avis"} & set(brands):
        return "image/avif"
    if HEIF_BRANDS & set(brands):
        return "image/heic"
    if brands[0] == b"qt  ":
        return "video/quicktime"
    if brands[0] in AUDIO_BRANDS:
        return "audio/mp4"
    return "video/3gpp" if brands[0][:2] == b"3g" else "video/mp4"


def quicktime(head: bytes) -> str | None:
    """An older file begins with another box: its size is one, and not four letters."""
    (size,) = unpack_from(">I", head)
    return "video/quicktime" if (8 <= size < 1 << 29 or size == 1) and is_binary(head[:4]) else None


def ebml(head: bytes) -> str | None:
    """The document type is `webm`, or else Matroska (RFC 8794 §11.2.2)."""
    at = head.find(b"\x42\x82", 4, 64)
    return "video/webm" if at > 0 and head[at + 3 : at + 7] == b"webm" else "video/x-matroska"


def transport_stream(head: bytes) -> str | None:
    """Each packet of 188 bytes begins with the same byte."""
    packets = head[::188]
    return "video/mp2t" if len(packets) > 3 and not packets.strip(b"G") and is_binary(head) else None


def ogg(head: bytes) -> str | None:
    if head[4:5] != b"\0":
        return None
    return "video/ogg" if b"\x80theora" in head[:128] else "audio/ogg"


def id3(head: bytes) -> str | None:
    """A version that exists, and a size in four times seven bits (ID3v2 §3.1)."""
    fits = len(head) >= 10 and head[3] in (2, 3, 4) and all(byte < 0x80 for byte in head[6:10])
    return "audio/mpeg" if fits else None


def mp3(head: bytes) -> str | None:
    """One frame says where the next one begins, and that one is of the same sort (ISO/IEC 11172-3 §2.4.1.3)."""
    length = _mp3_frame_length(head)
    if length == len(head) and is_binary(head):  # it is all that there is
        return "audio/mpeg"
    if length is None or head[length : length + 1] != head[:1]:
        return None
    same = len(head) > length + 2 and head[length + 1] == head[1] and _mp3_frame_length(head[length:]) is not None
    return "audio/mpeg" if same else None


def _mp3_frame_length(frame: bytes) -> int | None:
    if len(frame) < 4:
        return None
    version, layer = frame[1] >> 3 & 3, frame[1] >> 1 & 3
    bitrate, rate, padding = frame[2] >> 4, frame[2] >> 2 & 3, frame[2] >> 1 & 1
    if version == 1 or layer != 1 or not 0 < bitrate < 15 or rate == 3:
        return None
    first = version == 3
    bits = (MP3_BITRATES if first else MP3_BITRATES_LOW)[bitrate] * 1000
    return (144 if first else 72) * bits // MP3_SAMPLE_RATES[version][rate] + padding


def adts(head: bytes) -> str | None:
    """AAC in ADTS: as with MP3, one frame says where the next one begins (ISO/IEC 13818-7 §6.2)."""
    length = _adts_frame_length(head)
    if length is None or len(head) < length + 7:
        return None
    following = head[length:]
    same = following[:2] == head[:2] and (following[2] ^ head[2]) & 0xFD == 0  # profile and rate; not the private bit
    return "audio/aac" if same and _adts_frame_length(following) is not None else None


def _adts_frame_length(frame: bytes) -> int | None:
    if len(frame) < 7:
        return None
    rate = frame[2] >> 2 & 15
    length = (frame[3] & 3) << 11 | frame[4] << 3 | frame[5] >> 5
    has_checksum = not frame[1] & 1
    return length if rate < ADTS_SAMPLE_RATES and length > (9 if has_checksum else 7) else None


def adif(head: bytes) -> str | None:
    """AAC with one header for all: copyright, home and sort of bit rate are single bits (ISO/IEC 13818-7 §6.2)."""
    return "audio/aac" if len(head) > 16 and is_binary(head[4:16]) else None


def basic_audio(head: bytes) -> str | None:
    """Sun's: the samples lie behind the header, in an encoding of those that there are."""
    if len(head) < 24:
        return None
    offset, _size, encoding, rate, channels = unpack_from(">5I", head, 4)
    fits = 24 <= offset <= 1 << 16 and 1 <= encoding <= 27 and 1000 <= rate <= 400_000 and 1 <= channels <= 256
    return "audio/basic" if fits else None


def aiff(head: bytes) -> str | None:
    """The size of the whole holds that of its first chunk (AIFF 1.3)."""
    if len(head) < 20 or not is_binary(head[4:8]) or not is_binary(head[16:20]):
        return None
    whole, form, chunk, size = unpack_from(">I4s4sI", head, 4)
    fits = form in (b"AIFF", b"AIFC") and whole >= 12 and size <= whole and chunk.isascii()
    return "audio/aiff" if fits else None


def amr(head: bytes) -> str | None:
    """The first frame's mode exists, and its padding is zeros (RFC 4867 §5.3)."""
    start = len(AMR_WIDE) if head.startswith(AMR_WIDE) else len(AMR)
    first = head[start : start + 1]
    if not first or first[0] & 0x83 or not is_binary(head):
        return None
    mode = first[0] >> 3 & 15
    return "audio/amr" if mode in AMR_MODES else None


def is_binary(data: bytes) -> bool:
    return _BINARY.search(data) is not None
