"""The smallest lively films and sounds, as bytes: what is damaged, mutated or surrounded by tests."""

import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av

from tests.films import film, noise

FRAMES, RATE = 12, 48_000
FILMS = {
    "a.mp4": "libx264",
    "a.mov": "mpeg4",
    "a.webm": "libvpx",
    "a.mkv": "libx264",
    "a.avi": "mpeg4",
    "a.ts": "mpeg2video",
    "a.mpg": "mpeg1video",
}
SOUNDS = {
    "a.mp3": "libmp3lame",
    "a.m4a": "aac",
    "a.ogg": "libopus",
    "a.flac": "flac",
    "a.wav": "pcm_s16le",
    "a.aiff": "pcm_s16be",
}


@cache
def made(name: str) -> bytes:
    """One of `FILMS` or `SOUNDS`. The tables of an MP4 come last, so that they may grow."""
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        if name in SOUNDS:
            return hiss(path, SOUNDS[name]).read_bytes()
        return film(path, noise, FRAMES, FILMS[name]).read_bytes()


def hiss(path: Path, codec: str, seconds: float = 0.5) -> Path:
    """White noise, in mono."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame("s16", "mono", round(RATE * seconds))
        frame.sample_rate, frame.pts = RATE, 0
        frame.planes[0].update(random.Random(1).randbytes(frame.planes[0].buffer_size))
        stream.codec_context.open()
        resampler = av.AudioResampler(
            stream.codec_context.format, "mono", RATE, stream.codec_context.frame_size or 1024
        )
        for part in (*resampler.resample(frame), *resampler.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode())
    return path
