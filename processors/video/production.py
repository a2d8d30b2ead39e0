"""From a film and what is wanted of it to the files: everything is opened, set up, and run once."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction

from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from processors.media.opening import choose_video, decoding
from processors.media.source import Source
from processors.video import budget
from processors.video.encoders import ENCODERS
from processors.video.encoding import Form, Order, Run, Writer, Written
from processors.video.reading import Pass
from processors.video.scaling import Scaler, Wanted
from processors.video.soundtrack import COPIED, Codec, Copied, Encoded, Soundtrack, first_sound
from processors.webp import Size


def produce(
    source: Source, order: Order, sizes: Sequence[Size], create: Callable[[Size], OutputContainer]
) -> list[Written]:
    """What became of each size, in that order; `create` opens its file. Raises `Rejected`."""
    with decoding(), source.open() as container, ExitStack() as created:
        video = choose_video(container, source.limits)
        assert video is not None
        budget.check(video.codec_context, ENCODERS[order.settings.video], sizes)
        sound = _soundtrack(source, container, order)
        form = form_of(order, video)
        writers = []
        for size in sizes:
            output = created.enter_context(create(size))
            writers.append(Writer(output, form, size, encoder_options(order, size)))
            if sound:
                sound.add_to(output)
        reading = Pass(source, container, video, sound.stream if sound else None)
        tonemap, turn = order.settings.tonemap == "auto", order.look.turn
        scaler = Scaler(Wanted(tuple(sizes), form.pix_fmt, tonemap, turn), form.time_base)
        Run(source.plan, order, reading, scaler, writers, sound).run()
    if reading.damaged:
        source.note(f"The video is damaged; what the {order.stage} made may be, too.")
    return [writer.written() for writer in writers]


def form_of(order: Order, video: VideoStream) -> Form:
    settings, look = order.settings, order.look
    encoder = ENCODERS[settings.video]
    is_hdr_kept = look.colour.is_hdr and settings.tonemap == "off" and look.bits > 8
    assert video.time_base is not None
    return Form(
        encoder,
        encoder.ten_bit if is_hdr_kept else "yuv420p",
        look.colour.written(settings.tonemap == "auto"),
        min(look.rate, Fraction(settings.max_fps).limit_denominator(1001)) if settings.max_fps else look.rate,
        video.time_base,
    )


def encoder_options(order: Order, size: Size) -> dict[str, str]:
    settings = order.settings
    usual = ENCODERS[settings.video].settings(settings.preset, settings.crf, size[0] * size[1])
    return usual | dict(order.options)


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
