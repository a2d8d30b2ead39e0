"""How loud a sound is over its whole length (EBU R 128), and what brings it to where it should be."""

import math
from collections.abc import Iterator

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from processors.media.models import Loudness
from processors.media.opening import decoding
from processors.media.progress import Meter
from processors.media.samples import Chain, decoded, of_kind
from processors.media.source import Source

# No log; what was measured up to a frame is written to its metadata ten times a second.
EBUR128 = ("ebur128", "metadata=1:peak=true:framelog=quiet")
GATE_LUFS = -70.0  # ITU-R BS.1770: what is softer counts as silence, and so does a programme that never rises above
CEILING_DBTP = -1.0  # EBU R 128: the highest true peak of a programme


def measure(
    source: Source, stream: AudioStream, stage: str = "loudness", share: float = 1.0, layout: str | None = None
) -> Loudness:
    """Decodes `stream` from where its container stands to the end, which is `share` of `stage`. Raises `Rejected`.

    `layout`: as what the sound is heard; default: as it is.
    """
    container = stream.container
    assert isinstance(container, InputContainer)
    meter = Meter(container, stream, source.work.size)
    plain = Chain([of_kind("dbl", stream.sample_rate, layout or stream.layout.name)])
    scale = Chain([EBUR128])
    last: dict[str, str] = {}
    with decoding():
        for packet in container.demux(stream):
            done = meter.fraction(packet)
            source.plan.report(stage, None if done is None else done * share, "measuring loudness")
            for frame in decoded(stream, packet):
                for even in plain.push(frame):
                    last = _newest(scale.push(even), last)
        for even in plain.flush():
            last = _newest(scale.push(even), last)
    source.plan.report(stage, share, "loudness measured")
    return _told(last)


def _newest(frames: Iterator[AudioFrame], known: dict[str, str]) -> dict[str, str]:
    """A last frame of less than a tenth of a second tells nothing."""
    for frame in frames:
        known = frame.metadata or known
    return known


def _told(metadata: dict[str, str]) -> Loudness:
    integrated = float(metadata.get("lavfi.r128.I", GATE_LUFS))
    peak = float(metadata.get("lavfi.r128.true_peak", 0))
    is_audible = integrated > GATE_LUFS
    return Loudness(
        integrated=round(integrated, 1) if is_audible else None,
        range=round(float(metadata["lavfi.r128.LRA"]), 1) if is_audible else None,
        true_peak=round(20 * math.log10(peak), 1) if peak > 0 else None,
    )


def gain_db(loudness: Loudness, target: float) -> float:
    """Decibels that bring a programme to `target` LUFS, or as near as its peaks allow: it is never compressed.

    One that is above the ceiling already may be made softer, but not louder. Silence stays as it is.
    """
    if loudness.integrated is None:
        return 0.0
    wanted = target - loudness.integrated
    room = math.inf if loudness.true_peak is None else max(CEILING_DBTP - loudness.true_peak, 0.0)
    return min(wanted, room)
