"""Transcodes by an ffmpeg program that the operator chose: a newer one, or one that was patched before ours was.

It is a child of the cell, under the cell's limits. The film is an open descriptor to it, and the same lists of demuxers
and decoders hold; it writes nothing but the files that are named.
"""

import errno
import os
import select
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from processors.base import Rejected
from processors.media.opening import CODECS, FORMATS, OF_WRITING, choose_video
from processors.media.source import Source
from processors.video.encoding import TOLERANCE_SECONDS, Form, Order, Written
from processors.video.production import encoder_options, form_of, sound_codec
from processors.video.scaling import Wanted, branch, trunk
from processors.video.soundtrack import BIT_RATES, ENCODERS, first_sound, mixed, rate_of
from processors.webp import Size

PATIENCE_SECONDS = 0.1  # between looks at whether the job was cancelled
STATS_SECONDS = "0.2"
STEPS = "1/90000"  # of its clock: fine enough for stamps to be kept
ERROR_TAIL = 300
LARGE_PIXELS = 1_000_000  # above 720p, fewer frames are kept waiting in the encoder


def can(order: Order) -> bool:
    """Tone mapping is left to our own FFmpeg: few others have it."""
    return order.settings.tonemap == "off" or not order.look.colour.is_hdr


def produce(
    program: str,
    source: Source,
    order: Order,
    paths: Mapping[Size, Path],
    tags: Mapping[str, str],
) -> list[Written]:
    """What became of each size, in that order. Raises `Rejected`."""
    with source.open() as container:
        video = choose_video(container, source.limits)
        assert video is not None
        sound = None if order.settings.audio == "none" else first_sound(container)
        form = form_of(order, video)
        duration = (container.duration or 0) / 1_000_000
        sizes = list(paths)
        command = [*_graph(order, form, sizes, video)]
        for number, (size, path) in enumerate(paths.items()):
            command += ["-map", f"[v{number}]", *_picture(order, form, size)]
            command += [*_sound(source, order, sound), *_meta(tags), str(path)]
    done = _run([program, *_input(source), *command], source, order, duration)
    return [Written(size, *done) for size in sizes]


def _input(source: Source) -> list[str]:
    """All that is true of the input stands before it; after it, the options are the encoders'."""
    return [
        *(
            "-nostdin",
            "-hide_banner",
            "-loglevel",
            "error",
            "-progress",
            "pipe:1",
            "-stats_period",
            STATS_SECONDS,
            "-y",
        ),
        *("-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-codec_whitelist", CODECS),
        *("-max_pixels", str(source.limits.max_pixels), "-threads", "2"),
        *("-i", f"/dev/fd/{source.work.descriptor}"),
    ]


def _graph(order: Order, form: Form, sizes: Sequence[Size], video: VideoStream) -> Iterator[str]:
    wanted = Wanted(tuple(sizes), form.pix_fmt, tonemap=False, turn=0)  # the program turns it by itself, before all
    first = list(trunk(wanted, order.look.colour, order.look.is_interlaced))
    if most := order.settings.max_fps:
        step = 1 / most - TOLERANCE_SECONDS
        first.insert(0, ("select", f"isnan(prev_selected_t)+gte(t-prev_selected_t\\,{step:.6f})"))
    outputs = [f"[s{number}]" for number in range(len(sizes))]
    chains = [f"[0:{video.index}]{_chain([*first, ('split', str(len(sizes)))])}{''.join(outputs)}"]
    for number, size in enumerate(sizes):
        chains.append(f"[s{number}]{_chain(branch(wanted, size, order.look.is_rgb))}[v{number}]")
    yield from ("-filter_complex", ";".join(chains), "-filter_complex_threads", "1")


def _chain(filters: "Iterator[tuple[str, str]] | list[tuple[str, str]]") -> str:
    return ",".join(f"{name}={options}" if options else name for name, options in filters)


def _picture(order: Order, form: Form, size: Size) -> Iterator[str]:
    thrift = form.encoder.thrifts[1 if size[0] * size[1] > LARGE_PIXELS else 0]
    yield from ("-c:v", form.encoder.name, "-pix_fmt", form.pix_fmt, "-threads:v", str(thrift.threads))
    yield from ("-fps_mode", "vfr", "-enc_time_base:v", STEPS)
    if form.encoder.tag:
        yield from ("-tag:v", form.encoder.tag)
    for name, value in encoder_options(order, thrift).items():
        yield from (f"-{name}:v" if name != "crf" else "-crf", value)
    yield from ("-colorspace", str(form.colour.matrix), "-color_primaries", str(form.colour.primaries))
    yield from ("-color_trc", str(form.colour.transfer), "-color_range", "tv")


def _sound(source: Source, order: Order, stream: AudioStream | None) -> Iterator[str]:
    if stream is None:
        yield "-an"
        return
    yield from ("-map", f"0:{stream.index}")
    codec = sound_codec(source, order, stream)
    if codec is None:
        yield from ("-c:a", "copy")
        return
    layout = mixed(stream)
    yield from ("-c:a", ENCODERS[codec][0], "-b:a", str(BIT_RATES[layout]), "-ar", str(rate_of(stream, codec)))
    volume = f",volume={order.gain:.2f}dB" if order.gain else ""
    yield from ("-af", f"aformat=channel_layouts={layout},aresample=async=1:first_pts=0{volume}")


def _meta(tags: Mapping[str, str]) -> Iterator[str]:
    yield from ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact")
    for name, text in tags.items():
        yield from ("-metadata", f"{name}={text}")


def _run(command: list[str], source: Source, order: Order, duration: float) -> tuple[int, float]:
    """Returns how many frames were written, and to which second. The child is gone afterwards, whatever happens."""
    frames, seconds = 0, 0.0
    errors = source.work.scratch / "ffmpeg.log"
    with errors.open("w+b") as log, _child(command, source.work.descriptor, log.fileno()) as child:
        for told in _told(child):
            frames = int(told.get("frame") or frames)
            if (stamp := told.get("out_time_us", "")).lstrip("-").isdigit():
                seconds = max(seconds, int(stamp) / 1_000_000)
            part = order.part(min(seconds / duration, 0.99) if duration else None)
            source.plan.report(order.stage, part, f"frame {frames}, {told.get('speed', '0x').strip()}")
        status = child.wait()
        log.seek(0)
        said = log.read(64_000).decode(errors="replace")
    errors.unlink()
    if status != 0 or not frames:
        _fail(status, said)
    return frames, seconds


def _fail(status: int, said: str) -> NoReturn:
    """What can't be written is no fault of the film."""
    if status == -signal.SIGXFSZ:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
    for number in OF_WRITING:
        if os.strerror(number) in said:
            raise OSError(number, os.strerror(number))
    reason = said.strip().rpartition("\n")[2][-ERROR_TAIL:] or f"status {status}"
    raise Rejected("corrupt_input", f"The operator's ffmpeg could not transcode it: {reason}.")


@contextmanager
def _child(command: list[str], descriptor: int, log: int) -> "Iterator[subprocess.Popen[bytes]]":
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, pass_fds=[descriptor], bufsize=0
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()


def _told(child: "subprocess.Popen[bytes]") -> Iterator[dict[str, str]]:
    """Its progress so far, whenever it says something, and again and again where it says nothing."""
    assert child.stdout is not None
    descriptor, rest = child.stdout.fileno(), b""
    told: dict[str, str] = {}
    while True:
        if select.select([descriptor], [], [], PATIENCE_SECONDS)[0]:
            data = os.read(descriptor, 1 << 16)
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            told |= {
                name: value for name, _, value in (line.decode("ascii", "replace").partition("=") for line in lines)
            }
        yield told
