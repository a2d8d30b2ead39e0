"""What browsers play, and why not the rest: which codecs, in which containers.

It is what current Chrome, Edge, Firefox and Safari have in common, and where they differ that is said.
"""

from collections.abc import Sequence

from processors.media.layout import Layout
from processors.media.models import AudioStream, Playable, VideoStream

H264_PROFILES = frozenset(
    {"Baseline", "Constrained Baseline", "Main", "High", "Progressive High", "Constrained High", "Extended"}
)
H264_LEVEL = 5.2
PIXEL_FORMATS = frozenset({"yuv420p", "yuvj420p"})
AAC_PROFILES = frozenset({"LC", "HE-AAC", "HE-AACv2", None})

# Which a browser takes in which file. FLAC and PCM stand alone.
WEBM = frozenset({"vp8", "vp9", "av1", "opus", "vorbis"})
MP4 = frozenset({"h264", "av1", "vp9", "aac", "mp3", "opus", "flac"})
CONTAINERS = {
    "mp4": MP4,
    "m4a": MP4,
    "webm": WEBM,
    "mp3": frozenset({"mp3"}),
    "aac": frozenset({"aac"}),
    "ogg": frozenset({"opus", "vorbis", "flac"}),
    "flac": frozenset({"flac"}),
    "wav": frozenset({"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le"}),
}
AUDIO = frozenset().union(*CONTAINERS.values()) - {"h264", "av1", "vp8", "vp9"}
NAMES = {"h264": "H.264", "hevc": "HEVC", "av1": "AV1", "vp8": "VP8", "vp9": "VP9", "aac": "AAC", "mp3": "MP3"}


def verdict(layout: Layout, format_: str, video: VideoStream | None, audio: Sequence[AudioStream]) -> Playable:
    """Of the file as it is."""
    faults = [fault for fault in (video and video_fault(video), *map(audio_fault, audio)) if fault]
    codecs = [stream.codec for stream in (video, *audio) if stream]
    if not codecs:
        faults.append("There is nothing to play in it.")
    elif format_ not in CONTAINERS:
        faults.append(f"Browsers don't take the container ({format_}).")
    elif not faults and (strange := set(codecs) - CONTAINERS[format_]):
        faults.append(f"Browsers don't take {named(min(strange))} in this container ({format_}).")
    return Playable(web=not faults, reasons=list(dict.fromkeys(faults)) or reservations(layout, video))


def video_fault(video: VideoStream) -> str | None:
    """Why browsers don't decode it, for a person; None if they do."""
    match video.codec:
        case "h264" if video.profile not in H264_PROFILES:
            return f"Browsers don't play H.264 of the profile {video.profile}."
        case "h264" if (video.level or 0) > H264_LEVEL:
            return f"H.264 of level {video.level} is more than browsers are sure to play."
        case "hevc":
            return "HEVC plays in Safari, and elsewhere only where the hardware decodes it."
        case "h264" | "vp8" | "vp9" if video.pixel_format not in PIXEL_FORMATS:
            return f"Browsers play 8 bits and 4:2:0 of {named(video.codec)}, but this is {video.pixel_format}."
        case "av1" if video.chroma not in ("4:2:0", "gray"):
            return f"Browsers play 4:2:0 of AV1, but this is {video.chroma}."
        case "h264" | "vp8" | "vp9" | "av1":
            return None
    return f"Browsers don't play {named(video.codec)}."


def audio_fault(audio: AudioStream) -> str | None:
    """Likewise."""
    if audio.codec == "aac" and audio.profile not in AAC_PROFILES:
        return f"Browsers don't play AAC of the profile {audio.profile}."
    return None if audio.codec in AUDIO else f"Browsers don't play {named(audio.codec)} sound."


def reservations(layout: Layout, video: VideoStream | None) -> list[str]:
    """What may still be wrong with a file that browsers play."""
    told = []
    if layout.index_first is False:
        told.append("It can't be streamed: its index stands at the end of the file.")
    if video and video.codec == "av1":
        told.append("AV1 plays in Chrome, Edge and Firefox; in Safari only where the hardware decodes it.")
    if video and video.is_interlaced:
        told.append("It is interlaced, and browsers show the lines of both fields at once.")
    return told


def named(codec: str) -> str:
    return NAMES.get(codec, codec)
