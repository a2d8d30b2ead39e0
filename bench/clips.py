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
    *("-c:v", "libx264", "-preset", "fast", "-crf", "23", "-c:a", "aac", "-b:a", "128k"),
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


def _picture(size: str, pixels: str, frames: int, *codec: str) -> Sequence[str]:
    moving = f"testsrc2=size={size}:rate=24"
    return [*FILTERED, moving, "-frames:v", str(frames), "-pix_fmt", pixels, "-c:v", *codec]


H264, HEVC = ("libx264", "-preset", "ultrafast"), ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
VP9 = ("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-row-mt", "1")

ARGUMENTS: Mapping[str, Callable[[Clips], Sequence[str]]] = {
    "60 s long": lambda _: [*_film(), *ENCODED, "-t", "60"],
    "60 s phone": lambda _: [*_film(), *ENCODED, *A_SECOND, "-t", "60"],
    "600 s long": lambda clips: _looped(clips["60 s long"], 600),
    "600 s phone": lambda clips: _looped(clips["60 s phone"], 600),
    "20 s": lambda _: [*_film(), *ENCODED, "-t", "20"],  # a copy cut to length would have frames that aren't shown
    "20 min": lambda _: _music(),
    "4K H.264": lambda _: _picture("3840x2160", "yuv420p", 48, *H264),
    # Frames that others refer to stay in memory: of so many, a decoder can't help it.
    "4K H.264 with 16 references": lambda _: _picture("3840x2160", "yuv420p", 48, *H264, "-refs", "16", "-bf", "8"),
    "4K HEVC of 10 bit": lambda _: _picture("3840x2160", "yuv420p10le", 24, *HEVC),
    "8K H.264": lambda _: _picture("7680x4320", "yuv420p", 12, *H264),
    "8K HEVC": lambda _: _picture("7680x4320", "yuv420p", 12, *HEVC),
    "8K HEVC of 10 bit": lambda _: _picture("7680x4320", "yuv420p10le", 8, *HEVC),
    "8K VP9": lambda _: _picture("7680x4320", "yuv420p", 12, *VP9),
}
SOUNDS = frozenset({"20 min"})
LARGE = [name for name in ARGUMENTS if name[:2] in ("4K", "8K")]
