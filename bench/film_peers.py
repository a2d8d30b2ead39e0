"""The video kinds' competitors, as whole processes; and Dropoff itself, in real cells."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import imageio_ffmpeg  # type: ignore[import-untyped] # it has no types

from processors.registry import load
from tests.cells import RESULT, Cells


class PeerFailed(Exception):
    """Says which and why."""


@dataclass(frozen=True, slots=True)
class Used:
    """What one run took, and left in `folder`. `result` is the job's, if it was Dropoff's."""

    seconds: float
    cpu_seconds: float
    rss_bytes: int
    folder: Path
    result: Mapping[str, Any] = field(default_factory=dict)


class Peer(Protocol):
    @property
    def clip(self) -> str: ...
    @property
    def jobs(self) -> int: ...

    def run(self, clip: Path, folder: Path) -> Used: ...


@dataclass(frozen=True, slots=True)
class Program:
    """A command, in which `{clip}` and `{out}` stand for the input and for the folder of the outputs."""

    clip: str
    command: Sequence[str]
    jobs: int = 1

    def run(self, clip: Path, folder: Path) -> Used:
        """The wall clock runs from before the start to the end of the process: starting belongs to its use."""
        folder.mkdir()
        command = [part.replace("{clip}", str(clip)).replace("{out}", str(folder)) for part in self.command]
        with (folder.parent / f"{folder.name}.err").open("w+b") as errors:
            started = time.perf_counter()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                errors.seek(0)
                raise PeerFailed(f"{command[0]} ended with {process.returncode}: {errors.read().decode()[-1000:]}")
        return Used(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, folder)


@dataclass(frozen=True, slots=True)
class Dropoff:
    """A fresh cell for each job, from a warm zygote, as a worker has it."""

    clip: str
    cells: Cells
    kind: str
    params: Mapping[str, Any]
    jobs: int = 1

    def run(self, clip: Path, folder: Path) -> Used:
        """The wall clock runs from the order of a cell to its end, with its outputs written."""
        processor = load([self.kind])[self.kind]
        started = time.perf_counter()
        ended = self.cells.run(clip, self.params, processor=processor)
        seconds = time.perf_counter() - started
        if ended.code != RESULT:
            raise PeerFailed(f"{clip.name}: {ended.code}: {ended.detail}")
        folder.mkdir()
        for output in ended.outputs():
            output.rename(folder / output.name)
        shutil.rmtree(ended.folder.parent)
        return Used(seconds, ended.cpu_seconds, ended.rss_bytes, folder, ended.result)


class Warm:
    """A process that is warm and has done such a job before, measured by its own clocks: what the work alone takes."""

    jobs = 1

    def __init__(self, clip: str, kind: str, params: Mapping[str, Any]) -> None:
        self.clip = clip
        self._kind = kind
        self._params = params
        self._process: subprocess.Popen[str] | None = None

    def run(self, clip: Path, folder: Path) -> Used:
        if self._process is None:
            command = [sys.executable, "-m", "bench.warm_worker", self._kind]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.run(clip, folder.with_name("first"))
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        folder.mkdir()
        order = {"clip": str(clip), "params": self._params, "folder": str(folder)}
        print(json.dumps(order), file=self._process.stdin, flush=True)
        told = json.loads(self._process.stdout.readline())
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        made = folder / "out" if (folder / "out").is_dir() else folder
        return Used(told["seconds"], told["cpu_seconds"], int(line.split()[1]) << 10, made, told["result"])

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()  # the end of its orders


def run_at_once(peer: Peer, clip: Path, folder: Path) -> list[Used]:
    """All jobs of a peer together. The seconds of each become those until the last has ended."""
    started = time.perf_counter()
    with ThreadPoolExecutor(peer.jobs) as pool:
        runs = list(pool.map(lambda number: peer.run(clip, folder / str(number)), range(peer.jobs)))
    seconds = time.perf_counter() - started
    if peer.jobs == 1:
        return runs
    return [Used(seconds, one.cpu_seconds, one.rss_bytes, one.folder, one.result) for one in runs]


# -- programs


def ffmpegs() -> Mapping[str, str]:
    """Debian's, where it is installed, and the one that comes with imageio-ffmpeg."""
    found = {"ffmpeg": shutil.which("ffmpeg"), "imageio-ffmpeg": imageio_ffmpeg.get_ffmpeg_exe()}
    return {name: path for name, path in found.items() if path}


def version(ffmpeg: str) -> str:
    """Such as 5.1.9."""
    first = subprocess.check_output([ffmpeg, "-version"], text=True).splitlines()[0]
    return first.split()[2].lstrip("n").partition("-")[0]


def ffmpeg(program: str, *arguments: str) -> list[str]:
    return [program, "-nostdin", "-v", "error", "-y", *arguments]


def script(name: str, *arguments: str) -> list[str]:
    """In a fresh interpreter, as its author would run it."""
    return [sys.executable, "-m", f"bench.naive_{name}", *arguments, "{clip}", "{out}"]


def fps_filter(program: str, seconds: int) -> list[str]:
    """Decode everything, as MediaCMS and PeerTube do."""
    tiles = f"[a]fps=25/{seconds},scale=320:-2,tile=5x5[sheet]"
    return ffmpeg(program, "-i", "{clip}", "-filter_complex", f"[0:v]split[a][b];{tiles};{_poster(seconds)}", *SHEET)


def keyframes(program: str, seconds: int, *faster: str) -> list[str]:
    """Sheet and poster in one process, from keyframes alone."""
    tiles = f"[a]fps=25/{seconds},scale=320:-2,tile=5x5[sheet]"
    options = ("-skip_frame", "nokey", "-an", *faster, "-i", "{clip}")
    return ffmpeg(program, *options, "-filter_complex", f"[0:v]split[a][b];{tiles};{_poster(seconds)}", *SHEET)


def seeks(program: str, seconds: int, *shortcuts: str) -> list[str]:
    """A process with 25 inputs, each of which is sought in for a keyframe."""
    options = ("-skip_frame", "nokey", "-an", *shortcuts, "-noaccurate_seek", "-t", "0.04")
    inputs = [part for n in range(25) for part in (*options, "-ss", f"{n * seconds / 25:.3f}", "-i", "{clip}")]
    tiles = ";".join(f"[{n}:v]trim=end_frame=1,scale=320:-2,setpts={n}/TB[t{n}]" for n in range(25))
    sheet = "".join(f"[t{n}]" for n in range(25)) + "concat=n=25,tile=5x5[sheet]"
    return ffmpeg(program, *inputs, "-filter_complex", f"{tiles};{sheet};[0:v]scale=1280:-2[poster]", *SHEET)


def _poster(seconds: int) -> str:
    return f"[b]select=gte(t\\,{seconds / 10:g}),trim=end_frame=1,scale=1280:-2[poster]"


SHEET = (
    *("-map", "[sheet]", "-frames:v", "1", "{out}/sheet.jpg"),
    *("-map", "[poster]", "-frames:v", "1", "{out}/poster.jpg"),
)


def copied(program: str) -> list[str]:
    """What a person types to make it ready for the web."""
    return ffmpeg(program, "-i", "{clip}", "-c", "copy", "-movflags", "+faststart", "{out}/web.mp4")


def transcoded(program: str) -> list[str]:
    return ffmpeg(
        *(program, "-i", "{clip}", "-vf", "scale=-2:720", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
        *("-threads", "2", "-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", "{out}/720p.mp4"),
    )
