"""A film -> the same film in other sizes and codecs."""

from pathlib import Path

import av
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext

from processors.base import Rejected
from processors.media.loudness import gain_db, measure
from processors.media.source import Source
from processors.media.tags import chapters, of_the_film
from processors.video import external, models
from processors.video.budget import Budget
from processors.video.encoders import ENCODERS
from processors.video.encoding import Order, Written
from processors.video.ladder import rungs
from processors.video.look import Look
from processors.video.production import produce
from processors.video.soundtrack import first_sound, mixed
from processors.webp import Size

STAGE = "transcode"
MEASURING = 0.05  # of the work, where loudness is measured first
ENCODED = 0.95  # of the work; the rest brings the index of each file to its beginning
CONTAINER_OPTIONS = {"fflags": "+bitexact"}  # no random numbers are drawn for the names of segments and tracks


def check(source: Source, codec: VideoCodecContext, look: Look, settings: models.Transcode) -> None:
    """`codec` is the film's. Raises `Rejected` where it would take too much memory."""
    sizes = [size for _, size in rungs(look.display, settings.heights)]
    Budget(codec, Order(look, settings, STAGE), source.memory_bytes).ways(sizes)


def make(
    source: Source, look: Look, settings: models.Transcode, strip_metadata: bool, program: str = ""
) -> list[models.Transcoded]:
    """One file for each height, in that order; by `program`, where there is one. Raises `Rejected`."""
    suffix = ENCODERS[settings.video].suffix
    paths = {
        size: source.work.scratch / f"transcode-{height}p.{suffix}"
        for height, size in rungs(look.display, settings.heights)
    }
    with source.open() as container:
        tags, marks = of_the_film(container, strip_metadata), chapters(container)

    def create(size: Size) -> OutputContainer:
        output = av.open(str(paths[size]), "w", container_options=CONTAINER_OPTIONS)
        output.metadata.update(tags)
        output.set_chapters(marks)
        return output

    try:
        order = _order(source, look, settings)
        if program and external.can(order):
            written = external.produce(program, source, order, paths, tags)
        else:
            written = produce(source, order, list(paths), create)
        if suffix == "mp4":
            share = (1 - ENCODED) / len(paths)
            for number, path in enumerate(paths.values()):
                source.bring_index_first(path, STAGE, ENCODED + number * share, ENCODED + (number + 1) * share)
    except BaseException:
        for path in paths.values():
            path.unlink(missing_ok=True)
        raise
    source.plan.report(STAGE, 1.0, "written")
    return [_publish(source, path, one, settings) for path, one in zip(paths.values(), written, strict=True)]


def _order(source: Source, look: Look, settings: models.Transcode) -> Order:
    if settings.loudness is None or settings.audio == "none":
        return Order(look, settings, STAGE, until=ENCODED)
    with source.open() as container:
        stream = first_sound(container)
        if stream is None:
            return Order(look, settings, STAGE, until=ENCODED)
        try:
            heard = measure(source, stream, STAGE, MEASURING, mixed(stream))
        except Rejected as rejected:
            if rejected.code != "corrupt_input":
                raise
            source.note("The sound is damaged; its loudness was not changed.")
            return Order(look, settings, STAGE, begun=MEASURING, until=ENCODED)
    return Order(look, settings, STAGE, gain_db(heard, settings.loudness), MEASURING, ENCODED)


def _publish(source: Source, path: Path, written: Written, settings: models.Transcode) -> models.Transcoded:
    width, height = written.size
    seconds = round(written.seconds, 3)
    media_type = ENCODERS[settings.video].media_type
    output = source.publish(path, media_type, width=width, height=height, duration=seconds)
    return models.Transcoded(
        file=path.name,
        codec=settings.video,
        width=width,
        height=height,
        frames=written.frames,
        duration=seconds,
        bytes=output.stat().st_size,
    )
