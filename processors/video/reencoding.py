"""A file that browsers play, of a film that can't be copied as it is: only what must be is encoded."""

from contextlib import suppress
from pathlib import Path

from av.container import InputContainer

from processors.base import Rejected
from processors.media.faststart import NotMovable, bring_index_first
from processors.media.opening import choose_video, decoding
from processors.media.playable import MP4
from processors.media.source import Source
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
            output.metadata.update(_tags(container, strip_metadata))
            track = Encoded(sound, "opus" if kind == "webm" else "aac")
            copying.copy(source, container, video, track, output, report)
    _bring_index_first(source, stage, path, kind)


def encode_picture(source: Source, stage: str, path: Path, kind: Kind, look: Look, strip_metadata: bool) -> Size:
    """The picture is encoded as H.264; the sound is copied where browsers play it in MP4. Returns the size."""
    with source.open() as container:
        sound = first_sound(container)
        is_played = sound is not None and sound.codec_context.codec.canonical_name in MP4
        tags = _tags(container, strip_metadata)
    height = min(look.display)
    ((_, size),) = rungs(look.display, [height])
    settings = models.Transcode(heights=(height,), audio="copy" if is_played else "aac")
    with create(path, kind) as output:
        output.metadata.update(tags)
        produce(source, Order(look, settings, stage, until=ENCODING), [size], lambda _size: output)
    _bring_index_first(source, stage, path, kind)
    return size


def _tags(container: InputContainer, strip_metadata: bool) -> dict[str, str]:
    return {name: text for name, text in container.metadata.items() if not strip_metadata or name == "title"}


def _bring_index_first(source: Source, stage: str, path: Path, kind: Kind) -> None:
    def report(part: float) -> None:
        source.plan.report(stage, ENCODING + part * (1 - ENCODING), "index")

    if kind == "mp4":
        with suppress(NotMovable):
            bring_index_first(path, report)
