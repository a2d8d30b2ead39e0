"""Hostile images in real cells: one typed error or a right picture each, soon, in little memory, and no cell killed."""

import random
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from processors.base import Rejected
from processors.image import ImageProcessor
from processors.work import run_alone
from tests.cells import Cells, Ended, real_cells
from tests.hostile_images import BOMBS, MB, ODDITIES, WRONG, cut_off, liar, many_scans, polyglot
from tests.pictures import files

CPU_SECONDS = 5.0
RSS_BYTES = 300 * MB
RESULT = "result"
TYPED = {RESULT, "corrupt_input", "unsupported_input", "limit_exceeded"}
ONE = {"renditions": [{"name": "one", "width": 64}]}
FUZZED = 150  # in cells, each of which takes 25 ms


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    with real_cells(tmp_path_factory.mktemp("cells"), "image") as cells:
        yield cells


def is_cheap(ended: Ended) -> bool:
    return ended.cpu_seconds < CPU_SECONDS and ended.rss_bytes < RSS_BYTES


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_costs_anything(name: str, cells: Cells) -> None:
    ended = cells.run(BOMBS[name]())
    assert ended.code == "limit_exceeded"
    assert re.fullmatch(r"[A-Z].*\.", ended.detail)
    assert ended.cpu_seconds < 0.3
    assert ended.rss_bytes < 100 * MB
    assert ended.outputs() == []


def test_an_avif_that_says_it_is_small_is_not_believed(cells: Cells) -> None:
    """libavif would decode all of it, and scale it to what the container says."""
    ended = cells.run(liar((64, 64), (1_200, 1_000)), {"limits": {"max_pixels": 1_000_000}})
    assert (ended.code, ended.outputs()) == ("limit_exceeded", [])


@pytest.mark.parametrize("name", ODDITIES)
def test_an_odd_image_becomes_pictures(name: str, cells: Cells) -> None:
    ended = cells.run(ODDITIES[name]())
    assert ended.code == RESULT, ended.detail
    assert is_cheap(ended)
    for path in ended.outputs():
        with Image.open(path) as image:
            image.load()


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_image_of_ours_is_told_so(name: str, cells: Cells) -> None:
    code, make = WRONG[name]
    ended = cells.run(make())
    assert ended.code == code, ended.detail
    assert is_cheap(ended)


def test_what_is_cut_off_is_damaged(cells: Cells) -> None:
    assert {cells.run(data).code for data in cut_off()} == {"corrupt_input"}


@pytest.mark.corpus
def test_every_hostile_file_of_the_corpus_ends_typed(cells: Cells, corpus: Path) -> None:
    paths = sorted((corpus / "images" / "hostile").iterdir())
    assert len(paths) > 30
    for path in paths:
        ended = cells.run(path)
        assert ended.code in TYPED, (path.name, ended)
        assert is_cheap(ended), path.name


@pytest.mark.corpus
@pytest.mark.parametrize("folder", ["variants", "photos"])
def test_every_good_file_of_the_corpus_becomes_pictures(folder: str, cells: Cells, corpus: Path) -> None:
    for path in sorted((corpus / "images" / folder).iterdir()):
        ended = cells.run(path)
        expected = {"unsupported_input", RESULT} if path.suffix == ".heic" else {RESULT}
        assert ended.code in expected, (path.name, ended)
        assert is_cheap(ended), path.name


def test_what_was_appended_to_a_picture_does_not_come_out_again(cells: Cells) -> None:
    for format_ in ("JPEG", "PNG", "GIF", "WEBP"):
        ended = cells.run(polyglot(format_))
        assert ended.code == RESULT
        assert ended.outputs()
        for path in ended.outputs():
            assert not re.search(rb"PK\x03\x04|payload|must not come out", path.read_bytes())


def test_a_picture_of_many_scans_is_still_that_picture(cells: Cells) -> None:
    ended = cells.run(many_scans(22))
    with Image.open(ended.outputs()[0]) as image:
        assert image.size == (96, 64)


# -- fuzzing

SOURCES: Mapping[str, bytes] = {name: data for name, data in files().items() if len(data) < 30_000}


def mutated(rng: random.Random) -> bytes:
    """A good file with bytes changed, doubled, moved or lost; headers more than the rest."""
    data = bytearray(SOURCES[rng.choice(sorted(SOURCES))])
    for _ in range(rng.choice((1, 2, 5, 20))):
        at = rng.randrange(min(len(data), 300) if rng.random() < 0.6 else len(data))
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
        if not data:
            break
    return bytes(data)


def test_mutated_images_end_typed_in_real_cells(cells: Cells) -> None:
    for seed in range(FUZZED):
        ended = cells.run(mutated(random.Random(seed)), ONE)
        assert ended.code in TYPED, (seed, ended)
        assert is_cheap(ended), seed


def end(data: bytes, folder: Path) -> str:
    """In this process. Anything but a result or a rejection is raised."""
    path = folder / "in"
    path.write_bytes(data)
    try:
        run_alone(ImageProcessor(), path, ONE, scratch=folder)
    except Rejected as rejected:
        return rejected.code
    return RESULT


def test_mutated_images_end_typed_in_this_process(tmp_path: Path) -> None:
    ends = {end(mutated(random.Random(seed)), tmp_path) for seed in range(10_000, 10_600)}
    assert ends == TYPED


NAMES = st.sampled_from(sorted(SOURCES))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(SOURCES)), at=st.integers(0, 400), put=st.binary(max_size=12), cut=st.integers(0, 12)
)
def test_whatever_is_written_into_a_header_the_end_is_typed(
    name: str, at: int, put: bytes, cut: int, tmp_path: Path
) -> None:
    data = SOURCES[name]
    assert end(data[:at] + put + data[at + cut :], tmp_path) in TYPED
