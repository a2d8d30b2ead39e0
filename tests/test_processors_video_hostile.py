"""Hostile films and sounds: a typed error or a right result each, soon, in little memory; nothing else is read."""

import json
import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from ingest.jobs.outcomes import Failed
from processors.base import AnyProcessor, Limits
from processors.registry import load
from tests.cells import RESULT, Cells, Ended, real_cells
from tests.films import film, noise
from tests.hostile import ends
from tests.hostile_films import GREEDY, SENTINEL, Bait, bait, hostile, scripts
from tests.hostile_plugin import hostile_sandbox
from tests.programs import require
from tests.small_media import FILMS, SOUNDS, made

MB = 1 << 20
CPU_SECONDS = 5.0
RSS_BYTES = 200 * MB
TYPED = {RESULT, "corrupt_input", "unsupported_input", "limit_exceeded"}
EVERYTHING: Mapping[str, Any] = {
    "operations": [
        *("probe", "poster", "storyboard", "preview", "web", "transcode", "hls", "audio", "waveform", "subtitles")
    ],
    "storyboard": {"tiles": 5, "accuracy": "exact"},
    "transcode": {"heights": [64]},
    "hls": {"ladder": [64]},
    "on_error": "partial",
}
EVERYTHING_HEARD: Mapping[str, Any] = {
    "operations": ["probe", "cover", "waveform", "loudness", "silence", "audio"],
    "on_error": "partial",
}
FUZZED = 200  # in cells, each of which takes 50 ms

NOWHERE = Bait(Path("/nowhere"), 1, [])
NAMES = [*hostile(NOWHERE)]
SCRIPTS = [*scripts(NOWHERE)]


@pytest.fixture(scope="module")
def lure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bait]:
    with bait(tmp_path_factory.mktemp("bait")) as lure:
        yield lure


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    with real_cells(tmp_path_factory.mktemp("cells"), "video", "audio") as cells:
        yield cells


@pytest.fixture(scope="module")
def audio() -> AnyProcessor:
    return load(["audio"])["audio"]


@pytest.fixture(autouse=True)
def nobody_came(lure: Bait) -> Iterator[None]:
    yield
    assert lure.came == []


def is_cheap(ended: Ended) -> bool:
    return ended.cpu_seconds < CPU_SECONDS and ended.rss_bytes < RSS_BYTES


def leaks(ended: Ended) -> bool:
    """Whether anything of the bait's text came out."""
    return any(f"{SENTINEL}\n".encode() in path.read_bytes() for path in ended.outputs())


def check(ended: Ended, what: object) -> None:
    assert ended.code in TYPED, (what, ended)
    assert is_cheap(ended), (what, ended)
    assert not leaks(ended), what


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_file_ends_typed_whatever_is_asked_for(
    name: str, lure: Bait, cells: Cells, audio: AnyProcessor
) -> None:
    data = hostile(lure)[name]()
    check(cells.run(data), name)
    check(cells.run(data, EVERYTHING), name)
    check(cells.run(data, EVERYTHING_HEARD, processor=audio), name)


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_is_made_of_other_files_is_no_film(name: str, lure: Bait, cells: Cells, audio: AnyProcessor) -> None:
    """The files that it names are there, and would make a film."""
    data = scripts(lure)[name]()
    for processor in (cells.processor, audio):
        ended = cells.run(data, processor=processor)
        assert ended.code in {"corrupt_input", "unsupported_input"}
        assert ended.outputs() == []


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_alone_too_nothing_but_the_file_is_opened_and_nobody_is_called(kind: str, lure: Bait, tmp_path: Path) -> None:
    """All the hostile files, in one process, in the folder of the bait, watched by strace."""
    require("strace")
    paths = []
    for number, make in enumerate(hostile(lure).values()):
        paths.append(lure.folder / f"{number}.mp4")
        paths[-1].write_bytes(make())
    log = tmp_path / "log"
    watch = (
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        str(log),
        "-e",
        "trace=open,openat,connect,socket,execve,fork,vfork",
    )
    told = ends(
        kind,
        paths,
        tmp_path,
        EVERYTHING if kind == "video" else EVERYTHING_HEARD,
        under=watch,
        folder=lure.folder,
    )
    assert {end.code for end in told.values()} <= TYPED
    calls = log.read_text().splitlines()
    assert sum(str(lure.folder) in call for call in calls) >= len(paths)  # it did watch
    assert [call for call in calls if SENTINEL in call] == []
    assert [call for call in calls if "connect(" in call or "AF_INET" in call] == []


@pytest.mark.parametrize("name", GREEDY)
def test_what_keeps_ffmpeg_busy_is_ended_by_the_cell_at_the_latest(name: str, cells: Cells) -> None:
    """Whoever opens a file isn't heard meanwhile: the clock of silence and the limit of memory decide."""
    limits = Limits(memory_bytes=1 << 30, address_space_bytes=3 << 30, silent_seconds=5.0)
    ended = cells.run(GREEDY[name](), limits=limits)
    assert ended.code in {*TYPED, "stalled"}
    assert ended.cpu_seconds < 2 * limits.silent_seconds
    assert ended.rss_bytes < limits.memory_bytes
    assert cells.run(made("a.mp4")).code == RESULT


@pytest.mark.parametrize("name", [*FILMS, *SOUNDS])
def test_the_files_that_are_damaged_here_are_good_ones(name: str, cells: Cells, audio: AnyProcessor) -> None:
    assert cells.run(made(name), processor=audio if name in SOUNDS else None).code == RESULT


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.m4a"])
def test_wherever_a_file_is_cut_off_the_end_is_typed(name: str, tmp_path: Path) -> None:
    whole = made(name)
    for size in range(40, 4000, 61):
        (tmp_path / f"{size}").write_bytes(whole[:size])
        (tmp_path / f"{size} rear").write_bytes(whole[size:])
    paths = sorted(path for path in tmp_path.iterdir())
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    told = ends("audio" if name in SOUNDS else "video", paths, scratch)
    assert {end.code for end in told.values()} <= TYPED


# -- the corpus


@pytest.mark.corpus
@pytest.mark.parametrize("folder", ["hostile", "clips"])
def test_every_file_of_the_corpus_ends_typed_whatever_is_asked_for(
    folder: str, cells: Cells, audio: AnyProcessor, corpus: Path
) -> None:
    """A long clip takes as long as it takes, but no more memory."""
    for path in sorted((corpus / "video" / folder).iterdir()):
        check(cells.run(path), path.name)
        check(cells.run(path, {"on_error": "partial"}, processor=audio), path.name)
        if folder == "hostile":
            ended = cells.run(path, EVERYTHING)
            assert ended.code in TYPED, (path.name, ended)
            assert ended.rss_bytes < RSS_BYTES, (path.name, ended)


# -- hanging


@pytest.mark.parametrize("readable", [0, 700_000])
def test_a_decoder_that_hangs_is_killed_when_the_silence_gets_long(readable: int, tmp_path: Path) -> None:
    """It waits for bytes that never come: at the head, where the file is opened, and in the midst of decoding."""
    data = film(tmp_path / "a.mp4", noise, 200, container_options={"movflags": "+faststart"}).read_bytes()
    assert len(data) > 800_000
    limits = Limits(silent_seconds=1.0, total_seconds=30.0)
    with hostile_sandbox(tmp_path) as tryout:
        zygote = tryout.zygote
        hung = tryout.run("hang_in_decoder", limits, n=readable, data=data)
        assert isinstance(hung.end.verdict, Failed)
        assert hung.end.verdict.error.code == "stalled"
        assert bool(hung.reports) == (readable > 0)
        assert 1.0 <= hung.seconds < 4.0
        assert tryout.busy() == set()
        after = tryout.run("nothing")
        assert after.end.exit == 0
        assert tryout.zygote == zygote


# -- fuzzing


def mutated(rng: random.Random, names: list[str]) -> tuple[str, bytes]:
    """A good file with bytes changed, doubled, moved or lost; the head and the rear, where headers are, more often."""
    name = rng.choice(names)
    data = bytearray(made(name))
    for _ in range(rng.choice((1, 2, 5, 20))):
        size = len(data)
        near = rng.randrange(min(size, 600))
        at = rng.choice((near, size - 1 - near, rng.randrange(size)))
        match rng.randrange(5):
            case 0:
                data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            case 1:
                data[at : at + 4] = rng.choice((bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", rng.randbytes(4)))
            case 2:
                del data[at : at + rng.randrange(1, 20)]
            case 3:
                data[at:at] = data[at : at + rng.randrange(1, 60)]
            case 4:
                data[at:at] = rng.randbytes(rng.randrange(1, 20))
    return name, bytes(data)


def test_mutated_films_and_sounds_end_typed(cells: Cells, audio: AnyProcessor) -> None:
    codes = set()
    for seed in range(FUZZED):
        name, data = mutated(random.Random(seed), [*FILMS, *SOUNDS])
        is_sound = name in SOUNDS
        params = EVERYTHING_HEARD if is_sound else EVERYTHING
        ended = cells.run(data, params, processor=audio if is_sound else None)
        check(ended, (seed, name))
        codes.add(ended.code)
        json.dumps(ended.result, allow_nan=False)
    assert {RESULT, "corrupt_input"} <= codes
