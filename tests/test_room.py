"""Room is asked of the store now and then, counted down in between, and never refused on an old answer."""

import pytest

from ingest import room
from ingest.room import Room
from storage.memory import MemoryFiles


class Asked(MemoryFiles):
    """Counts how often it is asked."""

    times = 0

    def free_bytes(self) -> int:
        self.times += 1
        return super().free_bytes()


def test_what_is_taken_is_counted_without_asking_again() -> None:
    files, left = Asked(capacity=1000), Room()
    assert [left.take(files, 300, 100) for _ in range(3)] == [True, True, True]
    assert files.times == 1
    assert left.has(files, 900, 100)  # nothing was really written: the store is asked before a refusal
    assert files.times == 2


def test_what_does_not_fit_beside_the_reserve_is_refused_and_takes_nothing() -> None:
    files, left = Asked(capacity=1000), Room()
    assert not left.take(files, 901, 100)
    assert left.take(files, 900, 100)


def test_an_answer_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes write as well."""
    monkeypatch.setattr(room, "FRESH_SECONDS", -1.0)
    files, left = Asked(capacity=1000), Room()
    assert left.has(files, 1, 0)
    assert left.has(files, 1, 0)
    assert files.times == 2
