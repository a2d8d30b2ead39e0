"""What the video kind accepts, allows and answers."""

from pydantic import BaseModel, Field

from processors.base import Limits, Params

MEDIA_TYPES = frozenset(
    {
        "video/3gpp",
        "video/3gpp2",
        "video/mp2t",
        "video/mp4",
        "video/mpeg",
        "video/quicktime",
        "video/webm",
        "video/x-m4v",
        "video/x-matroska",
        "video/x-msvideo",
    }
)

MAX_PIXELS = 40_000_000  # a frame of 8K video has 35 million
MAX_STREAMS = 64

# A frame of MAX_PIXELS in 10 bits takes 120 MB, and a decoder keeps several.
LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=120, total_seconds=300, output_bytes=64 << 20, output_files=1)


class VideoParams(Params):
    poster_at: float | None = Field(
        None, ge=0, description="Seconds into the video. Default: a lively frame is looked for."
    )
    poster_width: int = Field(1280, ge=16, le=4096, description="Pixels. A narrower video is not enlarged.")


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


class VideoResult(BaseModel):
    """Positions, device names and other tags are never told."""

    container: str = Field(description="Its family, such as QuickTime / MOV, to which MP4 belongs.")
    duration: float | None = Field(description="Seconds.")
    bit_rate: int | None = Field(description="Bits a second, over all streams.")
    video: VideoStream = Field(description="The stream that the poster is from.")
    audio: list[AudioStream]
    other_streams: list[str] = Field(description="Sorts of streams besides, such as subtitle or data.")
    poster_at: float | None = Field(description="Seconds into the video.")
    warnings: list[str]
