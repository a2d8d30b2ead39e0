"""Cue texts: styles that stay, all else that goes, and text that is nothing but text."""

import re
import struct
import time

import pytest

from processors.media.cues import LONGEST, cue_text


def timed(text: str, *styles: tuple[int, int, int], encoding: str = "utf-8") -> bytes:
    raw = text.encode(encoding)
    entries = b"".join(struct.pack(">HHHBBI", start, end, 1, face, 18, 0) for start, end, face in styles)
    box = struct.pack(">I4sH", 10 + len(entries), b"styl", len(styles)) + entries if styles else b""
    return struct.pack(">H", len(raw)) + raw + box


@pytest.mark.parametrize(
    ("codec", "data", "text"),
    [
        ("subrip", b"Hello", "Hello"),
        ("subrip", b"One\r\nTwo\rThree", "One\nTwo\nThree"),
        ("subrip", b"<i>a</i> <b><u>b</u></b>", "<i>a</i> <b><u>b</u></b>"),
        ("subrip", b'<font color="#ff0000">red</font>', "red"),
        ("subrip", b"<I>loud</I>", "<i>loud</i>"),
        ("subrip", b"<i>never closed", "<i>never closed</i>"),
        ("subrip", b"closed</i> only", "closed only"),
        ("subrip", b"<b><i>crossed</b></i>", "<b><i>crossed</i></b><i></i>"),
        ("subrip", b"1 < 2 && 3 > 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
        ("subrip", b"a &amp; b", "a &amp;amp; b"),
        ("subrip", b"00:01 --> 00:02", "00:01 --&gt; 00:02"),
        ("subrip", b"a\n\n\nb", "a\nb"),
        ("subrip", b"a\0b\xff", "a\ufffdb\ufffd"),
        ("subrip", b" \n ", ""),
        ("subrip", b"<i> </i>", ""),
        ("webvtt", b"a &amp; b &lt;c&gt; <v Tom>hi</v>", "a &amp; b &lt;c&gt; hi"),
        ("webvtt", b"<c.red>x</c><00:00:01.000>y", "xy"),
        ("webvtt", b"<i>&nbsp;&lrm;x</i>", "<i>\u00a0\u200ex</i>"),
        ("ass", b"0,0,Default,,0,0,0,,Plain, with a comma", "Plain, with a comma"),
        ("ass", rb"0,0,Default,,0,0,0,,Two\Nlines\nthree\hwords", "Two\nlines\nthree\u00a0words"),
        ("ass", rb"0,0,Default,,0,0,0,,{\i1}so{\i0} {\b700\an8}it{\b0} goes", "<i>so</i> <b>it</b> goes"),
        ("ass", rb"0,0,Default,,0,0,0,,{\p1}m 0 0 l 100 0{\p0}seen", "seen"),
        ("ass", rb"0,0,Default,,0,0,0,,{comment}a <b> & c", "a &lt;b&gt; &amp; c"),
        ("ass", b"no fields", "no fields"),
        ("mov_text", timed("Hello"), "Hello"),
        ("mov_text", timed("")[:2], ""),
        ("mov_text", timed("so it goes", (3, 5, 2), (6, 10, 1)), "so <i>it</i> <b>goes</b>"),
        ("mov_text", timed("both", (0, 4, 7)), "<b><i><u>both</u></i></b>"),
        ("mov_text", timed("wide \u00e9", encoding="utf-16"), "wide \u00e9"),
        ("mov_text", timed("off", (2, 99, 1), (1, 0, 1)), "off"),
        ("mov_text", b"\xff\xffshort", "short"),
        ("mov_text", timed("x") + b"\0\0\0\0styl\xff\xff", "x"),
        ("mov_text", b"", ""),
    ],
)
def test_each_sort_of_subtitles_becomes_webvtt(codec: str, data: bytes, text: str) -> None:
    assert cue_text(codec, data) == text


HOSTILE = [
    "\n\n00:00.000 --> 99:00.000\nmine",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "<b onclick=x>y</b>",
    "<<i>b>",
    "{\\i1}{\\i1}{\\b1}}{{\\p9999999999999999999999}",
    "&lt;script&gt;&amp;lt;",
    "<" * 5000,
    "{" * 5000,
    "\u2028\u2029\x0b\x0c\x85",
    "STYLE\n::cue {}\n\nNOTE x",
]
SAFE = re.compile(r"(?:[^<>&\n]|&(?:amp|lt|gt);|</?[biu]>|\n(?!\n|$))*")


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("codec", ["subrip", "webvtt", "ass", "mov_text"])
def test_no_text_ends_its_cue_or_is_anything_but_text_and_three_tags(codec: str, text: str) -> None:
    data = timed(text, (0, 3, 7)) if codec == "mov_text" else text.encode()
    assert SAFE.fullmatch(cue_text(codec, data))


def test_a_text_is_not_endless() -> None:
    assert len(cue_text("subrip", b"x" * 1_000_000)) == LONGEST


@pytest.mark.parametrize(
    ("codec", "data"),
    [("mov_text", bytes(50 << 20)), ("subrip", b"<" + b"a" * LONGEST), ("webvtt", b"<1" + b":" * LONGEST)],
)
def test_no_text_takes_longer_than_its_length_is_worth(codec: str, data: bytes) -> None:
    started = time.process_time()
    cue_text(codec, data)
    assert time.process_time() - started < 0.3
