"""What films and sounds ask for."""

from pathlib import Path

from processors.base import Rejected
from processors.media.job import Job
from processors.media.models import MediaParams
from processors.video.models import Transcode, VideoParams
from processors.work import FileWork


def test_an_operation_is_done_that_is_listed_or_has_settings_of_its_own() -> None:
    params = VideoParams(operations=("poster",), transcode=Transcode())
    assert [name for name in ("probe", "poster", "transcode", "hls") if params.wants(name)] == ["poster", "transcode"]


def test_a_job_tolerates_what_its_params_say(tmp_path: Path) -> None:
    params = MediaParams.model_validate({"operations": ["a"], "on_error": "partial"})
    work = FileWork(params=params, name="x", media_type="video/mp4", size=0, scratch=tmp_path, descriptor=0)
    job = Job(work, {"a": 1})
    with job.tolerating("a"):
        raise Rejected("limit_exceeded", "Too long.")
    assert [error.name for error in job.tolerance.errors] == ["a"]
