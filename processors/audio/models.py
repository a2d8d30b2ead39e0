"""What the audio kind accepts, allows and answers."""

from typing import Literal

from pydantic import Field

from processors.base import Limits
from processors.media.models import (
    AudioMade,
    AudioOutput,
    Interval,
    Loudness,
    MediaInfo,
    MediaParams,
    Silence,
    Waveform,
    WaveformMade,
)
from processors.partial import NotMade

# Containers of video are taken too, for the sound in them; where the kind is `auto`, they are videos.
MEDIA_TYPES = frozenset(
    {
        "audio/aac",
        "audio/aiff",
        "audio/amr",
        "audio/flac",
        "audio/mp4",
        "audio/mpeg",
        "audio/ogg",
        "audio/wav",
        "video/mp4",
        "video/quicktime",
        "video/webm",
        "video/x-matroska",
    }
)

LIMITS = Limits(
    memory_bytes=512 << 20,
    address_space_bytes=2 << 30,
    cpu_seconds=2 * 3600,
    total_seconds=4 * 3600 + 60,
    silent_seconds=30,
    output_bytes=4 << 30,
    output_files=16,
)

Operation = Literal["probe", "cover", "waveform", "loudness", "silence", "audio"]
DEFAULT_OPERATIONS: tuple[Operation, ...] = ("probe", "cover", "waveform", "loudness")


class AudioParams(MediaParams):
    operations: tuple[Operation, ...] = Field(
        DEFAULT_OPERATIONS,
        min_length=1,
        strict=False,
        description="What to do. An operation whose settings are given below is done too.",
    )
    waveform: Waveform | None = Field(None, description="Settings of the waveform.")
    silence: Silence | None = Field(None, description="Settings of the silence map.")
    audio: AudioOutput | None = Field(None, description="Settings of the file to make.")
    strip_metadata: bool = Field(
        True, description="From the file that is made: title, artist, album, track and date stay, all else goes."
    )


class AudioResult(MediaInfo):
    """The sound as it came in, and what was made of it."""

    cover: str | None = Field(None, description="The name of the cover's file, if there is one in it.")
    waveform: WaveformMade | None = Field(None, description="If it was asked for.")
    loudness: Loudness | None = Field(None, description="If it was asked for.")
    silences: list[Interval] | None = Field(None, description="If they were asked for.")
    sound: AudioMade | None = Field(None, description="The file that was made, if it was asked for.")
    errors: list[NotMade] = Field(description="What could not be done; empty unless `on_error` is `partial`.")
