"""Animations stay animations where that is asked for: every frame as it was composed, with its time, and the loop."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from processors.base import Cancelled, Rejected
from processors.image import ImageProcessor
from processors.image.animation import Film
from processors.work import run_alone
from tests.pictures import encoded, files, quarters
from tests.rendering import process

ALL: Mapping[str, Any] = {
    "frames": "all",
    "quality": 100,
    "renditions": [{"name": "one"}],
}
DURATIONS = [100, 250, 40]
SIZE = (48, 32)


def frames() -> list[Image.Image]:
    """Three, each transparent in another third."""
    made = []
    for number, colour in enumerate(("red", "lime", "blue")):
        frame = Image.new("RGBA", SIZE, colour)
        frame.paste((0, 0, 0, 0), (number * 16, 0, number * 16 + 16, 32))
        made.append(frame)
    return made


def animation(format_: str, **options: object) -> bytes:
    first, *others = frames()
    settings = {"save_all": True, "append_images": others, "duration": DURATIONS, **options}
    if format_ == "GIF":
        settings.setdefault("disposal", 2)
    if format_ == "WEBP":
        settings.setdefault("lossless", True)
    return encoded(first, format_, **settings)


@dataclass(frozen=True, slots=True)
class Shown:
    """An animated file, played to its end."""

    frames: Sequence[Image.Image]
    durations: Sequence[float]
    loop: int | None


def played(data: bytes | Path) -> Shown:
    with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as image:
        seen, times = [], []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            image.load()
            seen.append(image.convert("RGBA"))
            times.append(image.info.get("duration", 0))
        return Shown(seen, times, image.info.get("loop"))


def rendered(tmp_path: Path, data: bytes, params: Mapping[str, Any] = ALL) -> Shown:
    process(tmp_path, data, params)
    return played(tmp_path / "out" / "one.webp")


def distance(one: Image.Image, other: Image.Image) -> float:
    """Of what can be seen."""
    difference = ImageChops.difference(one.convert("RGBa"), other.convert("RGBa"))
    return max(ImageStat.Stat(band).mean[0] for band in difference.split())


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "AVIF"])
def test_every_frame_is_there_with_its_time(format_: str, tmp_path: Path) -> None:
    shown = rendered(tmp_path, animation(format_))
    assert list(shown.durations) == DURATIONS
    for frame, expected in zip(shown.frames, frames(), strict=True):
        assert distance(frame, expected) < 12


@pytest.mark.parametrize(
    ("format_", "options", "loop"),
    [
        ("GIF", {}, 1),
        ("GIF", {"loop": 0}, 0),
        ("GIF", {"loop": 2}, 3),  # twice again, by its definition
        ("PNG", {"loop": 0}, 0),
        ("PNG", {"loop": 2}, 2),
        ("WEBP", {"loop": 0}, 0),
        ("WEBP", {"loop": 4}, 4),
        ("AVIF", {}, 0),
    ],
)
def test_it_is_shown_as_often_as_it_was(format_: str, options: Mapping[str, int], loop: int, tmp_path: Path) -> None:
    assert rendered(tmp_path, animation(format_, **options)).loop == loop


def test_frames_of_a_gif_without_a_time_get_that_of_browsers(tmp_path: Path) -> None:
    shown = rendered(tmp_path, animation("GIF", duration=[0, 10, 20]))
    assert list(shown.durations) == [100, 100, 20]


def test_parts_of_frames_are_composed_with_what_was_there(tmp_path: Path) -> None:
    """A GIF whose later frames hold only what changed."""
    image = quarters(SIZE)
    steps = [image.copy()]
    for x in (4, 14, 24):
        ImageDraw.Draw(image).rectangle((x, 4, x + 6, 10), fill="black")
        steps.append(image.copy())
    data = encoded(steps[0], "GIF", save_all=True, append_images=steps[1:], duration=50, disposal=1)
    shown = rendered(tmp_path, data)
    for frame, expected in zip(shown.frames, steps, strict=True):
        assert distance(frame, expected.convert("RGBA")) < 12


def test_a_first_image_that_is_no_part_of_the_animation_is_left_out(tmp_path: Path) -> None:
    data = animation("PNG", default_image=True, duration=[100, 250])
    shown = rendered(tmp_path, data)
    assert list(shown.durations) == [100, 250]
    assert distance(shown.frames[0], frames()[1]) < 12


def test_only_so_many_frames_are_kept_as_asked_for_and_that_is_said(tmp_path: Path) -> None:
    result, _ = process(tmp_path, animation("GIF"), {**ALL, "max_frames": 2})
    assert result.frames == 3
    assert result.renditions[0].frames == 2
    assert result.warnings == ["The animation has 3 frames; the first 2 were kept."]
    assert list(played(tmp_path / "out" / "one.webp").durations) == DURATIONS[:2]


def test_the_first_frame_alone_is_shown_unless_asked(tmp_path: Path) -> None:
    result, _ = process(tmp_path, animation("GIF"), {"renditions": [{"name": "one"}]})
    assert (result.is_animated, result.frames, result.renditions[0].frames) == (True, 3, 1)
    assert len(played(tmp_path / "out" / "one.webp").frames) == 1


def test_formats_that_stay_still_show_the_first_frame_and_say_so(tmp_path: Path) -> None:
    renditions = [{"name": "one"}, {"name": "two", "format": "jpeg"}, {"name": "three", "format": "auto"}]
    result, _ = process(tmp_path, animation("GIF"), {**ALL, "renditions": renditions})
    assert {one.file: one.frames for one in result.renditions} == {"one.webp": 3, "two.jpg": 1, "three.webp": 3}
    assert result.warnings == ["two shows the first frame: only webp is animated."]
    assert result.srcset == "two.jpg 48w"


def test_a_still_image_is_no_animation_whatever_is_asked(tmp_path: Path) -> None:
    result, _ = process(tmp_path, files()["alpha.png"], ALL)
    assert (result.is_animated, result.renditions[0].frames, result.warnings) == (False, 1, [])


def test_pages_of_a_tiff_are_no_animation(tmp_path: Path) -> None:
    first, *others = frames()
    result, _ = process(tmp_path, encoded(first, "TIFF", save_all=True, append_images=others), ALL)
    assert (result.frames, result.is_animated, result.renditions[0].frames) == (3, False, 1)


def test_every_frame_is_cropped_filtered_marked_and_flattened(tmp_path: Path) -> None:
    params = {
        **ALL,
        "renditions": [{"name": "one", "width": 16, "height": 16, "fit": "cover", "gravity": "west"}],
        "background": "#808080",
        "filters": {"grayscale": True},
    }
    shown = rendered(tmp_path, animation("WEBP"), params)
    assert [frame.size for frame in shown.frames] == [(16, 16)] * 3
    for frame, light in zip(shown.frames, (102, 139, 29), strict=True):
        assert frame.getchannel("A").getextrema() == (255, 255)
        assert ImageStat.Stat(frame.convert("L")).mean[0] == pytest.approx(light, abs=3)


def test_an_animation_can_be_brought_below_a_number_of_bytes(tmp_path: Path) -> None:
    with Image.open(Path(__file__).parent.parent / "samples" / "photo.jpg") as photo:
        large = photo.convert("RGB").resize((300, 400))
    turned = [large.transpose(turn) for turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180)]
    data = encoded(large, "WEBP", save_all=True, append_images=turned, duration=80)
    result, _ = process(tmp_path, data, {"frames": "all", "renditions": [{"name": "one", "max_bytes": 9_000}]})
    (one,) = result.renditions
    assert one.bytes <= 9_000
    assert (tmp_path / "out" / "one.webp").stat().st_size == one.bytes
    assert len(played(tmp_path / "out" / "one.webp").frames) == 3


def test_a_broken_frame_ends_the_job_or_the_rendition(tmp_path: Path) -> None:
    broken = animation("PNG")[:-60]
    with pytest.raises(Rejected) as rejected:
        process(tmp_path, broken, ALL)
    assert rejected.value.code == "corrupt_input"
    assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == ["in"]
    params = {**ALL, "on_error": "partial", "renditions": [{"name": "one"}, {"name": "two", "format": "png"}]}
    result, finished = process(tmp_path, broken, params)
    assert [output.name for output in finished.outputs] == ["two.png"]
    assert [(error.name, error.code) for error in result.errors] == [("one", "corrupt_input")]


def test_it_can_be_cancelled_between_any_two_frames(tmp_path: Path) -> None:
    """Nothing half-made is left."""
    path = tmp_path / "in.gif"
    path.write_bytes(animation("GIF"))
    for allowed in range(6):
        cancelled = iter([*[False] * allowed, True]).__next__
        scratch = tmp_path / str(allowed)
        scratch.mkdir()
        with pytest.raises(Cancelled):
            run_alone(ImageProcessor(), path, ALL, scratch=scratch, cancelled=cancelled)
        assert {one.name for one in scratch.rglob("*") if one.is_file()} <= {"one.webp"}


def test_progress_moves_with_the_frames(tmp_path: Path) -> None:
    path = tmp_path / "in.gif"
    path.write_bytes(animation("GIF"))
    told: list[float] = []
    run_alone(ImageProcessor(), path, ALL, scratch=tmp_path, on_report=lambda report: told.append(report.done))
    assert all(before <= after for before, after in pairwise(told))


def test_a_film_holds_one_frame_at_a_time() -> None:
    """The writer draws the next one only when it has encoded the last."""
    drawn: list[int] = []

    def draw() -> Any:
        for number, frame in enumerate(frames()):
            drawn.append(number)
            yield frame, 50.0

    film = Film(draw(), 3)
    assert drawn == [0]
    film.seek(1)
    assert (drawn, film.tell(), film.size, film.mode) == ([0, 1], 1, SIZE, "RGBA")
    film.seek(0)
    assert (drawn, film.durations) == ([0, 1], [50.0, 50.0])


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["dispose_none", "dispose_prev", "dispose_bgnd_transparency"])
def test_the_animations_of_the_corpus_keep_their_frames(name: str, corpus: Path, tmp_path: Path) -> None:
    data = (corpus / "images" / "variants" / f"{name}.gif").read_bytes()
    shown, expected = rendered(tmp_path, data), played(data)
    for frame, wanted in zip(shown.frames, expected.frames, strict=True):
        assert distance(frame, wanted) < 20
