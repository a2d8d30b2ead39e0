"""What the kinds `video` and `audio` tell of a file, and the parameters that they share."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from processors.base import Params
from processors.partial import OnError

MAX_PIXELS = 40_000_000  # of a frame: one of 8K video has 35 million
MAX_STREAMS = 64
MAX_SECONDS = 24 * 3600
MAX_TIMEOUT = 4 * 3600
MEMORY_BYTES = 960 << 20  # that a job may take, unless the operator allows less


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


class MediaParams(Strict):
    """What can be asked of films and of sounds; each kind says which operations it knows."""

    operations: tuple[str, ...] = Field(
        (),
        min_length=1,
        strict=False,
        description="What to do. An operation whose settings are given below is done too.",
    )
    gps: Literal["drop", "keep"] = Field("drop", description="`keep` tells the place in the result.")
    on_error: OnError = Field(
        "fail", description="When an operation can't be done: end the job, or leave it out and say so."
    )
    limits: InputLimits = Field(InputLimits(), description="What the file may be; lower than the server's own.")

    def wants(self, operation: str) -> bool:
        """Whether it is to be done: listed, or with settings of its own."""
        return operation in self.operations or getattr(self, operation, None) is not None


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


class Colour(BaseModel):
    """By the names of ITU-T H.273, as FFmpeg spells them; null where the file doesn't say."""

    primaries: str | None = Field(description="Such as `bt709`.")
    transfer: str | None = Field(description="Such as `bt709`, `smpte2084` (PQ) or `arib-std-b67` (HLG).")
    space: str | None = Field(description="Of the matrix, such as `bt709`.")
    range: str | None = Field(description="`tv`, which is limited, or `pc`, which is full.")


class Hdr(BaseModel):
    """That the picture has a high dynamic range, and what its maker said of it (SMPTE ST 2086, CTA-861.3)."""

    kind: Literal["pq", "hdr10", "hlg"] = Field(description="`hdr10` is PQ with some of the figures below.")
    max_luminance: float | None = Field(description="Of the screen that it was mastered on, cd/m².")
    max_content_light: int | None = Field(description="Of the brightest pixel, cd/m².")
    max_average_light: int | None = Field(description="Of the brightest frame on average, cd/m².")


class Track(BaseModel):
    codec: str = Field(description="As FFmpeg calls it, such as `h264`.")
    codec_tag: str | None = Field(description="Four characters, such as `avc1`; null where the container has none.")
    profile: str | None = Field(description="Of the codec, such as `High`.")
    language: str | None = Field(description="ISO 639-2, unless it is undetermined.")
    title: str | None = Field(description="As the file calls it.")
    is_default: bool = Field(description="Meant to be played unless somebody chooses another.")
    is_forced: bool = Field(description="Meant to be played whatever somebody chooses.")


class VideoStream(Track):
    level: float | None = Field(description="Such as 4.1.")
    width: int = Field(description="Pixels as displayed: turned upright, and square.")
    height: int = Field(description="Likewise.")
    coded_width: int = Field(description="Pixels of the decoded frames, as they lie in the file.")
    coded_height: int = Field(description="Likewise.")
    rotation: int = Field(description="Degrees clockwise that the stored frames are turned for display.")
    frame_rate: float | None = Field(description="Frames a second on average.")
    is_variable_frame_rate: bool = Field(description="Whether the frames are not all shown for the same time.")
    has_b_frames: bool = Field(description="Whether frames are stored in another order than they are shown in.")
    frames: int | None = Field(description="How many, where the container says so.")
    pixel_format: str | None = Field(description="As FFmpeg calls it, such as `yuv420p`.")
    bit_depth: int | None = Field(description="Of a sample.")
    chroma: str | None = Field(description="`4:2:0`, `4:2:2`, `4:4:4` and so on, `rgb` or `gray`.")
    colour: Colour = Field(description="What the numbers mean.")
    hdr: Hdr | None = Field(description="Null for standard dynamic range.")
    is_interlaced: bool = Field(description="Whether frames are made of two fields.")
    bit_rate: int | None = Field(description="Bits a second.")


class AudioStream(Track):
    sample_rate: int | None = Field(description="Hertz.")
    channels: int | None = Field(description="How many.")
    layout: str | None = Field(description="Such as `stereo` or `5.1`.")
    bit_rate: int | None = Field(description="Bits a second.")


class SubtitleStream(Track):
    is_text: bool = Field(description="Whether it is text; else it is pictures of text.")


class Chapter(BaseModel):
    title: str | None = Field(description="If it has one.")
    start: float = Field(description="Seconds.")
    end: float = Field(description="Seconds.")


class Place(BaseModel):
    latitude: float = Field(description="Degrees, north of the equator.")
    longitude: float = Field(description="Degrees, east of Greenwich.")
    altitude: float | None = Field(description="Metres.")


class Playable(BaseModel):
    web: bool = Field(description="Whether a browser plays the file as it is.")
    reasons: list[str] = Field(description="Why not; or, where it does, what may still be wrong with it.")


class MediaInfo(BaseModel):
    """What is inside. Positions, device names and other tags are told only where they are asked for."""

    container: str = Field(description="Its family, such as QuickTime / MOV, to which MP4 belongs.")
    format: str = Field(description="In short: `mp4`, `mov`, `webm`, `matroska`, `avi`, `mpegts`, `mp3`, `ogg` ...")
    duration: float | None = Field(description="Seconds.")
    bit_rate: int | None = Field(description="Bits a second, over all streams.")
    size: int = Field(description="Bytes.")
    video: VideoStream | None = Field(description="The stream that is shown.")
    audio: list[AudioStream] = Field(description="All of them, in order.")
    subtitles: list[SubtitleStream] = Field(description="All of them, in order.")
    other_streams: list[str] = Field(description="Sorts of streams besides, such as attachment, data or cover.")
    chapters: list[Chapter] = Field(description="In order.")
    tags: dict[str, str] = Field(description="Title, artist, album and the like; no place, no device, no software.")
    place: Place | None = Field(description="Where it was recorded, if `gps` is `keep` and the file knows.")
    playable: Playable = Field(description="Where it plays.")
    warnings: list[str] = Field(description="What a person should know: damage, and what was not done as asked.")


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
