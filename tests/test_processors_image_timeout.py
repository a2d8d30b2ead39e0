"""`limits.timeout_s`: a clock that is looked at between steps, and says in which one it ran out."""

from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from processors.base import Rejected
from processors.image.extras import Extras
from processors.image.models import ImageParams
from processors.image.pipeline import Job, equip
from processors.work import FileWork
from tests.pictures import encoded, quarters


def job(tmp_path: Path, seconds: Iterator[float], **params: Any) -> None:
    """With a clock that says these seconds, one after the other."""
    path = tmp_path / "in.png"
    path.write_bytes(encoded(quarters((1200, 800)), "PNG"))
    with path.open("rb") as source:
        work = FileWork(
            params=ImageParams.model_validate({"limits": {"timeout_s": 2.5}, **params}),
            name="in.png",
            media_type="image/png",
            size=path.stat().st_size,
            scratch=tmp_path,
            descriptor=source.fileno(),
        )
        with work.open() as file:
            Job(work, file, equip(Extras()), [], clock=lambda: next(seconds)).run()


@pytest.mark.parametrize(
    ("in_time", "step"),
    [(1, "beginning"), (2, "decoding"), (3, "rendering large"), (5, "rendering medium"), (11, "describing")],
)
def test_a_job_ends_between_steps_and_names_the_one_that_took_too_long(in_time: int, step: str, tmp_path: Path) -> None:
    """The clock is looked at as the job begins, twice for each rendition, and for each of the other steps."""
    with pytest.raises(Rejected) as rejected:
        job(tmp_path, chain(repeat(100.0, in_time), repeat(102.6)))
    assert (rejected.value.code, rejected.value.detail) == (
        "limit_exceeded",
        f"It took longer than 2.5 s; the step was: {step}.",
    )


def test_a_job_that_is_quick_enough_ends_well(tmp_path: Path) -> None:
    job(tmp_path, chain([100.0], repeat(102.5)))
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_tolerating_renditions_is_not_tolerating_time(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="limit_exceeded"):
        job(tmp_path, chain(repeat(100.0, 3), repeat(102.6)), on_error="partial")
