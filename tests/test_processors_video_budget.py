"""What would not fit is made in another way, or refused before it begins, with the figures."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.codeccontext import VideoCodecContext

from processors.base import Rejected, Report
from processors.media.memory import MIB
from processors.video import VideoProcessor, models
from processors.video.budget import Budget, Way
from processors.video.colour import BT709, Colour
from processors.video.encoders import ENCODERS
from processors.video.encoding import Order
from processors.video.look import Look
from processors.webp import Size
from processors.work import run_alone
from tests.films import film, still

SD, HD, FULL_HD, UHD = (854, 480), (1280, 720), (1920, 1080), (3840, 2160)
PQ = 16


def codec(size: Size, name: str = "mpeg4", pix_fmt: str = "yuv420p") -> VideoCodecContext:
    context = av.CodecContext.create(name, "r")
    assert isinstance(context, VideoCodecContext)
    (context.width, context.height), context.pix_fmt = size, pix_fmt
    return context


def budget(size: Size = FULL_HD, most_mib: int = 200, *, transfer: int = BT709, **settings: object) -> Budget:
    look = Look(size, 0, Colour(BT709, transfer, BT709), 8, Fraction(25), is_interlaced=False, is_rgb=False)
    order = Order(look, models.Transcode.model_validate(settings), "transcode")
    return Budget(codec(size), order, most_mib * MIB)


def ways(given: Budget, *sizes: Size) -> Sequence[tuple[int, int, bool]]:
    """For each decoding: how many sizes, which of the thrifts, and whether with small pages and one thread."""
    return [(len(way.sizes), given.encoder.thrifts.index(way.thrift), way.is_lean) for way in given.ways(list(sizes))]


def test_where_there_is_room_nothing_is_given_up() -> None:
    assert ways(budget(), HD) == [(1, 0, False)]
    assert ways(budget(most_mib=960), HD) == [(1, 0, False)]


def test_what_the_operator_allows_is_taken_only_where_the_usual_is_not_enough() -> None:
    """And before an encoder gives up all that makes its files small."""
    assert ways(budget(most_mib=960), FULL_HD, HD, SD) == ways(budget(most_mib=200), FULL_HD, HD, SD)
    assert ways(budget(most_mib=960, video="hevc"), FULL_HD) == [(1, 1, True)]
    assert ways(budget(most_mib=200, video="hevc"), FULL_HD) == [(1, 2, True)]
    assert ways(budget(UHD, 960), UHD, HD) == [(2, 1, True)]


def test_time_is_given_up_before_bytes_are() -> None:
    assert ways(budget(most_mib=160), HD) == [(1, 0, True)]
    assert ways(budget(most_mib=140), HD) == [(1, 1, True)]
    assert ways(budget(most_mib=120), HD) == [(1, 2, True)]


def test_sizes_that_do_not_fit_together_are_made_one_after_the_other() -> None:
    given = budget()
    assert ways(given, FULL_HD, HD, SD) == [(1, 1, True), (2, 0, True)]
    assert [size for way in given.ways([FULL_HD, HD, SD]) for size in way.sizes] == [FULL_HD, HD, SD]


@pytest.mark.parametrize(("video", "size"), [("h264", FULL_HD), ("hevc", FULL_HD), ("av1", FULL_HD), ("vp9", HD)])
@pytest.mark.parametrize("preset", ["fast", "balanced", "small"])
def test_every_codec_makes_usual_sizes_within_the_usual_limit(video: str, preset: str, size: Size) -> None:
    assert len(budget(video=video, preset=preset).ways([size])) == 1


@pytest.mark.parametrize("video", ENCODERS)
def test_an_operator_can_have_4k_from_4k(video: str) -> None:
    with pytest.raises(Rejected):
        budget(UHD, video=video).ways([UHD])
    assert len(budget(UHD, 960, video=video).ways([UHD])) == 1


def test_a_refusal_tells_the_figures_and_the_way_out() -> None:
    with pytest.raises(Rejected) as told:
        budget(UHD).ways([UHD])
    assert told.value.code == "limit_exceeded"
    assert told.value.detail.startswith(
        "To encode 3,840 x 2,160 pixels would take about 309 MiB of memory, and 200 are the most: "
        "35 for 3 decoded pictures, 208 for the encoder's."
    )
    assert "DROPOFF_VIDEO_MEMORY_MIB" in told.value.detail


def test_what_a_refusal_asks_for_is_enough() -> None:
    assert ways(budget(UHD, 309), UHD) == [(1, 2, True)]


def test_hdr_that_becomes_sdr_has_tables_besides() -> None:
    way = Way([HD], ENCODERS["h264"].thrifts[0], is_lean=True)
    kept, made = (budget(transfer=PQ, tonemap=tonemap).need(way).total for tonemap in ("off", "auto"))
    assert made - kept == 24 * MIB


def test_each_pixel_and_each_encoder_counts() -> None:
    thrift = ENCODERS["h264"].thrifts[1]
    one, two, large = (
        budget().need(Way(sizes, thrift, is_lean=True)).encoding for sizes in ([SD], [SD, SD], [(1708, 480)])
    )
    assert two == 2 * one
    assert one < large < two


@pytest.mark.parametrize("params", [{"transcode": {"heights": [4320]}}, {"hls": {"ladder": [4320, 2160]}}])
def test_a_job_hears_it_before_a_frame_is_encoded(params: dict[str, object], tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", still((7680, 4320)), 1, "mjpeg", "yuvj420p")
    with pytest.raises(Rejected, match="Ask for lower heights"):
        run_alone(VideoProcessor(memory_mib=200), path, {"operations": ["probe"], **params}, scratch=tmp_path)


def test_a_job_that_would_fail_for_it_does_so_before_its_other_work(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", still((7680, 4320)), 1, "mjpeg", "yuvj420p")
    reports: list[Report] = []
    params = {"transcode": {"heights": [4320], "loudness": -16}}
    with pytest.raises(Rejected, match="Ask for lower heights"):
        run_alone(VideoProcessor(memory_mib=200), path, params, scratch=tmp_path, on_report=reports.append)
    assert {report.stage for report in reports} == {"probe"}


@pytest.mark.parametrize(
    "params", [{"transcode": {"heights": [128, 64]}}, {"hls": {"ladder": [128, 64], "segment_s": 1}}]
)
def test_files_are_the_same_however_often_the_film_was_decoded_for_them(
    params: dict[str, object], tmp_path: Path
) -> None:
    path = film(tmp_path / "a.avi", still(), 60, "mpeg4")
    made = []
    for memory_mib in (200, 80):
        scratch = tmp_path / str(memory_mib)
        scratch.mkdir()
        reports: list[Report] = []
        processor = VideoProcessor(memory_mib=memory_mib)
        run_alone(processor, path, {"operations": ["probe"], **params}, scratch=scratch, on_report=reports.append)
        done = [report.done for report in reports if report.total]
        assert done == sorted(done)
        made.append({file.name: file.read_bytes() for file in (scratch / "out").iterdir()})
    assert made[0] == made[1]
    assert len(made[0]) >= 2
