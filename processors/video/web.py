"""A file that browsers play: the original if it does, else the same packets in another container."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from av.container import InputContainer
from av.error import FFmpegError

from processors.media.layout import Layout
from processors.media.models import AudioStream, VideoStream
from processors.media.opening import OF_WRITING, choose_video
from processors.media.playable import MP4, WEBM, audio_fault, named, video_fault
from processors.media.remux import Copy
from processors.media.source import Source
from processors.media.writing import SUFFIXES, Kind
from processors.video import models, reencoding
from processors.video.look import Look
from processors.webp import Size

STAGE: Literal["web"] = "web"
WEBM_VIDEO = frozenset({"vp8", "vp9"})  # MP4 could have VP9, but players expect it here

# What may stay in an original that is served as it is. The rest is a device, a time, a place, or unknown.
HARMLESS = frozenset(
    {"title", "language", "major_brand", "minor_version", "compatible_brands", "encoder", "handler_name", "vendor_id"}
    | {"duration", "bps", "number_of_frames", "number_of_bytes", "_statistics_writing_app", "_statistics_tags"}
)
UNTOUCHED = frozenset({"mp3", "aac", "ogg", "flac", "wav"})  # sounds that are no films: a copy would be something else


@dataclass(frozen=True, slots=True)
class Recipe:
    """What goes into the file. `audio` has the numbers of the sounds that can be copied.

    `encode_video` and `encode_audio` say what can't be, and `faults` why. `kind` is right for what is copied; if
    all is to be encoded, it is what was asked for.
    """

    kind: Kind
    audio: tuple[int, ...]
    encode_video: bool
    encode_audio: bool
    faults: tuple[str, ...]


def make(
    source: Source, told: dict[str, Any], look: Look | None, settings: models.Web, strip_metadata: bool
) -> models.WebMade:
    """`told` are the fields of `MediaInfo`, `look` is that of the video, if there is one. Raises `Rejected`."""
    source.plan.report(STAGE, 0)
    recipe = plan(told["format"], told["video"], told["audio"], settings.container)
    layout = source.layout()
    with source.open() as container:
        if recipe.encode_video or recipe.encode_audio:
            if settings.policy == "always" and look is not None:
                return _encode(source, look, recipe, settings, strip_metadata)
            return models.WebMade(file=None, container=None, how="none", reasons=list(recipe.faults))
        changes = _changes(container, told, layout, recipe, strip_metadata)
        if not changes:
            reasons = ["The original plays as it is.", *recipe.faults]
            return models.WebMade(file=None, container=None, how="unchanged", reasons=reasons)
        return _copy(source, container, told, layout, recipe, changes, strip_metadata)


def plan(
    format_: str, video: VideoStream | None, audio: Sequence[AudioStream], wanted: Literal["mp4", "fmp4"]
) -> Recipe:
    """What can be copied, and what must be re-encoded. Of several sounds, those that browsers play will do."""
    fault = video and (video_fault(video) or _order_fault(format_, video))
    copied = None if fault else video
    faults = [fault for fault in (fault, *map(audio_fault, audio)) if fault]
    playable = [number for number, one in enumerate(audio) if not audio_fault(one)]
    kind, fits = _kind(copied, [audio[number].codec for number in playable], wanted)
    sounds = tuple(number for number in playable if audio[number].codec in fits)
    for codec in sorted({audio[number].codec for number in playable} - fits):
        faults.append(f"{named(codec)} sound doesn't go into {'WebM' if kind == 'webm' else 'MP4'}.")
    return Recipe(
        kind=kind,
        audio=sounds,
        encode_video=video is not None and copied is None,
        encode_audio=bool(audio) and not sounds,
        faults=tuple(dict.fromkeys(faults)),
    )


def _order_fault(format_: str, video: VideoStream) -> str | None:
    if format_ == "avi" and video.has_b_frames:
        return "AVI doesn't say when its frames are shown, and they are stored in another order."
    return None


def _kind(video: VideoStream | None, sounds: Sequence[str], wanted: Kind) -> tuple[Kind, frozenset[str]]:
    """The container, and the codecs that go into it."""
    if video is None:
        return (wanted, MP4) if set(sounds) <= MP4 else ("webm", WEBM)
    if video.codec not in MP4:
        return "webm", WEBM
    is_at_home = video.codec in WEBM_VIDEO and set(sounds) <= WEBM
    is_alone = video.codec in WEBM and bool(sounds) and not set(sounds) & MP4
    return ("webm", WEBM) if is_at_home or is_alone else (wanted, MP4)


def _changes(
    container: InputContainer, told: dict[str, Any], layout: Layout, recipe: Recipe, strip_metadata: bool
) -> list[str]:
    """Why the original won't do; none if it does."""
    format_, changes = told["format"], []
    if format_ in UNTOUCHED and told["video"] is None:
        return []
    if not told["playable"].web:
        changes += told["playable"].reasons
    elif layout.index_first is False:
        changes.append("Its index was brought to the beginning.")
    elif recipe.kind != "webm" and format_ != "webm" and layout.is_fragmented != (recipe.kind == "fmp4"):
        changes.append("It was fragmented." if recipe.kind == "fmp4" else "It is in one piece now.")
    if strip_metadata and _is_private(container, layout):
        changes.append("What it told beside titles and languages was left out.")
    return changes


def _is_private(container: InputContainer, layout: Layout) -> bool:
    names = {
        name.lower() for tags in (container.metadata, *(one.metadata for one in container.streams)) for name in tags
    }
    return layout.has_tags or not names <= HARMLESS or any(one.type == "data" for one in container.streams)


def _copy(
    source: Source,
    container: InputContainer,
    told: dict[str, Any],
    layout: Layout,
    recipe: Recipe,
    changes: Sequence[str],
    strip_metadata: bool,
) -> models.WebMade:
    shown = choose_video(container, source.limits)
    streams = [*([shown] if shown else []), *(container.streams.audio[number] for number in recipe.audio)]
    part = source.work.scratch / "web.part"
    try:
        Copy(source, STAGE, part, recipe.kind, strip_metadata).make(container, streams, layout)
        path = _output(source, (video.width, video.height) if (video := told["video"]) else None, recipe.kind)
        part.rename(path)
    except (FFmpegError, OverflowError) as wrong:
        if isinstance(wrong, MemoryError) or getattr(wrong, "errno", None) in OF_WRITING:
            raise
        reason = f"It can't be copied: {getattr(wrong, 'strerror', 'its times are past all bounds')}."
        return models.WebMade(file=None, container=None, how="none", reasons=[reason])
    finally:
        part.unlink(missing_ok=True)
    source.plan.report(STAGE, 1)
    return models.WebMade(file=path.name, container=recipe.kind, how="remuxed", reasons=list(changes))


def _encode(source: Source, look: Look, recipe: Recipe, settings: models.Web, strip_metadata: bool) -> models.WebMade:
    kind: Kind = settings.container if recipe.encode_video else recipe.kind
    part = source.work.scratch / "web.part"
    size = look.display
    try:
        if recipe.encode_video:
            size = reencoding.encode_picture(source, STAGE, part, kind, look, strip_metadata)
        else:
            reencoding.encode_sound(source, STAGE, part, kind, strip_metadata)
        path = _output(source, size, kind)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    source.plan.report(STAGE, 1)
    return models.WebMade(file=path.name, container=kind, how="transcoded", reasons=list(recipe.faults))


def _output(source: Source, size: Size | None, kind: Kind) -> Path:
    suffix = SUFFIXES[kind]
    sort, sides = ("video", {"width": size[0], "height": size[1]}) if size else ("audio", {})
    return source.work.output(f"web.{suffix}", f"{sort}/{suffix}", **sides)
