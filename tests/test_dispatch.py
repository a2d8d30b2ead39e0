"""Every dispatcher passes the contract suite, and each keeps what it alone promises."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.dispatch import OPENERS, open_dispatch
from ingest.dispatch.base import Dispatch
from ingest.dispatch.inline import InlineDispatch
from ingest.dispatch.local import LocalDispatch, NudgeBox
from tests.contracts.dispatch import DispatchContract, Ear, Open


@contextmanager
def listening(box: NudgeBox, ear: Ear) -> Iterator[None]:
    """A thread that passes on what comes into the box, as the worker has it."""

    def listen() -> None:
        for job_id in box:
            ear.hear(job_id)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield
    finally:
        box.close()
        thread.join()


class TestInline(DispatchContract):
    @pytest.fixture
    def open_dispatch(self) -> Open:
        @contextmanager
        def opened(ear: Ear) -> Iterator[Dispatch]:
            dispatch = InlineDispatch(ear.hear)
            yield dispatch
            dispatch.close()

        return opened


class TestLocal(DispatchContract):
    @pytest.fixture
    def open_dispatch(self, tmp_path: Path) -> Open:
        @contextmanager
        def opened(ear: Ear) -> Iterator[Dispatch]:
            path = tmp_path / "run" / "nudge.sock"
            dispatch = LocalDispatch(path)
            with listening(NudgeBox(path), ear):
                yield dispatch
            dispatch.close()

        return opened


def test_an_inline_nudge_does_the_work_before_it_returns() -> None:
    done: list[str] = []
    InlineDispatch(done.append).nudge("a")
    assert done == ["a"]


def test_a_nudge_that_nobody_hears_is_fine(tmp_path: Path) -> None:
    dispatch = LocalDispatch(tmp_path / "nudge.sock")
    dispatch.nudge("a")
    dispatch.close()


def test_a_worker_that_is_busy_never_blocks_who_nudges(tmp_path: Path) -> None:
    """The buffer is full after some hundreds that nobody reads; the rest is dropped at once."""
    box = NudgeBox(tmp_path / "nudge.sock")
    dispatch = LocalDispatch(tmp_path / "nudge.sock")
    for _ in range(5000):
        dispatch.nudge("a" * 36)
    dispatch.close()
    box.close()


def test_a_new_worker_takes_over_the_address_of_a_killed_one(tmp_path: Path) -> None:
    path = tmp_path / "nudge.sock"
    dispatch = LocalDispatch(path)
    killed = NudgeBox(path)
    killed.close()
    assert path.exists()
    ear = Ear()
    with listening(NudgeBox(path), ear):
        dispatch.nudge("a")
        assert ear.waits_for("a")
    dispatch.close()


def test_the_socket_fits_however_deep_the_data_folder_lies(tmp_path: Path) -> None:
    """A Unix socket's path ends after 108 bytes; a data folder's doesn't."""
    path = tmp_path.joinpath(*["a long name for a folder"] * 10) / "nudge.sock"
    assert len(bytes(path)) > 200
    dispatch = LocalDispatch(path)
    ear = Ear()
    with listening(NudgeBox(path), ear):
        dispatch.nudge("a")
        assert ear.waits_for("a")
    dispatch.close()


def test_closing_the_box_ends_its_reader(tmp_path: Path) -> None:
    with listening(NudgeBox(tmp_path / "nudge.sock"), Ear()):
        pass


def test_a_url_names_the_dispatcher(tmp_path: Path) -> None:
    dispatch = open_dispatch(f"local:{tmp_path}/nudge.sock")
    assert isinstance(dispatch, LocalDispatch)
    dispatch.close()


@pytest.mark.parametrize("url", ["celery:redis", "nonsense", ""])
def test_an_unknown_scheme_is_refused_with_those_that_exist(url: str) -> None:
    with pytest.raises(ValueError, match=r"DROPOFF_DISPATCH=.*must be one of local"):
        open_dispatch(url)
    assert set(OPENERS) == {"local"}
