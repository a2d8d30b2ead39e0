"""A demuxer and a decoder, steered to the frames that are wanted."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice

from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Discard
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from processors.media.opening import demux, surviving
from processors.video.timeline import Tick

# Where frames that no other frame needs can be left out one by one.
SKIPPABLE = frozenset({"h264", "hevc"})
REORDERED = 20  # packets: no codec shows a frame later than this after one that follows it
KEYFRAME_PACKETS = 2000  # from where a seek led to, until a keyframe must have come
FIRST_PACKETS = 64  # that may pass until a frame comes of them
BEFORE_THE_BEGINNING = 10  # seconds
BAD_PACKETS = 200  # in a row; then the rest is given up


class Decoder:
    """`tick` is called for each packet. `damaged` counts those that could not be decoded."""

    def __init__(self, container: InputContainer, stream: VideoStream, tick: Tick) -> None:
        self.damaged = 0
        self._container = container
        self._stream = stream
        self._codec = stream.codec_context
        self._tick = tick
        # A transport stream finds its first keyframe only from well before the beginning.
        self._was_read = False
        self._has_found = False  # a picture
        self._beginning = (stream.start_time or 0) - round(BEFORE_THE_BEGINNING / (stream.time_base or 1))
        self._may_skip = self._codec.codec.canonical_name in SKIPPABLE
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all

    def keyframe(self, seek_to: int | None) -> VideoFrame | None:
        """What the next keyframe from there on looks like; else the next frame at all. None: from the beginning.

        A transport stream may lead past its only keyframe: if nothing was found before, the film's first frame is
        better than none. A keyframe is decoded alone: a decoder that waits for its neighbours would keep all of them
        in memory.
        """
        if seek_to is not None or self._was_read:
            self._seek(seek_to)
        packets = islice(self._packets(), KEYFRAME_PACKETS)
        packet = next((packet for packet in packets if packet.is_keyframe and packet.size), None)
        frames = [*self._decode(packet), *self._decode(None)] if packet else []
        self._codec.flush_buffers()
        found = frames[0] if frames else self._first(seek_to)
        if found is None and seek_to is not None and not self._has_found:
            found = self._first(None)
        self._has_found = self._has_found or found is not None
        return found

    def _first(self, seek_to: int | None) -> VideoFrame | None:
        """Where there is no keyframe, or it is damaged, or none after all."""
        self._seek(seek_to)
        good, start = 0, self.damaged
        for packet in self._packets():
            damaged = self.damaged
            for frame in self._decode(packet):
                return frame
            good += self.damaged == damaged
            if good >= FIRST_PACKETS or self.damaged - start >= BAD_PACKETS:
                break
        return next(iter(self._decode(None)), None)

    def frames(self, seek_to: int | None, targets: Sequence[int]) -> Iterator[tuple[VideoFrame, int]]:
        """For the ascending times `targets`: the first frame shown at or after each, and for how many of them.

        Decodes once, from the keyframe that `seek_to` leads to, and leaves out what is neither wanted nor needed by
        other frames. Past the end of the file, the last frame stands for what is left.
        """
        left = deque(targets)
        last = None
        self._seek(seek_to)
        for last in self._decoded(targets):
            count = 0
            while left and when(last) >= left[0]:
                left.popleft()
                count += 1
            if count:
                yield last, count
            if not left:
                return
        if last is not None:
            yield last, len(left)

    def _decoded(self, targets: Sequence[int]) -> Iterator[VideoFrame]:
        bad = 0
        packets = ((packet, True) for packet in self._packets())
        for packet, is_wanted in planned(self._packets(), targets) if self._may_skip else packets:
            if self._may_skip:
                self._codec.skip_frame = "DEFAULT" if is_wanted else "NONREF"
            damaged = self.damaged
            yield from self._decode(packet)
            bad = bad + 1 if self.damaged > damaged else 0
            if bad >= BAD_PACKETS:
                return

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        self._was_read = True
        with surviving():
            for packet in demux(self._container, self._stream):
                self._tick()
                yield packet

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        with surviving():
            with suppress(EOFError):
                return self._codec.decode(packet)
            return []  # it was drained already
        self.damaged += 1
        return []

    def _seek(self, target: int | None) -> None:
        with suppress(FFmpegError):  # what can't seek goes on from where it is
            self._container.seek(self._beginning if target is None else target, stream=self._stream)
        self._codec.flush_buffers()


def planned(
    packets: Iterable[Packet[VideoStream]], targets: Sequence[int]
) -> Iterator[tuple[Packet[VideoStream] | None, bool]]:
    """Each packet, and whether one of `targets` is met by its frame. None, to drain the decoder, once all are met.

    A packet is only judged when those have been seen that are shown before it and come after it.
    """
    source, left = iter(packets), list(targets)
    ahead = deque(islice(source, REORDERED))
    behind: deque[int] = deque(maxlen=REORDERED)
    while ahead and left:
        packet = ahead.popleft()
        ahead.extend(islice(source, 1))
        yield packet, _meets(packet, ahead, behind, left)
    yield None, True


def _meets(now: Packet[VideoStream], ahead: Iterable[Packet[VideoStream]], behind: deque[int], left: list[int]) -> bool:
    """Takes from `left` what lies between the frame shown before this one, and this one."""
    if now.pts is None:
        return True
    others = [*behind, *(packet.pts for packet in ahead if packet.pts is not None)]
    before = max((pts for pts in others if pts < now.pts), default=-math.inf)
    met = [target for target in left if before < target <= now.pts]
    for target in met:
        left.remove(target)
    behind.append(now.pts)
    return bool(met)


def when(frame: VideoFrame) -> int:
    """When it is shown, in the stream's time base; some containers only tell the times of decoding."""
    return next((time for time in (frame.pts, frame.dts) if time is not None), 0)
