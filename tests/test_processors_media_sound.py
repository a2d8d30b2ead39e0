"""One pass over the sound: everybody hears all of it, whatever the file does on its way."""

import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from av.audio.frame import AudioFrame

from processors.base import Cancelled, Rejected, Report
from processors.media.opening import choose_audio
from processors.media.sound import Filters, Heard, first_frame, listen, promised_samples
from tests.films import film, still
from tests.programs import require
from tests.tones import RATE, Opened, sine, write


class Ear:
    """Counts what it hears, through a filter that changes nothing."""

    def __init__(self, filters: Filters = (("anull", ""),)) -> None:
        self.samples = 0
        self.times: list[float] = []
        self._filters = filters

    def filters(self, _rate: int, _channels: int) -> Filters:
        return self._filters

    def hear(self, frame: AudioFrame) -> None:
        self.samples += frame.samples
        self.times.append(frame.time or 0.0)


def hear(path: Path, scratch: Path, *ears: Ear, on_report: Callable[[Report], None] | None = None) -> Heard:
    opened = Opened(path, scratch, "listening", *([on_report] if on_report else []))
    with opened as source, source.open() as container:
        return listen(source, choose_audio(container), ears, "listening")


@pytest.mark.parametrize(("name", "codec", "form"), [
    ("a.wav", "pcm_s16le", None), ("a.wav", "pcm_s24le", None), ("a.wav", "pcm_f32le", None), ("a.wav", "pcm_u8", None),
    ("a.wav", "pcm_alaw", None), ("a.wav", "pcm_s32le", None), ("a.aiff", "pcm_s16be", None), ("a.flac", "flac", None),
    ("a.mp3", "libmp3lame", None), ("a.m4a", "aac", "ipod"), ("a.aac", "aac", "adts"), ("a.ogg", "libopus", None),
    ("a.webm", "libopus", None), ("a.m4a", "alac", "ipod"), ("a.mp4", "aac", None), ("a.mov", "pcm_s16le", None),
])  # fmt: skip
def test_every_format_is_heard_to_its_end(name: str, codec: str, form: str | None, tmp_path: Path) -> None:
    """As long as it is, but for the codecs that begin with a delay and don't say so."""
    path = write(tmp_path / name, sine(440, -10), seconds=1.5, codec=codec, form=form)
    ears = Ear(), Ear((("aformat", "sample_fmts=s16"), ("asetnsamples", "n=1000:p=0")))
    heard = hear(path, tmp_path, *ears)
    assert heard.rate == RATE
    assert heard.seconds == pytest.approx(1.5, abs=0.06 if form == "adts" else 0.03)
    assert [ear.samples for ear in ears] == [heard.samples, heard.samples]
    assert heard.damaged == 0


def test_vorbis_is_heard_to_its_end(tmp_path: Path) -> None:
    require("ffmpeg")
    path = write(tmp_path / "a.wav", sine(440, -10), seconds=1.5)
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-c:a", "libvorbis", str(tmp_path / "a.ogg")]
    subprocess.run(command, check=True)
    assert hear(tmp_path / "a.ogg", tmp_path, Ear()).seconds == pytest.approx(1.5, abs=0.03)


@pytest.mark.parametrize(
    ("magic", "frame", "rate"), [(b"#!AMR\n", b"\x3c" + bytes(31), 8_000), (b"#!AMR-WB\n", b"\x44" + bytes(60), 16_000)]
)
def test_the_speech_of_old_phones_is_heard_to_its_end(magic: bytes, frame: bytes, rate: int, tmp_path: Path) -> None:
    """50 frames a second (RFC 4867)."""
    path = tmp_path / "a.amr"
    path.write_bytes(magic + frame * 75)
    heard = hear(path, tmp_path, Ear())
    assert (heard.seconds, heard.rate) == (1.5, rate)


def test_time_is_counted_from_zero_and_without_gaps(tmp_path: Path) -> None:
    ear = Ear((("asetnsamples", "n=4800:p=0"),))
    hear(write(tmp_path / "a.mp3", sine(440, -10), seconds=1, codec="libmp3lame"), tmp_path, ear)
    assert ear.times == pytest.approx([number / 10 for number in range(10)])


def test_a_sound_that_changes_its_format_on_the_way_is_heard_in_one(tmp_path: Path) -> None:
    """As where recordings were glued together: other rates, other channels, tags in between."""
    parts = [
        write(tmp_path / "1.mp3", sine(440, -10), sine(440, -10), codec="libmp3lame"),
        write(tmp_path / "2.mp3", sine(440, -10, 24_000), codec="libmp3lame", rate=24_000),
        write(tmp_path / "3.mp3", sine(440, -10, 44_100), codec="libmp3lame", rate=44_100),
    ]
    path = tmp_path / "all.mp3"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    ear = Ear()
    heard = hear(path, tmp_path, ear)
    assert heard.seconds == pytest.approx(3, abs=0.25)
    assert ear.samples == heard.samples


def test_damaged_packets_are_passed_over_and_mentioned(tmp_path: Path) -> None:
    data = bytearray(write(tmp_path / "a.mp3", sine(440, -10), seconds=3, codec="libmp3lame").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = b"\xff\xfb" * 1000
    path = tmp_path / "b.mp3"
    path.write_bytes(data)
    with Opened(path, tmp_path, "listening") as source, source.open() as container:
        heard = listen(source, choose_audio(container), [Ear()], "listening")
        assert source.notes == ["The sound is damaged; parts of it are missing."]
    assert heard.damaged > 0
    assert 2 < heard.seconds < 3.2


def test_progress_is_how_much_of_the_file_was_read_and_never_goes_back(tmp_path: Path) -> None:
    """Also where the file has no header that could say how long it is."""
    path = write(tmp_path / "a.aac", sine(440, -10), seconds=20, codec="aac", form="adts")
    reports: list[Report] = []
    hear(path, tmp_path, Ear(), on_report=reports.append)
    assert {(report.stage, report.unit, report.total) for report in reports} == {("listening", "%", 100)}
    assert all(before.done <= after.done for before, after in pairwise(reports))
    assert reports[-1].done <= 99


def test_a_cancel_is_heard_at_once(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", sine(440, -10), seconds=1)
    ear = Ear()

    def cancel(_report: Report) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        hear(path, tmp_path, ear, on_report=cancel)
    assert ear.samples < RATE


def test_a_sound_longer_than_is_allowed_is_refused_as_soon_as_that_is_known(tmp_path: Path) -> None:
    """The header of this one says two seconds."""
    data = bytearray(write(tmp_path / "a.flac", sine(440, -10), seconds=5, codec="flac").read_bytes())
    data[22:26] = (2 * RATE).to_bytes(4, "big")
    path = tmp_path / "b.flac"
    path.write_bytes(data)
    ear = Ear()
    with Opened(path, tmp_path, "listening", max_seconds=3) as source, source.open() as container:
        assert promised_samples(choose_audio(container)) == 2 * RATE
        with pytest.raises(Rejected, match="more than 3 seconds") as rejected:
            listen(source, choose_audio(container), [ear], "listening")
    assert rejected.value.code == "limit_exceeded"
    assert ear.samples < 4 * RATE


@pytest.mark.parametrize("find", [first_frame, lambda source, stream, stage: listen(source, stream, [Ear()], stage)])
def test_a_sound_without_a_decodable_frame_is_rejected(find: Callable[..., object], tmp_path: Path) -> None:
    data = bytearray(write(tmp_path / "a.m4a", sine(440, -10), codec="aac").read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = b"\xff" * (end - start)
    path = tmp_path / "b.m4a"
    path.write_bytes(data)
    with (
        Opened(path, tmp_path, "listening") as source,
        source.open() as container,
        pytest.raises(Rejected, match="Not a single frame of the sound") as rejected,
    ):
        find(source, choose_audio(container), "listening")
    assert rejected.value.code == "corrupt_input"


def test_a_film_without_a_sound_has_none_to_choose(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", still(), 5)
    with (
        Opened(path, tmp_path, "listening") as source,
        source.open() as container,
        pytest.raises(Rejected, match="no sound"),
    ):
        choose_audio(container)


@pytest.mark.parametrize(("size", "promised"), [(1.0, 60.0), (0.1, 12.0)])
def test_no_more_is_promised_than_the_file_can_hold(size: float, promised: float, tmp_path: Path) -> None:
    """Of an upload that was cut off, twice as much as is there at its bit rate."""
    data = write(tmp_path / "a.mp3", sine(440, -10, 8_000), seconds=60, codec="libmp3lame", rate=8_000).read_bytes()
    path = tmp_path / "b.mp3"
    path.write_bytes(data[: int(len(data) * size)])
    with Opened(path, tmp_path, "listening") as source, source.open() as container:
        assert promised_samples(choose_audio(container)) / 8_000 == pytest.approx(promised, rel=0.05)
