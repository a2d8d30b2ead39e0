"""The picture that a sound carries. It is a stranger's file of its own: opened as the image kind opens one."""

import io
from collections.abc import Iterator

from av.container import InputContainer
from av.stream import Disposition, Stream
from PIL import Image

from processors import webp
from processors.base import Rejected
from processors.image.models import InputLimits
from processors.image.opening import collecting, decoding, inspect, load, open_image
from processors.media.opening import demux, surviving
from processors.media.source import Source

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
LIMITS = InputLimits(max_pixels=16_000_000, max_file_bytes=16 << 20)
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
        image = read(data)
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


def read(data: bytes) -> Image.Image:
    """Small, in RGB or RGBA. Raises `Rejected`."""
    file = io.BytesIO(data)
    with collecting([]):
        found = inspect(file, LIMITS, formats=FORMATS)
        with open_image(file, found) as image, decoding():
            image.draft("RGB", webp.fit(image.size, WIDTH))
            load(image, found)
            shown = image.convert("RGBA" if image.has_transparency_data else "RGB")
            return shown.resize(webp.fit(shown.size, WIDTH), Image.Resampling.LANCZOS)
