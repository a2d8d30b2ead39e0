"""What films and sounds ask for, and what becomes of an operation that can't be done."""

from pathlib import Path

import pytest

from processors.base import Rejected
from processors.media.job import Job
from processors.media.models import MediaParams, NotMade
from processors.video.models import Transcode, VideoParams
from processors.work import FileWork


def job(folder: Path, on_error: str) -> Job[MediaParams]:
    params = MediaParams.model_validate({"operations": ["a"], "on_error": on_error})
    work = FileWork(params=params, name="x", media_type="video/mp4", size=0, scratch=folder, descriptor=0)
    return Job(work, {"a": 1})


def test_an_operation_is_done_that_is_listed_or_has_settings_of_its_own() -> None:
    params = VideoParams(operations=("poster",), transcode=Transcode())
    assert [name for name in ("probe", "poster", "transcode", "hls") if params.wants(name)] == ["poster", "transcode"]


def test_what_cannot_be_done_ends_the_job_unless_partial_results_will_do(tmp_path: Path) -> None:
    with pytest.raises(Rejected), job(tmp_path, "fail").tolerating("a"):
        raise Rejected("limit_exceeded", "Too long.")
    partial = job(tmp_path, "partial")
    with partial.tolerating("a", "b"):
        raise Rejected("limit_exceeded", "Too long.")
    assert partial.failed == [NotMade(operation=name, code="limit_exceeded", detail="Too long.") for name in ("a", "b")]


def test_a_mistake_of_our_own_is_never_tolerated(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), job(tmp_path, "partial").tolerating("a"):
        raise ZeroDivisionError
