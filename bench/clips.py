"""Clips to measure with: from the shared corpus, or from a made film where there is none. Kept in `build/clips`."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
CACHE = REPOSITORY / "build" / "clips"  # ignored by git, taken away by `make clean`
CORPUS = REPOSITORY.parent / "shared" / "corpus" / "video" / "clips"
FILM, MUSIC = CORPUS / "bbb480.mp4", CORPUS / "outfoxing.mp3"

ENCODED = [
    *("-vf", "scale=1920:1080:flags=bicubic,fps=24,setsar=1", "-pix_fmt", "yuv420p"),
    *("-c:v", "libx264", "-preset", "fast", "-crf", "23", "-c:a", "aac", "-b:a", "128k", "-t", "60"),
]
A_SECOND = ["-g", "24", "-keyint_min", "24", "-sc_threshold", "0"]  # a keyframe each, as telephones do
FILTERED = ["-f", "lavfi", "-i"]


class Clips:
    """`clips["60 s long"]` is the path of a clip. `ffmpeg` makes those that aren't there yet."""

    def __init__(self, ffmpeg: str) -> None:
        self._ffmpeg = ffmpeg
        CACHE.mkdir(parents=True, exist_ok=True)

    def __getitem__(self, name: str) -> Path:
        path = CACHE / f"{name.replace(' ', '-')}{'.mp3' if name in SOUNDS else '.mp4'}"
        if not path.exists():
            print(f"making the clip {path.name}, once", flush=True)
            self._make(ARGUMENTS[name](self), path)
        return path

    def _make(self, arguments: Sequence[str], path: Path) -> None:
        unfinished = path.with_stem(f"{path.stem}-unfinished")
        command = ["nice", self._ffmpeg, "-nostdin", "-v", "error", "-y", *arguments, str(unfinished)]
        subprocess.run(command, check=True)
        unfinished.rename(path)


def is_made() -> bool:
    """Whether the clips are made from nothing, for want of the corpus."""
    return not FILM.exists()


def _film() -> Sequence[str]:
    if FILM.exists():
        return ["-stream_loop", "-1", "-i", str(FILM)]
    moving = "testsrc2=size=1920x1080:rate=24:duration=60,noise=alls=8:allf=t"
    return [*FILTERED, moving, *FILTERED, "sine=frequency=440:duration=60"]


def _music() -> Sequence[str]:
    if MUSIC.exists():
        return ["-stream_loop", "-1", "-i", str(MUSIC), "-c", "copy", "-t", "1200"]
    return [*FILTERED, "anoisesrc=duration=1200:color=pink:amplitude=0.3", "-c:a", "libmp3lame", "-b:a", "128k"]


def _looped(clip: Path, seconds: int) -> Sequence[str]:
    return ["-stream_loop", "-1", "-i", str(clip), "-c", "copy", "-t", str(seconds)]


def _picture(size: str, seconds: int, *codec: str) -> Sequence[str]:
    return [*FILTERED, f"testsrc2=size={size}:rate=24:duration={seconds}", "-pix_fmt", "yuv420p", "-c:v", *codec]


# Many reference frames are what makes a decoder hungry; x265 is told to be quiet.
ARGUMENTS: Mapping[str, Callable[[Clips], Sequence[str]]] = {
    "60 s long": lambda _: [*_film(), *ENCODED],
    "60 s phone": lambda _: [*_film(), *ENCODED, *A_SECOND],
    "600 s long": lambda clips: _looped(clips["60 s long"], 600),
    "600 s phone": lambda clips: _looped(clips["60 s phone"], 600),
    "20 s": lambda clips: ["-i", str(clips["60 s long"]), "-c", "copy", "-t", "20"],
    "20 min": lambda _: _music(),
    "4K H.264": lambda _: _picture("3840x2160", 4, "libx264", "-preset", "ultrafast"),
    "4K H.264 16 references": lambda _: _picture(
        "3840x2160", 2, "libx264", "-preset", "ultrafast", "-refs", "16", "-bf", "8"
    ),
    "4K HEVC 10 bit": lambda _: _picture(
        "3840x2160,format=yuv420p10", 2, "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"
    ),
    "8K H.264": lambda _: _picture("7680x4320", 1, "libx264", "-preset", "ultrafast"),
    "8K HEVC": lambda _: _picture("7680x4320", 1, "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"),
    "8K VP9": lambda _: _picture(
        "7680x4320", 1, "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1"
    ),
}
SOUNDS = frozenset({"20 min"})
LARGE = [name for name in ARGUMENTS if name[:2] in ("4K", "8K")]
