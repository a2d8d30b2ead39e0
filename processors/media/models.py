"""What the kinds `video` and `audio` tell of a file, and the parameters that they share."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from processors.base import Params

MAX_PIXELS = 40_000_000  # of a frame: one of 8K video has 35 million
MAX_STREAMS = 64
MAX_SECONDS = 24 * 3600
MAX_TIMEOUT = 4 * 3600


class Strict(Params):
    """Numbers are numbers here: no "160", no 1 for true."""

    model_config = ConfigDict(strict=True)


class InputLimits(Strict):
    """What the file may be. Those of the server are the defaults, and a request may only lower them."""

    max_seconds: int = Field(MAX_SECONDS, ge=1, le=MAX_SECONDS, description="How long it may play.")
    max_pixels: int = Field(MAX_PIXELS, ge=1, le=MAX_PIXELS, description="Width x height of a frame.")
    max_streams: int = Field(MAX_STREAMS, ge=1, le=MAX_STREAMS, description="Video, audio, subtitles and others.")
    timeout_s: int = Field(
        3600, ge=1, le=MAX_TIMEOUT, description="Seconds that the work may take, looked at while it goes on."
    )


class Waveform(Strict):
    """Peaks to draw: a minimum and a maximum for each point, all channels mixed into one."""

    points: int = Field(
        1000, ge=16, le=20_000, description="Pairs of minimum and maximum over the whole length, at most."
    )
    bits: Literal[8, 16] = Field(8, description="Of each value.")
    format: Literal["json", "dat"] = Field(
        "json", description="Both are those of audiowaveform, version 2: JSON, or its binary form."
    )


class AudioOutput(Strict):
    """The sound alone, in a file of its own."""

    format: Literal["m4a", "opus", "mp3"] = Field("m4a", description="AAC in MP4, Opus in Ogg, or MP3.")
    bit_rate: int | None = Field(
        None, ge=16_000, le=512_000, description="Bits a second. Default: by format and channels.", examples=[96_000]
    )
    loudness: float | None = Field(
        None,
        ge=-40,
        le=-5,
        strict=False,
        description="Bring the programme to this loudness (EBU R 128), in LUFS. Default: leave it.",
        examples=[-16],
    )


class Silence(Strict):
    """Where nothing is to be heard."""

    threshold_db: float = Field(-50, ge=-90, le=-10, strict=False, description="Below this it is silence, in dBFS.")
    min_seconds: float = Field(0.5, ge=0.05, le=60, strict=False, description="Shorter ones are not told.")


class VideoStream(BaseModel):
    codec: str
    profile: str | None
    width: int = Field(description="Pixels as displayed: turned upright, and square.")
    height: int
    rotation: int = Field(description="Degrees clockwise that the stored frames are turned for display.")
    frame_rate: float | None
    pixel_format: str | None
    bit_rate: int | None
    language: str | None


class AudioStream(BaseModel):
    codec: str
    sample_rate: int | None
    channels: int | None
    layout: str | None
    bit_rate: int | None
    language: str | None


class MediaInfo(BaseModel):
    """What is inside. Positions, device names and other tags are told only where they are asked for."""

    container: str = Field(description="Its family, such as QuickTime / MOV, to which MP4 belongs.")
    duration: float | None = Field(description="Seconds.")
    bit_rate: int | None = Field(description="Bits a second, over all streams.")
    video: VideoStream | None = Field(description="The stream that is shown.")
    audio: list[AudioStream] = Field(description="All of them, in order.")
    other_streams: list[str] = Field(description="Sorts of streams besides, such as subtitle or data.")
    warnings: list[str] = Field(description="What a person should know: damage, and what was not done as asked.")


class NotMade(BaseModel):
    """An operation that could not be done, where the request asked for partial results."""

    operation: str = Field(description="As in the request.")
    code: str = Field(description="A job's error code, such as `limit_exceeded`.")
    detail: str = Field(description="For a person.")


class WaveformMade(BaseModel):
    file: str = Field(description="The output's name.")
    points: int = Field(description="Pairs of minimum and maximum.")
    bits: int = Field(description="Of each value.")
    sample_rate: int = Field(description="Hertz, of the sound that the peaks were taken from.")
    samples_per_pixel: int = Field(description="Samples for one pair.")


class AudioMade(BaseModel):
    file: str = Field(description="The output's name.")
    format: str = Field(description="As in the request.")
    codec: str = Field(description="AAC, Opus or MP3.")
    duration: float = Field(description="Seconds.")
    sample_rate: int = Field(description="Hertz.")
    channels: int = Field(description="1 or 2.")
    bit_rate: int = Field(description="That the encoder was given, bits a second.")


class Loudness(BaseModel):
    """EBU R 128 over the whole programme."""

    integrated: float | None = Field(description="LUFS; null where all is below the gate.")
    range: float | None = Field(description="LU (EBU Tech 3342).")
    true_peak: float | None = Field(description="dBTP (ITU-R BS.1770).")


class Interval(BaseModel):
    start: float = Field(description="Seconds.")
    end: float = Field(description="Seconds.")
