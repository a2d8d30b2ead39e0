"""Makes short sounds for tests, sample by sample, and hears what became of them through Debian's ffmpeg."""

import math
import re
import subprocess
from array import array
from collections.abc import Callable
from pathlib import Path

import av

from tests.programs import require

RATE = 48_000
Wave = Callable[[float], float]  # seconds -> -1 to 1


def tone(level_db: float, hertz: float = 997.0) -> Wave:
    """A sine of that peak, in dBFS."""
    peak = 10 ** (level_db / 20)
    return lambda seconds: peak * math.sin(2 * math.pi * hertz * seconds)


def played(
    path: Path, *waves: Wave, seconds: float = 2.0, codec: str = "pcm_s16le", layout: str = "stereo", rate: int = RATE
) -> Path:
    """Writes a sound, one wave a channel, or the only one in all of them; the extension says the container."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        channels = stream.layout.nb_channels
        total, start = int(seconds * rate), 0
        while start < total:
            count = min(1024, total - start)
            frame = av.AudioFrame("s16", layout, count)
            samples = array("h")
            for number in range(start, start + count):
                samples.extend(
                    round(32_000 * waves[channel % len(waves)](number / rate)) for channel in range(channels)
                )
            frame.planes[0].update(samples.tobytes())
            frame.sample_rate, frame.pts = rate, start
            container.mux(stream.encode(frame))
            start += count
        container.mux(stream.encode())
    return path


def heard(path: Path) -> tuple[float, float, float]:
    """Integrated loudness in LUFS, range in LU and true peak in dBTP, by another FFmpeg."""
    require("ffmpeg")
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stderr.rpartition("Summary:")[2]
    found = [re.search(rf"{name}:\s+(-?[\d.]+|-?inf)", text) for name in ("I", "LRA", "Peak")]
    integrated, spread, peak = (float(one[1]) for one in found if one)
    return integrated, spread, peak
