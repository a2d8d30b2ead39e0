"""What would not fit into a cell is refused before it begins, with the figures."""

from pathlib import Path

import av
import pytest
from av.video.codeccontext import VideoCodecContext

from processors.base import Rejected
from processors.video import VideoProcessor, budget
from processors.video.encoders import ENCODERS
from processors.webp import Size
from processors.work import run_alone
from tests.films import film, still


def codec(width: int, height: int, name: str = "mpeg4", pix_fmt: str = "yuv420p") -> VideoCodecContext:
    context = av.CodecContext.create(name, "r")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, pix_fmt
    return context


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160)])
def test_every_codec_makes_a_film_as_large_as_4k_from_one_of_that_size(size: Size, encoder: str) -> None:
    budget.check(codec(3840, 2160), ENCODERS[encoder], [size])  # type: ignore[index] # its keys are its own


def test_8k_can_be_made_small_but_not_in_its_own_size() -> None:
    film_8k = codec(7680, 4320)
    budget.check(film_8k, ENCODERS["h264"], [(1920, 1080)])
    with pytest.raises(
        Rejected, match=r"about 1,\d\d\d MiB of memory, and 960 are the most: \d+ for 5 decoded"
    ) as told:
        budget.check(film_8k, ENCODERS["h264"], [(7680, 4320)])
    assert told.value.code == "limit_exceeded"


def test_all_sizes_count_together() -> None:
    with pytest.raises(Rejected):
        budget.check(codec(3840, 2160), ENCODERS["hevc"], [(3840, 2160), (2560, 1440)])


@pytest.mark.parametrize("params", [{"transcode": {"heights": [4320]}}, {"hls": {"ladder": [4320, 2160]}}])
def test_a_job_hears_it_before_a_frame_is_encoded(params: dict[str, object], tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", still((7680, 4320)), 1, "mjpeg", "yuvj420p")
    with pytest.raises(Rejected, match="Ask for lower heights"):
        run_alone(VideoProcessor(), path, {"operations": ["probe"], **params}, scratch=tmp_path)
