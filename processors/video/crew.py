"""Two threads that decode parts of one video, each with a demuxer and a decoder of its own."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from concurrent.futures.thread import ThreadPoolExecutor  # here: its package would import it when it is first used
from threading import Lock
from typing import Generic, TypeVar

from av.container import InputContainer
from av.video.stream import VideoStream

from processors.base import Rejected
from processors.media.opening import choose_video, decoding
from processors.media.source import Source
from processors.video.decoder import Decoder
from processors.video.timeline import Tick

Media = tuple[InputContainer, VideoStream]
Part = TypeVar("Part")

LOOK_SECONDS = 0.02  # between looks at the helper, once there is nothing left but to wait for it


class Over(Exception):
    """Ends the helper's work when the job ends for another reason."""


class Crew(Generic[Part]):
    """Takes parts from one queue. Only the caller's thread reports, and of the other as long as that moves.

    `decode` does one part, in either thread, and calls `advance` as it gets on; `options` are the decoders'.
    """

    def __init__(
        self, source: Source, stage: str, decode: Callable[[Decoder, Part], None], options: dict[str, str]
    ) -> None:
        self.damaged = 0  # packets
        self._source = source
        self._stage = stage
        self._decode = decode
        self._options = options
        self._parts: deque[Part] = deque()
        self._total = 1
        self._done = 0
        self._lock = Lock()
        self._ticks = 0
        self._is_over = False

    def run(self, parts: Iterable[Part], total: int, own: Media | None = None, helpers: int = 1) -> None:
        """Returns when all parts are done. `own` is open already, for the caller's thread."""
        self._parts.extend(parts)
        self._total = total or 1
        if helpers == 0 or len(self._parts) < 2:
            self.damaged += self._work(self.report, own)
            return
        with ThreadPoolExecutor(1) as pool:
            helper = pool.submit(self._work, self._heard)
            try:
                self.damaged += self._work(self.report, own)
                self._await(helper)
            finally:
                self._is_over = True
        self.damaged += helper.result()

    def advance(self, count: int) -> None:
        """So many more of the total are done."""
        with self._lock:
            self._done += count

    def report(self) -> None:
        self._source.plan.report(self._stage, self._done / self._total)

    def _work(self, tick: Tick, own: Media | None = None) -> int:
        """How many packets were damaged."""
        if own is not None:
            return self._take(Decoder(*own, tick))
        with self._source.open(tick) as container:
            stream = choose_video(container, self._source.limits)
            if stream is None:
                raise Rejected("corrupt_input", "The video can't be read a second time.")
            stream.codec_context.options |= self._options
            return self._take(Decoder(container, stream, tick))

    def _take(self, decoder: Decoder) -> int:
        with decoding():
            while self._parts:
                try:
                    part = self._parts.popleft()
                except IndexError:  # the other was quicker
                    break
                self._decode(decoder, part)
        return decoder.damaged

    def _heard(self) -> None:
        self._ticks += 1
        if self._is_over:
            raise Over

    def _await(self, helper: "Future[int]") -> None:
        seen = -1
        while not helper.done():
            if self._ticks != seen:
                self.report()
                seen = self._ticks
            wait([helper], LOOK_SECONDS)
