"""Everything that a file can try on FFmpeg, by name; `Bait` is what must never be read or called."""

import http.server
import io
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.films import film, still
from tests.hostile_boxes import BOXES, EDIT, alias, elsewhere, full_box, full_of, rewritten
from tests.hostile_ebml import ebml, jpeg
from tests.small_media import FILMS, SOUNDS, made

SENTINEL = "sentinel-4f1c"  # in the name of each bait, and in what is read from it

Make = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Bait:
    """A folder with files that a naive FFmpeg would show, and a server on the loopback that remembers who came."""

    folder: Path
    port: int
    came: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{SENTINEL}"


@contextmanager
def bait(folder: Path) -> Iterator[Bait]:
    for name in ("ts", "mkv", "mov"):
        film(folder / f"{SENTINEL}.{name}", still(), 5, "mpeg2video" if name == "ts" else "libx264")
    (folder / f"{SENTINEL}.txt").write_text(SENTINEL)
    came: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield Bait(folder, server.server_address[1], came)
        finally:
            server.shutdown()
            thread.join()


def scripts(bait: Bait) -> Mapping[str, Make]:
    """Texts that FFmpeg takes for a film made of other files."""
    absolute, relative = f"{bait.folder}/{SENTINEL}", SENTINEL
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n{}#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
    urls = {
        "absolute": f"{absolute}.ts",
        "relative": f"{relative}.ts",
        "http": f"{bait.url}.ts",
        "file": f"file://{absolute}.ts",
        "crypto": f"crypto+file://{absolute}.ts",
        "concat": f"concat:{absolute}.ts|{bait.url}.ts",
        "subfile": f"subfile,,start,0,end,9,,:{absolute}.ts",
        "data": "data:video/mp2t;base64,R0AR",
    }
    keys = f'#EXT-X-KEY:METHOD=AES-128,URI="{bait.url}.key",IV=0x0\n#EXT-X-MAP:URI="{absolute}.mov"\n'
    texts = {
        **{f"a playlist, {how}": playlist.format("", url) for how, url in urls.items()},
        "a playlist with keys": playlist.format(keys, f"{relative}.ts"),
        "a playlist of playlists": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{bait.url}.m3u8\n",
        "a playlist after an ID3 tag": "ID3\4\0\0\0\0\0\0" + playlist.format("", urls["absolute"]),
        **{f"a script, {how}": f"ffconcat version 1.0\nfile '{url}'\n" for how, url in urls.items()},
        "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {bait.port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "DASH": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{bait.url}</BaseURL></MPD>',
        "IMF": f'<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"><Id>{bait.url}</Id>',
        "SVG": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{bait.url}.png"/></svg>',
        "a RAM": f"rtsp://127.0.0.1:{bait.port}/{SENTINEL}\n",
        "an ASX": f'<asx version="3.0"><entry><ref href="{bait.url}"/></entry></asx>',
        "a subtitle index": f"# VobSub index file, v7\nsize: 720x576\nid: en, index: 0\nfile: {absolute}.sub\n",
        "a cue sheet": f'FILE "{absolute}.ts" BINARY\n TRACK 01 AUDIO\n INDEX 01 00:00:00\n',
        "metadata": ";FFMETADATA1\ntitle=x\n",
        "AviSynth": f'DirectShowSource("{absolute}.ts")\n',
    }
    return {name: text.encode for name, text in texts.items()}


def riff(sort: bytes, payload: bytes) -> bytes:
    return sort + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)


def riff_list(sort: bytes, *parts: bytes) -> bytes:
    return riff(b"LIST", sort + b"".join(parts))


def avi_with_subtitles(script: bytes) -> bytes:
    """Beside a film, a stream of text whose only packet is a file of its own (GAB2), and that a script."""
    head = struct.pack("<14I", 40_000, 0, 0, 0x10, 5, 0, 2, 0, 192, 128, 0, 0, 0, 0)
    fields = struct.pack("<IHHIIIIIIIIHHHH", 0, 0, 0, 0, 1, 25, 0, 5, 0, 0, 0, 0, 0, 192, 128)
    picture = struct.pack("<IiiHH4sIiiII", 40, 192, 128, 1, 24, b"MJPG", 192 * 128 * 3, 0, 0, 0, 0)
    film_stream = riff_list(b"strl", riff(b"strh", b"vidsMJPG" + fields), riff(b"strf", picture))
    text_stream = riff_list(b"strl", riff(b"strh", b"txts" + bytes(4) + fields), riff(b"strf", b""))
    packet = (
        b"GAB2\0\2\0"
        + struct.pack("<I", 4)
        + "x\0".encode("utf-16-le")
        + b"\4\0"
        + struct.pack("<I", len(script))
        + script
    )
    frames = b"".join(riff(b"00dc", jpeg(n)) for n in range(5))
    movie = riff_list(b"movi", riff(b"01tx", packet), frames)
    return riff(b"RIFF", b"AVI " + riff_list(b"hdrl", riff(b"avih", head), film_stream, text_stream) + movie)


def picture_by_url(url: str) -> bytes:
    """The body of an APIC frame of ID3 (2.4, 4.14) whose picture is elsewhere."""
    return b"\0-->\0\3\0" + url.encode()


def mp3_with_cover(url: str) -> bytes:
    body = picture_by_url(url)
    frame = b"APIC" + _syncsafe(len(body)) + b"\0\0" + body
    data = made("a.mp3")
    start = data.index(b"\xff\xfb") if data[:3] == b"ID3" else 0
    return b"ID3\4\0\0" + _syncsafe(len(frame)) + frame + data[start:]


def _syncsafe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def flac_with_cover(url: str) -> bytes:
    """After the stream's own block, a PICTURE (RFC 9639, 8.8) whose type says that it is elsewhere."""
    body = struct.pack(">I", 3) + struct.pack(">I", 3) + b"-->" + bytes(20) + struct.pack(">I", len(url)) + url.encode()
    data = made("a.flac")
    end = 4 + 4 + int.from_bytes(data[5:8], "big")
    return data[:4] + bytes([data[4] & 0x7F]) + data[5:end] + b"\6" + len(body).to_bytes(3, "big") + body + data[end:]


def flac_with_huge_cover() -> bytes:
    body = struct.pack(">II", 3, 9) + b"image/png" + bytes(20) + struct.pack(">I", 0x7FFFFFFF)
    data = made("a.flac")
    end = 8 + int.from_bytes(data[5:8], "big")
    return data[:end] + b"\6" + len(body).to_bytes(3, "big") + body + data[end:]


def png(width: int, height: int) -> bytes:
    """All black, in one bit a pixel: a few kilobytes."""
    packer, row = zlib.compressobj(9), bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row * 1000) for _ in range(height // 1000)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + sort + body + struct.pack(">I", zlib.crc32(sort + body)) for sort, body in chunks
    )


def transport(pids: range, payload: bytes = b"\0\0\1\xe0\0\0\x80\0\0" + b"\0" * 175) -> bytes:
    """One packet on each of these PIDs: each is a stream of its own."""
    return b"".join(struct.pack(">BHB", 0x47, 0x4000 | pid, 0x10) + payload for pid in pids)


def programs(count: int) -> bytes:
    """A program association table (ISO/IEC 13818-1, 2.4.4.3) over many sections."""
    packets = io.BytesIO()
    for start in range(0, count, 40):
        entries = b"".join(
            struct.pack(">HH", n % 65_535 + 1, 0xE000 | 0x20 + n % 8000) for n in range(start, start + 40)
        )
        section = b"\0" + struct.pack(">HHBBB", 0xB000 | len(entries) + 9, 1, 0xC1, start // 40 % 256, 255) + entries
        section += struct.pack(">I", _crc32(section))
        packets.write(b"\x47\x40\0\x10\0" + section.ljust(183, b"\xff"))
    return packets.getvalue()


def _crc32(data: bytes) -> int:
    """Of MPEG-2: neither reflected nor inverted, so zlib's won't do."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc >> 31 else crc << 1) & 0xFFFFFFFF
    return crc


def magicyuv() -> bytes:
    """A codec whose decoder had a hole (CVE-2026-8461), in a container that we take."""
    with TemporaryDirectory() as folder:
        return film(Path(folder, "a.avi"), still(), 3, "magicyuv", "yuv444p").read_bytes()


def part(name: str, which: int, parts: int) -> bytes:
    """One of so many equal ones, and all behind it if it isn't the first."""
    data = made(name)
    return data[len(data) * which // parts :] if which else data[: len(data) // parts]


def oddities(bait: Bait) -> Mapping[str, Make]:
    absolute = f"{bait.folder}/{SENTINEL}"
    script = f"ffconcat version 1.0\nfile {absolute}.ts\n".encode()
    playlist = f"#EXTM3U\n#EXTINF:9,\n{absolute}.ts\n#EXTINF:9,\n{bait.url}.ts\n".encode()
    return {
        "nothing": bytes,
        "a letter": lambda: b"x",
        "text": lambda: b"not a film, but text\n" * 100,
        "zeros": lambda: bytes(100_000),
        "ones": lambda: b"\xff" * 100_000,
        "a PNG of 900 megapixels": lambda: png(30_000, 30_000),
        "MagicYUV": magicyuv,
        "an AVI with a playlist for subtitles": lambda: avi_with_subtitles(playlist),
        "an AVI with a script for subtitles": lambda: avi_with_subtitles(script),
        "an AVI with subtitles": lambda: avi_with_subtitles(b"1\n00:00:00,000 --> 00:00:01,000\nHm.\n"),
        "an MP3 with a cover elsewhere": lambda: mp3_with_cover(f"{bait.url}.jpg"),
        "an MP3 with a cover in a file": lambda: mp3_with_cover(f"file://{absolute}.mov"),
        "a FLAC with a cover elsewhere": lambda: flac_with_cover(f"{bait.url}.jpg"),
        "a FLAC with a cover of 2 gigabytes": flac_with_huge_cover,
        "an MP4 with its samples elsewhere": lambda: elsewhere(full_box(b"url ", f"file://{absolute}.mov\0".encode())),
        "an MP4 with its samples on the net": lambda: elsewhere(full_box(b"url ", f"{bait.url}.mov\0".encode())),
        "an MP4 with an alias": lambda: elsewhere(alias(f"{absolute}.mov")),
        "8,000 streams of MPEG": lambda: transport(range(32, 8000)) * 2,
        "1,000 programs": lambda: programs(1_000) + made("a.ts"),
        "an MPEG file within a playlist": lambda: playlist + made("a.ts"),
        "a film after a film of another sort": lambda: made("a.ts") + made("a.mp4"),
        **{f"half of {name}": partial(part, name, 0, 2) for name in (*FILMS, *SOUNDS)},
        **{f"the rear of {name}": partial(part, name, 1, 3) for name in (*FILMS, *SOUNDS)},
    }


# What FFmpeg works on for long, or takes much memory for, before it gives the first packet.
GREEDY: Mapping[str, Make] = {
    "20,000 programs": lambda: programs(20_000) + made("a.ts"),
    "a million edits": lambda: rewritten(made("a.mp4"), b"elst", full_of(EDIT * 1_000_000, count=1_000_000)),
}


def hostile(bait: Bait) -> Mapping[str, Make]:
    """All of them."""
    return {**scripts(bait), **oddities(bait), **BOXES, **ebml(f"{bait.folder}/{SENTINEL}", bait.url)}
