"""The job table in SQLite keeps the contract."""

import shutil
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from ingest.jobs import migrate
from tests.contracts.jobs import JobsContract
from tests.contracts.jobs_endings import EndingsContract
from tests.contracts.jobs_model import compare_with_model
from tests.contracts.jobs_reading import ReadingContract


class TestSqlite(JobsContract, EndingsContract, ReadingContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:{tmp_path / 'data' / 'jobs.db'}"


def test_any_order_of_calls_does_what_the_model_does(tmp_path: Path) -> None:
    template = tmp_path / "jobs.db"
    migrate(f"sqlite:{template}")
    numbers = count()

    def fresh_url() -> str:
        return f"sqlite:{shutil.copy(template, tmp_path / f'{next(numbers)}.db')}"

    compare_with_model(fresh_url, settings(max_examples=40, stateful_step_count=25, deadline=None))
