"""Each textual subtitle stream -> a WebVTT file, all of them in one pass over the file."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.subtitles.stream import SubtitleStream

from processors.media.cues import TEXTUAL, cue_text
from processors.media.opening import decoding, demux
from processors.media.probe import describe_subtitle
from processors.media.progress import Meter
from processors.media.source import Source
from processors.video.models import SubtitlesMade

STAGE: Literal["subtitles"] = "subtitles"
MOST_WAITING = 1 << 16  # characters
SHOWN_SECONDS = 4.0  # where a packet doesn't say for how long
LANGUAGE = re.compile(r"[A-Za-z]{2,8}")


class Vtt:
    """One file as it is written, from time to time: a cell may not have as many open as there are languages."""

    def __init__(self, path: Path, codec: str, start: float) -> None:
        """`start` is that of the film, in seconds."""
        self.path = path
        self.cues = 0
        self._codec = codec
        self._start = start
        self._waiting = ["WEBVTT\n"]
        self._letters = 0

    def add(self, packet: "Packet[Any]") -> None:
        """`packet` becomes a cue, unless it says when there is nothing to see."""
        text = cue_text(self._codec, bytes(packet))
        if not text or packet.pts is None:
            return
        begin = float(packet.pts * packet.time_base) - self._start
        end = begin + (float(packet.duration * packet.time_base) if packet.duration else SHOWN_SECONDS)
        if end > max(begin, 0.0):
            self._waiting.append(f"\n{_stamp(begin)} --> {_stamp(end)}\n{text}\n")
            self._letters += len(text)
            self.cues += 1
            if self._letters > MOST_WAITING:
                self.write()

    def write(self) -> None:
        """What has not been written yet."""
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(self._waiting)
        self._waiting, self._letters = [], 0


def make(source: Source) -> list[SubtitlesMade]:
    """Raises `Rejected`. Notes what can't be written as text."""
    source.plan.report(STAGE, 0)
    with source.open() as container:
        chosen = [stream for stream in container.streams.subtitles if _is_text(source, stream)]
        made = [_made(number, stream) for number, stream in enumerate(chosen, 1)]
        start = (container.start_time or 0) / av.time_base
        ways = {
            stream.index: Vtt(source.work.scratch / one.file, stream.codec_context.codec.canonical_name, start)
            for one, stream in zip(made, chosen, strict=True)
        }
        if chosen:
            with decoding():
                _pour(source, container, chosen, ways)
    source.plan.report(STAGE, 1)
    for one, way in zip(made, ways.values(), strict=True):
        way.write()
        source.publish(way.path, "text/vtt", language=one.language)
    return [one.model_copy(update={"cues": way.cues}) for one, way in zip(made, ways.values(), strict=True)]


def _pour(source: Source, container: InputContainer, chosen: Sequence[SubtitleStream], ways: dict[int, Vtt]) -> None:
    for stream in container.streams:
        if stream.index not in ways:
            stream.discard = Discard.all
    meter = Meter(container, None, source.work.size)
    for packet in demux(container, *chosen):
        source.plan.report(STAGE, meter.fraction(packet))
        if packet.size:
            ways[packet.stream_index].add(packet)


def _is_text(source: Source, stream: SubtitleStream) -> bool:
    told = describe_subtitle(stream)
    if told.codec in TEXTUAL:
        return True
    what = "of a sort that isn't read" if told.is_text else "pictures of text"
    source.note(f"Subtitles were left out: {told.codec} is {what}.")
    return False


def _made(number: int, stream: SubtitleStream) -> SubtitlesMade:
    told = describe_subtitle(stream)
    has_language = told.language is not None and LANGUAGE.fullmatch(told.language) is not None
    return SubtitlesMade(
        file=f"subtitles-{number}-{told.language}.vtt" if has_language else f"subtitles-{number}.vtt",
        language=told.language,
        title=told.title,
        is_default=told.is_default,
        is_forced=told.is_forced,
        cues=0,
    )


def _stamp(seconds: float) -> str:
    """As WebVTT writes a time; never before the beginning."""
    whole = max(round(seconds * 1000), 0)
    return f"{whole // 3_600_000:02}:{whole // 60_000 % 60:02}:{whole // 1000 % 60:02}.{whole % 1000:03}"
