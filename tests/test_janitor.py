"""What the janitor rescues and sweeps, tick by tick."""

from pathlib import Path

import pytest

from ingest import janitor, owners
from ingest.jobs.states import State
from ingest.wiring import House
from tests.house import drop, job_of, opened_house


def claim_as_a_worker_that_dies(house: House, folder: Path) -> str:
    with opened_house(folder) as dying:
        claim = dying.jobs.claim(dying.owner.id, lease_seconds=15)
        assert claim is not None
        return dying.owner.id


def test_a_dead_workers_job_goes_back_to_the_queue(house: House, tmp_path: Path) -> None:
    job = drop(house)
    claim_as_a_worker_that_dies(house, tmp_path / "data")
    (saved,) = janitor.rescue(house)
    assert (saved.id, saved.state, saved.interruptions, saved.failures) == (job.id, State.QUEUED, 1, 0)


def test_a_living_workers_job_is_left_alone_however_old_its_lease(house: House) -> None:
    job = drop(house)
    assert house.jobs.claim(house.owner.id, lease_seconds=-1000)
    assert janitor.rescue(house) == []
    assert job_of(house, job).state is State.RUNNING


def test_another_hosts_job_waits_for_its_lease(house: House) -> None:
    drop(house)
    assert house.jobs.claim("worker-elsewhere-1-abc", lease_seconds=1000)
    assert janitor.rescue(house) == []
    other = drop(house, b"other")
    assert house.jobs.claim("worker-elsewhere-2-abc", lease_seconds=-1)
    assert [job.id for job in janitor.rescue(house)] == [other.id]


def test_a_cancelled_job_of_a_dead_worker_ends_as_cancelled(house: House, tmp_path: Path) -> None:
    job = drop(house)
    claim_as_a_worker_that_dies(house, tmp_path / "data")
    house.jobs.cancel(job.id)
    janitor.rescue(house)
    assert job_of(house, job).state is State.CANCELLED


def test_the_blob_of_a_deleted_job_goes_and_one_that_is_shared_stays(house: House) -> None:
    alone, twin, other_twin = drop(house, b"alone"), drop(house, b"twins"), drop(house, b"twins")
    for job in (alone, twin):
        house.jobs.cancel(job.id)
        assert house.jobs.delete(job.id)
    assert janitor.sweep_released(house) == 1
    assert not house.files.exists(alone.blob_key)
    assert house.files.exists(other_twin.blob_key)
    assert janitor.sweep_released(house) == 0


def test_a_blob_that_no_row_knows_is_swept_once_it_is_old_enough(house: House) -> None:
    known = drop(house, b"known")
    spool = house.files.spool(house.owner.id)
    spool.append(b"its commit failed")
    orphan = house.files.put(spool)
    spool.discard()
    assert janitor.sweep_orphans(house) == 0
    assert janitor.sweep_orphans(house, young_seconds=-1) == 1
    assert not house.files.exists(orphan.key)
    assert house.files.exists(known.blob_key)


def test_spools_are_swept_when_their_owner_is_dead_and_not_before(house: House, tmp_path: Path) -> None:
    with opened_house(tmp_path / "data", role="web") as web:
        spool = web.files.spool(web.owner.id)
        spool.append(b"still arriving")
        assert janitor.sweep_spools(house) == 0
        spool.close()
    assert janitor.sweep_spools(house) == 1
    assert list(house.files.spools()) == []


def test_scratch_folders_of_dead_workers_are_removed(house: House) -> None:
    ours = house.settings.scratch_folder / house.owner.id / "job-1"
    theirs = house.settings.scratch_folder / f"worker-{owners.host()}-1-dead" / "job-1"
    for folder in (ours, theirs):
        folder.mkdir(parents=True)
    assert janitor.sweep_scratch(house) == 1
    assert ours.exists()
    assert not theirs.parent.exists()


def test_a_job_whose_time_is_over_is_forgotten(house: House) -> None:
    assert janitor.expire(house) == 0


def test_a_tick_takes_away_at_once_what_the_dead_left(house: House, tmp_path: Path) -> None:
    """Long before the next sweep: what a killed web process was receiving may be large."""
    with opened_house(tmp_path / "data", role="web") as dying:
        dying.files.spool(dying.owner.id).close()
        scratch = house.settings.scratch_folder / dying.owner.id / "job-1"
        scratch.mkdir(parents=True)
        keeper = janitor.Janitor(house)
        keeper.tick()
        assert len(list(house.files.spools())) == 1
        remains = dying.owner.path.name
    (house.settings.owners_folder / remains).touch()  # a process that was killed leaves its file, without a lock
    keeper.tick()
    assert list(house.files.spools()) == []
    assert not scratch.parent.exists()
    assert [path.name for path in house.settings.owners_folder.iterdir()] == [house.owner.id]


def test_a_failing_chore_does_not_stop_the_others(
    house: House, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever one chore raises is logged, the others have their turn, and the loop goes on."""
    job = drop(house)
    claim_as_a_worker_that_dies(house, tmp_path / "data")
    (house.settings.owners_folder / f"worker-{owners.host()}-1-dead").touch()
    house.settings.scratch_folder.write_text("not a folder")
    keeper = janitor.Janitor(house)
    keeper.tick()
    assert "bury has to wait" in caplog.text
    assert job_of(house, job).state is State.QUEUED
    house.settings.scratch_folder.unlink()
    keeper.tick()
    assert [path.name for path in house.settings.owners_folder.iterdir()] == [house.owner.id]
