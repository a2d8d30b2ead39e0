"""Makes short sounds for tests, sample by sample."""

import math
from array import array
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from processors.audio.models import AudioParams
from processors.base import OnReport
from processors.media.models import InputLimits
from processors.media.progress import Plan
from processors.media.source import Source
from processors.work import FileWork, ignore

RATE = 48_000
CHUNK = 4096

Wave = Callable[[int], float]  # the number of a sample -> its value, from -1 to 1


def sine(hertz: float, dbfs: float, rate: int = RATE) -> Wave:
    """Its highest value has `dbfs`."""
    height = 10 ** (dbfs / 20)
    return lambda n: height * math.sin(math.tau * hertz * n / rate)


def silence(_number: int) -> float:
    return 0.0


def write(
    path: Path,
    *waves: Wave,
    seconds: float = 1.0,
    rate: int = RATE,
    codec: str = "pcm_s16le",
    layout: str = "",
    tags: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
    form: str | None = None,
) -> Path:
    """A sound with a channel for each wave; the container is the one of the file's extension, or `form`."""
    layout = layout or {1: "mono", 2: "stereo", 6: "5.1"}[len(waves)]
    with av.open(str(path), "w", format=form, options=dict(options or {})) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        count = round(seconds * rate)
        for start in range(0, count, CHUNK):
            length = min(CHUNK, count - start)
            frame = av.AudioFrame("fltp", layout, length)
            for plane, wave in zip(frame.planes, waves, strict=True):
                plane.update(_pad(array("f", map(wave, range(start, start + length))), plane.buffer_size))
            frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _pad(samples: "array[float]", size: int) -> bytes:
    return samples.tobytes().ljust(size, b"\0")


class Opened:
    """The file as an operation sees it, with the weights of a plan whose only stage is `stage`."""

    def __init__(self, path: Path, scratch: Path, stage: str, on_report: OnReport = ignore, **limits: Any) -> None:
        scratch.mkdir(exist_ok=True)
        self._file = path.open("rb")
        work = FileWork(
            params=AudioParams(),
            name=path.name,
            media_type="application/octet-stream",
            size=path.stat().st_size,
            scratch=scratch,
            descriptor=self._file.fileno(),
            on_report=on_report,
        )
        self.source = Source(work, InputLimits(**limits), Plan(work, {stage: 1}, 3600))

    def __enter__(self) -> Source:
        return self.source

    def __exit__(self, *_: object) -> None:
        self._file.close()
