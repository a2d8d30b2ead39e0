"""Sound: what it is, its cover, its loudness, peaks to draw, and files that every browser plays."""

from processors import webp
from processors.audio.models import LIMITS, MEDIA_TYPES, AudioParams, AudioResult
from processors.base import Work


class AudioProcessor:
    kind = "audio"
    version = "1.0"
    media_types = MEDIA_TYPES
    limits = LIMITS
    Params = AudioParams
    Result = AudioResult

    def warm(self) -> None:
        from processors.audio import pipeline  # noqa: F401 - with it, PyAV and FFmpeg, and Pillow for the cover

        webp.warm()

    def process(self, work: Work[AudioParams]) -> AudioResult:
        from processors.audio.pipeline import run

        return run(work)


processor = AudioProcessor()
