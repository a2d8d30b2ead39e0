"""The picture that a sound carries."""

from collections.abc import Iterator

from av.container import InputContainer
from av.stream import Disposition, Stream

from processors import webp
from processors.base import Rejected
from processors.image import embedded
from processors.media.opening import demux, surviving
from processors.media.source import Source

WIDTH = 1280
QUALITY = 80
PACKETS_TO_LOOK_AT = 64  # FFmpeg tells the picture first


def make(source: Source) -> str | None:
    """The output `cover.webp`, if there is a picture that can be read; its name. A bad one is but a warning."""
    with source.open() as container:
        data = find(source, container)
    if data is None:
        return None
    try:
        image = embedded.read(data, WIDTH)
    except Rejected as rejected:
        source.note(f"The cover is left out. {rejected.detail}")
        return None
    path = source.work.output("cover.webp", "image/webp", width=image.width, height=image.height)
    webp.save(image, path, QUALITY)
    return path.name


def find(source: Source, container: InputContainer) -> bytes | None:
    """The first attached picture, as it lies in the file."""
    streams = [stream for stream in container.streams if stream.disposition & Disposition.attached_pic]
    if not streams:
        return None
    for packet in _packets(container, streams[0]):
        source.plan.report("cover", None)
        return packet
    return None


def _packets(container: InputContainer, stream: Stream) -> Iterator[bytes]:
    with surviving():
        for number, packet in enumerate(demux(container, stream)):
            if number >= PACKETS_TO_LOOK_AT:
                return
            if packet.size:
                yield bytes(packet)
