"""A file that browsers play, of a film that can't be copied as it is: only what must be is encoded."""

from pathlib import Path

from processors.base import Rejected
from processors.media.opening import choose_video, decoding
from processors.media.playable import MP4
from processors.media.source import Source
from processors.media.tags import of_the_film
from processors.media.writing import Kind, create
from processors.video import copying, models
from processors.video.encoding import Order
from processors.video.ladder import rungs
from processors.video.look import Look
from processors.video.production import produce
from processors.video.soundtrack import Encoded, first_sound
from processors.webp import Size

ENCODING = 0.9  # of the work; the rest is bringing the index to the beginning


def encode_sound(source: Source, stage: str, path: Path, kind: Kind, strip_metadata: bool) -> None:
    """The picture is copied, the sound is encoded. Raises `Rejected`."""
    with decoding(), source.open() as container:
        video, sound = choose_video(container, source.limits), first_sound(container)
        if video is None or sound is None:
            raise Rejected("unsupported_input", "The sound's codec is not supported.")

        def report(done: float | None) -> None:
            source.plan.report(stage, None if done is None else done * ENCODING)

        with create(path, kind) as output:
            output.metadata.update(of_the_film(container, strip_metadata))
            track = Encoded(sound, "opus" if kind == "webm" else "aac")
            copying.copy(source, container, video, track, output, report)
    if kind == "mp4":
        source.bring_index_first(path, stage, ENCODING)


def encode_picture(source: Source, stage: str, path: Path, kind: Kind, look: Look, strip_metadata: bool) -> Size:
    """The picture is encoded as H.264; the sound is copied where browsers play it in MP4. Returns the size."""
    with source.open() as container:
        sound = first_sound(container)
        is_played = sound is not None and sound.codec_context.codec.canonical_name in MP4
        tags = of_the_film(container, strip_metadata)
    height = min(look.display)
    ((_, size),) = rungs(look.display, [height])
    settings = models.Transcode(heights=(height,), audio="copy" if is_played else "aac")
    with create(path, kind) as output:
        output.metadata.update(tags)
        produce(source, Order(look, settings, stage, until=ENCODING), [size], lambda _size: output)
    if kind == "mp4":
        source.bring_index_first(path, stage, ENCODING)
    return size
