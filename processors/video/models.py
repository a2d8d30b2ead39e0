"""What the video kind accepts, allows and answers."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from processors.base import Limits
from processors.media.models import (
    AudioMade,
    AudioOutput,
    MediaInfo,
    MediaParams,
    Strict,
    Waveform,
    WaveformMade,
)
from processors.partial import NotMade
from processors.video.encoders import ENCODERS

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

LIMITS = Limits(
    memory_bytes=1 << 30,
    address_space_bytes=3 << 30,
    cpu_seconds=8 * 3600,
    total_seconds=4 * 3600 + 60,
    silent_seconds=60,
    output_bytes=16 << 30,
    output_files=1024,
)

MAX_TILES = 100
MAX_PREVIEW_FRAMES = 300

Operation = Literal[
    "probe", "poster", "storyboard", "preview", "web", "transcode", "hls", "audio", "waveform", "subtitles"
]
Accuracy = Literal["keyframe", "exact", "auto"]
DEFAULT_OPERATIONS: tuple[Operation, ...] = ("probe", "poster", "storyboard", "web")


class Poster(Strict):
    """One frame worth showing: the liveliest of the storyboard's frames, or the one that was asked for."""

    at: float | None = Field(
        None,
        ge=0,
        strict=False,
        description="Seconds into the video: the first frame from there on. Default: a lively frame is looked for.",
    )
    width: int = Field(1280, ge=16, le=4096, description="Pixels. A narrower video is not enlarged.")
    format: Literal["webp", "jpeg"] = Field("webp", description="Of the picture.")


class Storyboard(Strict):
    """Small pictures over the whole length, on one sheet, with a WebVTT file and a JSON file that tell their times."""

    tiles: int = Field(25, ge=1, le=MAX_TILES, description="How many, unless `interval_s` says it.")
    interval_s: float | None = Field(
        None,
        gt=0,
        strict=False,
        description="Seconds that a tile stands for; more where it would take more than 100 tiles.",
        examples=[10],
    )
    columns: int = Field(5, ge=1, le=20, description="Tiles in a row.")
    tile_width: int = Field(320, ge=16, le=640, description="Pixels.")
    format: Literal["webp", "jpeg", "png"] = Field("webp", description="Of the sheet.")
    accuracy: Accuracy = Field(
        "auto",
        description="`keyframe` shows the nearest keyframe, `exact` the very frame. `auto` is `keyframe` unless fewer "
        "than 60 % of the tiles would differ.",
    )


class Preview(Strict):
    """A short moving picture: stills, spread over the length of the video."""

    format: Literal["webp", "gif", "mp4"] = Field("webp", description="Animated WebP, GIF, or a silent MP4.")
    seconds: float = Field(5, gt=0, le=60, strict=False, description="How long it plays; not longer than the video.")
    fps: int = Field(5, ge=1, le=30, description="Frames a second; 300 frames in all are the most.")
    width: int = Field(320, ge=16, le=1280, description="Pixels. A narrower video is not enlarged.")

    @model_validator(mode="after")
    def _is_short(self) -> "Preview":
        if self.seconds * self.fps > MAX_PREVIEW_FRAMES:
            raise ValueError(f"seconds x fps may be {MAX_PREVIEW_FRAMES} at most")
        return self


class Web(Strict):
    """A file that every browser plays, without re-encoding where the codecs allow it."""

    policy: Literal["remux_if_possible", "always"] = Field(
        "remux_if_possible",
        description="`always` re-encodes what can't be copied, and only that; else the result says why not.",
    )
    container: Literal["mp4", "fmp4"] = Field(
        "mp4",
        description="`mp4` begins with its index, `fmp4` is fragmented. What is at home in WebM (VP8, VP9, Opus, "
        "Vorbis) goes there.",
    )


class Transcode(Strict):
    """Re-encoded video. Never upscaled, upright, with even sides."""

    video: Literal["h264", "hevc", "vp9", "av1"] = Field("h264", description="VP9 goes into WebM, the others into MP4.")
    heights: tuple[int, ...] = Field(
        (720,),
        min_length=1,
        max_length=6,
        strict=False,
        description="One file for each, in order. As in 720p, it is the shorter side. Those above the video's own make "
        "one file of the video's size.",
        examples=[[1080, 480]],
    )
    crf: int | None = Field(None, ge=0, le=63, description="Constant quality; lower is better. Default: by codec.")
    preset: Literal["fast", "balanced", "small"] = Field("fast", description="The encoder's effort.")
    max_fps: float | None = Field(None, gt=0, le=240, strict=False, description="Frames a second at most.")
    audio: Literal["aac", "opus", "copy", "none"] = Field("aac", description="WebM has Opus in place of AAC.")
    loudness: float | None = Field(
        None, ge=-40, le=-5, strict=False, description="LUFS (EBU R 128). Default: leave it.", examples=[-23]
    )
    tonemap: Literal["auto", "off"] = Field("auto", description="`auto` makes HDR into SDR.")

    @model_validator(mode="after")
    def _check_crf(self) -> Self:
        most = ENCODERS[self.video].max_crf
        if self.crf is not None and self.crf > most:
            raise ValueError(f"crf of {self.video} is {most} at most")
        return self


class Hls(Strict):
    """HTTP Live Streaming (RFC 8216) in fragmented MP4."""

    segment_s: float = Field(6, ge=1, le=30, strict=False, description="Seconds of a segment, about.")
    ladder: Literal["auto"] | Annotated[tuple[int, ...], Field(strict=False, min_length=1, max_length=6)] = Field(
        "auto",
        description="Heights, six at most; `auto` takes those of 1080, 720, 480 and 240 that the video reaches, and "
        "copies what needs no re-encoding.",
        examples=[[720, 360]],
    )
    single_file: bool = Field(True, description="One file a rung, read by byte ranges; else one for each segment.")


class VideoParams(MediaParams):
    operations: tuple[Operation, ...] = Field(
        DEFAULT_OPERATIONS,
        min_length=1,
        strict=False,
        description="What to do. An operation whose settings are given below is done too.",
    )
    poster: Poster | None = Field(None, description="Settings of the poster.")
    storyboard: Storyboard | None = Field(None, description="Settings of the storyboard.")
    preview: Preview | None = Field(None, description="Settings of the preview.")
    web: Web | None = Field(None, description="Settings of the web version.")
    transcode: Transcode | None = Field(None, description="Settings of the transcodes.")
    hls: Hls | None = Field(None, description="Settings of the stream.")
    audio: AudioOutput | None = Field(None, description="Settings of the sound's own file.")
    waveform: Waveform | None = Field(None, description="Settings of the waveform.")
    strip_metadata: bool = Field(
        True, description="From the outputs: titles and languages stay, place, device, time and all else go."
    )


class Picture(BaseModel):
    file: str = Field(description="The output's name.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    at: float | None = Field(description="Seconds into the video.")


class StoryboardMade(BaseModel):
    file: str = Field(description="The sheet's name.")
    vtt: str = Field(description="The WebVTT file's name; its cues point into the sheet.")
    json_file: str = Field(description="The JSON file's name.")
    tiles: int = Field(description="How many; fewer than asked for where there are no more different frames.")
    columns: int = Field(description="Tiles in a row.")
    tile_width: int = Field(description="Pixels.")
    tile_height: int = Field(description="Pixels.")
    accuracy: Accuracy = Field(description="`keyframe` or `exact`: how the tiles were found.")


class PreviewMade(BaseModel):
    file: str = Field(description="The output's name.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    frames: int = Field(description="How many.")


class WebMade(BaseModel):
    file: str | None = Field(description="The output's name; null if there is none.")
    container: Literal["mp4", "fmp4", "webm"] | None = Field(description="Of the file.")
    how: Literal["unchanged", "remuxed", "transcoded", "none"] = Field(
        description="`unchanged`: the original does, and there is no file. `none`: it can't be without re-encoding."
    )
    reasons: list[str] = Field(description="Why there is no file, or what was changed.")


class Transcoded(BaseModel):
    file: str = Field(description="The output's name.")
    codec: str = Field(description="Of the video.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    frames: int = Field(description="How many.")
    duration: float = Field(description="Seconds.")
    bytes: int = Field(description="Of the file.")


class Rung(BaseModel):
    playlist: str = Field(description="The output's name.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    bandwidth: int = Field(description="Bits a second at most.")
    segments: int = Field(description="How many.")
    copied: bool = Field(description="Whether it was not re-encoded.")


class HlsMade(BaseModel):
    playlist: str = Field(description="The multivariant playlist's name.")
    rungs: list[Rung] = Field(description="The highest first.")


class SubtitlesMade(BaseModel):
    file: str = Field(description="The WebVTT file's name.")
    language: str | None = Field(description="ISO 639-2.")
    title: str | None = Field(description="As the video calls them.")
    is_default: bool = Field(description="Meant to be shown unless somebody chooses others.")
    is_forced: bool = Field(description="Meant to be shown whatever somebody chooses.")
    cues: int = Field(description="How many.")


class VideoResult(MediaInfo):
    """The video as it came in, and what was made of it."""

    poster: Picture | None = Field(None, description="If it was asked for.")
    storyboard: StoryboardMade | None = Field(None, description="If it was asked for.")
    preview: PreviewMade | None = Field(None, description="If it was asked for.")
    web: WebMade | None = Field(None, description="If it was asked for.")
    transcodes: list[Transcoded] = Field([], description="If they were asked for, in the order of `heights`.")
    hls: HlsMade | None = Field(None, description="If it was asked for.")
    sound: AudioMade | None = Field(None, description="The sound's own file, if it was asked for.")
    waveform: WaveformMade | None = Field(None, description="If it was asked for.")
    subtitle_files: list[SubtitlesMade] = Field([], description="If they were asked for.")
    errors: list[NotMade] = Field(
        description="Operations that could not be done; empty unless `on_error` is `partial`."
    )
