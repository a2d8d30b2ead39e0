"""From a film and what is wanted of it to the files: everything is opened, set up, and run, once if it fits so."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction

from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from processors.media.memory import lean
from processors.media.opening import choose_video, decoding
from processors.media.source import Source
from processors.video.budget import Budget, Way
from processors.video.encoders import ENCODERS, Thrift
from processors.video.encoding import Form, Order, Run, Writer, Written
from processors.video.reading import Pass
from processors.video.scaling import Scaler, Wanted
from processors.video.soundtrack import COPIED, Codec, Copied, Encoded, Soundtrack, first_sound
from processors.webp import Size

Create = Callable[[Size], OutputContainer]


def produce(source: Source, order: Order, sizes: Sequence[Size], create: Create) -> list[Written]:
    """What became of each size, in that order; `create` opens its file. Raises `Rejected`."""
    with source.open() as container:
        ways = Budget(_video(source, container).codec_context, order, source.memory_bytes).ways(sizes)
    written = []
    for number, way in enumerate(ways):
        with lean(small_pages=way.is_lean):
            written += _produce(source, order.share(number, len(ways)), way, create)
    return written


def _produce(source: Source, order: Order, way: Way, create: Create) -> list[Written]:
    """From one decoding."""
    with decoding(), source.open() as container, ExitStack() as created:
        video = _video(source, container)
        sound = _soundtrack(source, container, order)
        form = form_of(order, video)
        writers = []
        for size in way.sizes:
            output = created.enter_context(create(size))
            writers.append(Writer(output, form, size, encoder_options(order, way.thrift), way.thrift.threads))
            if sound:
                sound.add_to(output)
        reading = Pass(source, container, video, sound.stream if sound else None, way.decoders)
        tonemap, turn = order.settings.tonemap == "auto", order.look.turn
        scaler = Scaler(Wanted(tuple(way.sizes), form.pix_fmt, tonemap, turn), form.time_base)
        Run(source.plan, order, reading, scaler, writers, sound).run()
    if reading.damaged:
        source.note(f"The video is damaged; what the {order.stage} made may be, too.")
    return [writer.written() for writer in writers]


def _video(source: Source, container: InputContainer) -> VideoStream:
    video = choose_video(container, source.limits)
    assert video is not None
    return video


def form_of(order: Order, video: VideoStream) -> Form:
    settings, look = order.settings, order.look
    encoder = ENCODERS[settings.video]
    assert video.time_base is not None
    return Form(
        encoder,
        "yuv420p10le" if order.keeps_hdr else "yuv420p",
        look.colour.written(settings.tonemap == "auto"),
        min(look.rate, Fraction(settings.max_fps).limit_denominator(1001)) if settings.max_fps else look.rate,
        video.time_base,
    )


def encoder_options(order: Order, thrift: Thrift) -> dict[str, str]:
    settings = order.settings
    return ENCODERS[settings.video].settings(settings.preset, settings.crf, thrift) | dict(order.options)


def _soundtrack(source: Source, container: InputContainer, order: Order) -> Soundtrack | None:
    stream = None if order.settings.audio == "none" else first_sound(container)
    if stream is None:
        return None
    codec = sound_codec(source, order, stream)
    return Encoded(stream, codec, order.gain) if codec else Copied(stream)


def sound_codec(source: Source, order: Order, stream: AudioStream) -> Codec | None:
    """What the sound is encoded as; None: it is copied."""
    settings = order.settings
    suffix = ENCODERS[settings.video].suffix
    codec: Codec = "opus" if suffix == "webm" or settings.audio == "opus" else "aac"
    if settings.audio == "copy":
        if stream.codec_context.codec.canonical_name in COPIED[suffix] and settings.loudness is None:
            return None
        source.note(f"The sound could not be copied as it is; it was encoded as {codec.upper()}.")
    return codec
