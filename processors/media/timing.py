"""Time stamps that a muxer takes: all there, growing, from zero on, and of sound as fine as its samples."""

from fractions import Fraction
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

COARSE = 2  # ticks, in whose rounding a packet may stand off the end of the one before


def shift(packet: "Packet[Any]", origin: Fraction) -> None:
    """So that it counts from `origin`, in seconds."""
    ticks = round(origin / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts - ticks
    packet.dts = None if packet.dts is None else packet.dts - ticks


class Clock:
    """Mends the packets of one stream, in the order of decoding. `time_base` is the one they have afterwards.

    The film then begins at zero, whatever it began with. Matroska says no times of decoding before the first frames
    that are shown out of order, and counts milliseconds, which would make gaps of a few samples between packets.
    """

    def __init__(self, container: InputContainer | None, stream: Stream) -> None:
        """Without a `container`, the film begins at zero already."""
        base = stream.time_base or Fraction(1, av.time_base)
        self._shift = round((container.start_time or 0) / av.time_base / base) if container else 0
        self._delay = _reordering(stream, base) if isinstance(stream, VideoStream) else 0
        self._last: int | None = None  # decoding time, as it was written
        self.time_base, self._frame = _fineness(stream, base) if isinstance(stream, AudioStream) else (base, 0)
        self._scale = base / self.time_base
        self._is_right = not self._shift and not self._frame

    def mend(self, packet: "Packet[Any]") -> None:
        dts, pts, last = packet.dts, packet.pts, self._last
        if self._is_right and dts is not None and pts is not None and pts >= dts and (last is None or dts > last):
            self._last = dts
            return
        if dts is None:
            dts = self._guess(packet)
        dts -= self._shift
        pts = dts if pts is None else pts - self._shift
        if self._frame:
            dts, pts = self._fine(packet, dts, pts)
        if last is not None and dts <= last:
            dts = last + 1
        self._last = packet.dts = dts
        packet.pts = max(pts, dts)

    def _guess(self, packet: "Packet[Any]") -> int:
        if self._last is not None:
            return round(self._last / self._scale) + self._shift + max(packet.duration or 0, 1)
        return (packet.pts or 0) - self._delay

    def _fine(self, packet: "Packet[Any]", dts: int, pts: int) -> tuple[int, int]:
        """In samples: where the packet before ended, if that is what the coarse stamp must mean."""
        exact = round(dts * self._scale)
        if self._last is not None and abs(exact - self._last - self._frame) <= COARSE * self._scale:
            exact = self._last + self._frame
        packet.time_base, packet.duration = self.time_base, self._frame
        return exact, exact + round((pts - dts) * self._scale)


def _reordering(stream: VideoStream, base: Fraction) -> int:
    """Ticks between decoding and showing of the first frame."""
    rate = stream.average_rate or stream.base_rate
    return round(stream.codec_context.reorder_depth / rate / base) if rate else 0


def _fineness(stream: AudioStream, base: Fraction) -> tuple[Fraction, int]:
    """A sample's time and a packet's samples; 0 of them where stamps are as fine as that, or packets differ."""
    codec = stream.codec_context
    if codec.frame_size and codec.sample_rate and base > Fraction(1, codec.sample_rate):
        return Fraction(1, codec.sample_rate), codec.frame_size
    return base, 0
