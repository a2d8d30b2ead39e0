"""The video kind: what is in a film, a frame worth showing, and nothing but the film ever opened."""

import http.server
import struct
import subprocess
import threading
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import count, groupby
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageStat
from pydantic import ValidationError

from processors.base import AnyProcessor, Rejected, RejectionCode, Report
from processors.media.models import MAX_PIXELS, VideoStream
from processors.registry import load
from processors.video import VideoProcessor
from processors.video.models import VideoParams, VideoResult
from processors.video.pipeline import OF_PICTURES, WEIGHTS
from processors.work import FileWork, Finished, run_alone
from tests.architecture import REPOSITORY
from tests.contracts.processor import ProcessorContract
from tests.films import RATE, black, film, noise, shades, still
from tests.hostile import ends
from tests.hostile_boxes import box, rewritten
from tests.pictures import BLUE, GREEN, RED, WHITE, corners, quarters
from tests.programs import require
from tests.rendering import close

CLIP = REPOSITORY / "samples" / "clip.mp4"


@pytest.fixture(scope="module")
def processor() -> AnyProcessor:
    return load(["video"])["video"]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    folder = tmp_path_factory.mktemp("films")
    return [CLIP, film(folder / "short.mp4", still(), 10), film(folder / "short.webm", still(), 10, "libvpx")]


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Sequence[tuple[bytes, RejectionCode]]:
    folder = tmp_path_factory.mktemp("bad")
    whole = film(folder / "whole.mp4", still(), 10).read_bytes()
    return [
        (b"", "corrupt_input"),
        (b"not a video, but text", "corrupt_input"),
        (b"ffconcat version 1.0\nfile 'other.mp4'\n", "unsupported_input"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "unsupported_input"),
        (whole[: len(whole) // 2], "corrupt_input"),
        (film(folder / "rare.avi", still(), 3, "huffyuv", "yuv422p").read_bytes(), "unsupported_input"),
    ]


class TestVideoContract(ProcessorContract):
    module = "processors.video"


def process(path: Path, scratch: Path, params: Mapping[str, Any] | None = None) -> tuple[VideoResult, Finished]:
    finished = run_alone(VideoProcessor(), path, params, scratch=scratch)
    assert isinstance(finished.result, VideoResult)
    return finished.result, finished


def shown(result: VideoResult) -> VideoStream:
    assert result.video is not None
    return result.video


def poster_at(result: VideoResult) -> float:
    assert result.poster is not None
    assert result.poster.at is not None
    return result.poster.at


def poster(scratch: Path) -> Image.Image:
    with Image.open(scratch / "out" / "poster.webp") as image:
        return image.convert("RGB")


# -- probe


def test_the_sample_is_described_as_it_was_made(tmp_path: Path) -> None:
    result, finished = process(CLIP, tmp_path)
    assert result.container == "QuickTime / MOV"
    assert (shown(result).codec, shown(result).width, shown(result).height) == ("h264", 640, 360)
    assert (shown(result).frame_rate, shown(result).rotation, shown(result).pixel_format) == (30.0, 0, "yuv420p")
    assert result.duration == pytest.approx(3.0, abs=0.05)
    (audio,) = result.audio
    assert (audio.codec, audio.sample_rate, audio.channels, audio.layout) == ("aac", 48_000, 1, "mono")
    assert result.warnings == []
    assert finished.outputs[0].attributes == {"width": 640, "height": 360}


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "told"),
    [
        ("a.mp4", "libx264", "yuv420p", ("h264", "yuv420p")),
        ("a.mp4", "libx265", "yuv420p10le", ("hevc", "yuv420p10le")),
        ("a.mp4", "libsvtav1", "yuv420p", ("av1", "yuv420p")),
        ("a.webm", "libvpx-vp9", "yuv420p", ("vp9", "yuv420p")),
        ("a.mkv", "libvpx", "yuv420p", ("vp8", "yuv420p")),
        ("a.avi", "mpeg4", "yuv420p", ("mpeg4", "yuv420p")),
        ("a.mpg", "mpeg2video", "yuv420p", ("mpeg2video", "yuv420p")),
        ("a.ts", "mpeg2video", "yuv422p", ("mpeg2video", "yuv422p")),
        ("a.mov", "prores_ks", "yuv422p10le", ("prores", "yuv422p10le")),
        ("a.avi", "mjpeg", "yuvj444p", ("mjpeg", "yuvj444p")),
    ],
)
def test_every_codec_and_container_that_is_offered_gives_a_poster_in_the_right_colours(
    name: str, codec: str, pix_fmt: str, told: tuple[str, str], tmp_path: Path
) -> None:
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    path = film(tmp_path / name, still(), 12, codec, pix_fmt, options=options)
    result, _ = process(path, tmp_path)
    assert (shown(result).codec, shown(result).pixel_format) == told
    assert (shown(result).width, shown(result).height) == (192, 128)
    assert close(corners(poster(tmp_path)), [RED, GREEN, BLUE, WHITE], 40)


@pytest.mark.parametrize(("anticlockwise", "clockwise"), [(-90, 90), (90, 270), (180, 180)])
def test_a_film_on_its_side_is_shown_upright(anticlockwise: int, clockwise: int, tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still(), 10, rotation=anticlockwise)
    result, _ = process(path, tmp_path)
    assert shown(result).rotation == clockwise
    expected = quarters((192, 128)).rotate(anticlockwise, expand=True)
    assert (shown(result).width, shown(result).height) == expected.size
    assert close(corners(poster(tmp_path)), corners(expected), 40)


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still((160, 120)), 10, aspect=Fraction(16, 11))
    result, _ = process(path, tmp_path)
    assert (shown(result).width, shown(result).height) == (233, 120)
    assert poster(tmp_path).size == (233, 120)


@pytest.mark.parametrize("operation", ["poster", "storyboard", "preview", "transcode", "hls"])
def test_pixels_so_narrow_that_nothing_would_be_left_make_a_picture_one_pixel_wide(
    operation: str, tmp_path: Path
) -> None:
    path = film(tmp_path / "a.mp4", still(), 10)
    narrow = box(b"pasp", struct.pack(">II", 1, 30_000))
    path.write_bytes(rewritten(path.read_bytes(), b"stsd", lambda old: old[:8] + box(b"avc1", old[16:] + narrow)))
    result, _ = process(path, tmp_path, {"operations": ["probe", operation]})
    assert (shown(result).width, shown(result).height) == (1, 128)


def test_subtitles_and_attachments_are_mentioned_and_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(film(tmp_path / "b.mp4", still(), 5))) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        target.add_attachment("font.ttf", "application/x-truetype-font", b"not really")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    result, _ = process(path, tmp_path)
    assert result.other_streams == ["attachment"]


# -- poster


def brightness(image: Image.Image) -> float:
    return ImageStat.Stat(image.convert("L")).mean[0]


@pytest.mark.parametrize("gop", ["10", "1000"])
def test_a_film_that_begins_black_is_not_shown_black(gop: str, tmp_path: Path) -> None:
    """With keyframes in the light, and with a single one, in the dark."""
    path = film(tmp_path / "a.mp4", lambda n: black(n) if n < 60 else noise(n), 150, options={"g": gop})
    result, _ = process(path, tmp_path)
    assert poster_at(result) is not None
    assert poster_at(result) >= 60 / RATE
    assert brightness(poster(tmp_path)) > 60


def test_a_film_that_is_black_throughout_is_shown_as_it_is(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", black)
    process(path, tmp_path)
    assert brightness(poster(tmp_path)) < 3


@pytest.mark.parametrize(("seconds", "gop"), [(0.0, "250"), (2.0, "250"), (2.0, "5"), (3.96, "250"), (99.0, "250")])
def test_the_second_that_is_asked_for_is_shown(seconds: float, gop: str, tmp_path: Path) -> None:
    """Each frame of this film has its own shade, so the poster tells which one it is."""
    path = film(tmp_path / "a.mp4", shades, 100, options={"g": gop})
    result, _ = process(path, tmp_path, {"poster": {"at": seconds}})
    expected = min(round(seconds * RATE), 99)
    assert poster_at(result) == pytest.approx(expected / RATE, abs=0.001)
    assert brightness(poster(tmp_path)) == pytest.approx(expected * 2, abs=2.5)


@pytest.mark.parametrize(("width", "size"), [(1280, (192, 128)), (96, (96, 64)), (16, (16, 11))])
def test_the_poster_is_as_wide_as_asked_and_never_enlarged(width: int, size: tuple[int, int], tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still(), 5)
    _, finished = process(path, tmp_path, {"poster": {"width": width}})
    assert poster(tmp_path).size == size
    assert (finished.outputs[0].attributes["width"], finished.outputs[0].attributes["height"]) == size


@pytest.mark.parametrize(
    "params", [{"poster": {"at": -1}}, {"poster": {"width": 0}}, {"poster": {"width": 5000}}, {"poster": True}]
)
def test_params_out_of_range_are_refused(params: Mapping[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VideoParams.model_validate(params)


def test_progress_is_weighted_and_ends_whole(tmp_path: Path) -> None:
    reports: list[Report] = []
    run_alone(VideoProcessor(), CLIP, scratch=tmp_path, on_report=reports.append)
    assert {report.unit for report in reports if report.total} == {"%"}
    assert {report.total for report in reports} <= {None, 100}


def test_stages_come_in_the_order_of_their_weights_and_each_begins_where_the_one_before_ended(tmp_path: Path) -> None:
    """Asked at every report, even one that isn't sent."""
    reports: list[Report] = []
    params = {"operations": ["poster", "storyboard", "preview"]}
    with CLIP.open("rb") as file:
        work = FileWork(
            params=VideoParams.model_validate(params),
            name="clip.mp4",
            media_type="video/mp4",
            size=CLIP.stat().st_size,
            scratch=tmp_path,
            descriptor=file.fileno(),
            on_report=reports.append,
            clock=count(0, 10).__next__,
        )
        VideoProcessor().process(work)
    stages = [stage for stage, _ in groupby(report.stage for report in reports)]
    assert stages == [stage for stage in WEIGHTS if stage in stages]
    done = {stage: [one.done for one in reports if one.stage == stage and one.total] for stage in stages}
    total = sum(WEIGHTS[stage] for stage in ("probe", *OF_PICTURES[:3]))
    assert done["storyboard"][0] < 100 * WEIGHTS["storyboard"] / total
    assert done["preview"][0] == pytest.approx(100 * (total - WEIGHTS["preview"]) / total)


def test_a_film_without_a_single_decodable_frame_is_rejected(tmp_path: Path) -> None:
    """The header stays, the pictures are overwritten."""
    path = film(tmp_path / "a.mp4", noise, 20, container_options={"movflags": "+faststart"})
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = b"\xff" * (len(data) - start)
    path.write_bytes(data)
    with pytest.raises(Rejected) as rejected:
        process(path, tmp_path)
    assert rejected.value.code == "corrupt_input"


def test_a_frame_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv", still((8_000, 5_120)), 1, options={"preset": "ultrafast"})
    with pytest.raises(Rejected) as rejected:
        process(path, tmp_path)
    assert rejected.value.code == "limit_exceeded"
    assert f"{MAX_PIXELS:,}" in rejected.value.detail


def test_a_table_that_asks_for_gigabytes_is_a_rejection_and_no_crash(tmp_path: Path) -> None:
    """Three thousand million time stamps, in a file of two kilobytes."""
    path = film(tmp_path / "a.mp4", still(), 4, container_options={"movflags": "frag_keyframe+empty_moov"})
    data = path.read_bytes()
    assert b"stts" + bytes(8) in data
    path.write_bytes(data.replace(b"stts" + bytes(8), b"stts" + bytes(4) + b"\xb3\0\0\0"))
    with pytest.raises(Rejected) as rejected:
        process(path, tmp_path)
    assert rejected.value.code == "limit_exceeded"


# -- containment


@pytest.fixture
def listener() -> Any:
    """A web server on the loopback that remembers who came."""
    came: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server.server_address[1], came
        server.shutdown()
        thread.join()


def scripts(secret: Path, port: int) -> Mapping[str, str]:
    """What FFmpeg would follow if it were let."""
    url = f"http://127.0.0.1:{port}/a.ts"
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n"
    return {
        "hls-file": playlist.format(secret),
        "hls-relative": playlist.format(secret.name),
        "hls-http": playlist.format(url),
        "concat-file": f"ffconcat version 1.0\nfile '{secret}'\n",
        "concat-relative": f"ffconcat version 1.0\nfile {secret.name}\n",
        "concat-http": f"ffconcat version 1.0\nfile '{url}'\n",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "dash": f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{url}</BaseURL></MPD>',
    }


@pytest.mark.parametrize(
    "name", ["hls-file", "hls-relative", "hls-http", "concat-file", "concat-relative", "concat-http", "sdp", "dash"]
)
def test_no_playlist_or_script_is_ever_followed(name: str, listener: Any, tmp_path: Path) -> None:
    """Beside it lies a film that would be shown if it were."""
    port, came = listener
    secret = film(tmp_path / "secret.ts", still(), 5, "mpeg2video")
    path = tmp_path / "in.mp4"
    path.write_text(scripts(secret, port)[name])
    with pytest.raises(Rejected):
        process(path, tmp_path)
    assert came == []
    assert not (tmp_path / "out").exists()


def test_an_external_reference_inside_a_film_is_not_opened(tmp_path: Path) -> None:
    """QuickTime may say that its data lies in another file; the `url ` entry is pointed at one that exists."""
    secret = film(tmp_path / "secret.mov", still(), 5)
    path = tmp_path / "in.mov"
    data = film(tmp_path / "whole.mov", noise, 5).read_bytes()
    assert b"url \0\0\0\1" in data or b"alis\0\0\0\1" in data
    outside = data.replace(b"url \0\0\0\1", b"url \0\0\0\0").replace(b"alis\0\0\0\1", b"alis\0\0\0\0")
    path.write_bytes(outside)
    result, _ = process(path, tmp_path)
    assert (shown(result).width, shown(result).height) == (192, 128)
    assert not close(corners(poster(tmp_path)), [RED, GREEN, BLUE, WHITE], 40)
    assert secret.exists()


# -- the corpus


@pytest.mark.corpus
def test_every_hostile_video_ends_in_a_rejection_or_a_result_in_bounded_time(corpus: Path, tmp_path: Path) -> None:
    told = ends("video", sorted((corpus / "video" / "hostile").iterdir()), tmp_path)
    assert max(end.cpu_seconds for end in told.values()) < 5
    for name in ("big12k.mp4", "lie_dims.mp4"):
        assert told[name].code == "limit_exceeded"
    for name in ("mp_invalid_userdata.mp4", "mp_zero_empty_stsc.mp4", "mp_test_case_1185230.mp4"):
        assert (told[name].code, "Not a single frame" in told[name].detail) == ("corrupt_input", True)
    followed = {name for name, end in told.items() if end.code == "result" and ("_as" in name or "m3u8" in name)}
    assert followed == set()
    for name in ("vfr.mp4", "odd.mp4", "h265_10.mp4", "hdr10.mp4", "attach.mkv", "rot90.mov", "seg.ts", "big8k.mp4"):
        assert told[name].code == "result"
    assert "HDR" in str(told["hdr10.mp4"].result)
    assert "only sound" in str(told["audioonly.mp4"].result)


@pytest.mark.corpus
def test_every_ordinary_clip_of_the_corpus_agrees_with_ffprobe(corpus: Path, tmp_path: Path) -> None:
    paths = sorted((corpus / "video" / "clips").iterdir())
    told = ends("video", paths, tmp_path)
    assert told["outfoxing.mp3"].code == "result"
    require("ffprobe")
    ffprobe = ["ffprobe", "-v", "error", "-select_streams", "v", "-of", "csv=p=0", "-show_entries"]
    for path in (path for path in paths if path.suffix != ".mp3"):
        result = told[path.name].result
        assert result is not None
        entries = subprocess.check_output([*ffprobe, "stream=codec_name,height:format=duration", str(path)], text=True)
        codec, height, duration = entries.replace("\n", ",").split(",")[:3]
        assert (result["video"]["codec"], result["video"]["height"]) == (codec, int(height))
        assert result["duration"] == pytest.approx(float(duration), abs=0.1)
