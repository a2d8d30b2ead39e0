"""The job table in SQLite keeps the contract."""

from pathlib import Path

import pytest

from tests.contracts.jobs import JobsContract
from tests.contracts.jobs_endings import EndingsContract
from tests.contracts.jobs_reading import ReadingContract


class TestSqlite(JobsContract, EndingsContract, ReadingContract):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:{tmp_path / 'data' / 'jobs.db'}"
