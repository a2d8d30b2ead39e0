"""How many pictures a decoder keeps is read from the headers of films that real encoders wrote."""

from pathlib import Path

import av
import pytest
from av.video.codeccontext import VideoCodecContext

from processors.media import dpb
from tests.films import film, noise


def kept(path: Path) -> int:
    with av.open(str(path)) as container:
        return dpb.kept(container.streams.video[0].codec_context)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("references", [1, 4, 16])
def test_h264_keeps_its_references(references: int, name: str, tmp_path: Path) -> None:
    options = {"refs": str(references), "bf": "0", "preset": "medium"}
    assert kept(film(tmp_path / name, noise, 8, options=options)) == references


def test_h264_keeps_what_waits_for_its_turn_too(tmp_path: Path) -> None:
    options = {"refs": "3", "bf": "3", "x264-params": "b-pyramid=none"}
    assert kept(film(tmp_path / "a.mp4", noise, 8, options=options)) == 3 + 1


@pytest.mark.parametrize("pix_fmt", ["yuv444p10le", "yuv420p"])
@pytest.mark.parametrize("matrices", ["flat", "jvt"])
def test_scaling_matrices_and_chroma_are_read_over(matrices: str, pix_fmt: str, tmp_path: Path) -> None:
    options = {"refs": "5", "bf": "0", "x264-params": f"cqm={matrices}"}
    assert kept(film(tmp_path / "a.mp4", noise, 8, pix_fmt=pix_fmt, options=options)) == 5


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize(("params", "pictures"), [("ref=1:bframes=0", 3), ("ref=4:bframes=3:b-pyramid=1", 5)])
def test_hevc_keeps_what_it_says(params: str, pictures: int, name: str, tmp_path: Path) -> None:
    options = {"x265-params": f"log-level=none:{params}"}
    assert kept(film(tmp_path / name, noise, 8, "libx265", options=options)) == pictures


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "pictures"),
    [
        ("a.webm", "libvpx-vp9", "yuv420p", 8),
        ("a.webm", "libvpx", "yuv420p", 3),
        ("a.avi", "mjpeg", "yuvj420p", 0),
        ("a.avi", "mpeg4", "yuv420p", 2),
    ],
)
def test_of_others_the_format_says_it(name: str, codec: str, pix_fmt: str, pictures: int, tmp_path: Path) -> None:
    assert kept(film(tmp_path / name, noise, 3, codec, pix_fmt)) == pictures


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_headers_that_cannot_be_read_promise_nothing(codec: str, tmp_path: Path) -> None:
    """Wherever they are cut off, and whatever stands in them."""
    path = film(tmp_path / "a.mp4", noise, 2, f"libx{codec[1:]}" if codec == "h264" else "libx265")
    with av.open(str(path)) as container:
        headers = container.streams.video[0].codec_context.extradata
    assert headers
    for length in range(0, len(headers), 3):
        for filling in (b"", b"\0" * 100, b"\xff" * 100):
            context = av.CodecContext.create(codec, "r")
            assert isinstance(context, VideoCodecContext)
            context.extradata = headers[:length] + filling
            assert 0 <= dpb.kept(context) <= 2 * dpb.MOST
