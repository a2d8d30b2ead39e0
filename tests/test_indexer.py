"""The indexer follows the job table, whatever happens to either of them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from ingest import janitor
from ingest.indexer import EVENTS, Indexer, rebuild
from ingest.jobs import migrate
from ingest.jobs.base import Job
from ingest.search.base import IndexUnavailable, SearchFilter, SearchIndex, Step
from ingest.search.query import parse
from ingest.settings import Settings
from ingest.wiring import House, open_house
from storage.base import StorageError
from tests.backdoor import Backdoor, backdoor


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(data=tmp_path, reserve_bytes=0)
    migrate(settings.jobs_url)
    with closing(open_house(settings, "worker")) as opened:
        yield opened


@pytest.fixture
def back(house: House) -> Iterator[Backdoor]:
    with backdoor(house.settings.data) as opened:
        yield opened


@pytest.fixture
def index(house: House) -> SearchIndex:
    assert house.search is not None
    return house.search


@pytest.fixture
def indexer(house: House, index: SearchIndex) -> Indexer:
    return Indexer(house, index)


def say(back: Backdoor, text: str, **changes: object) -> Job:
    return back.succeeded(content=text.encode(), result={"searchable": {}}, **changes)


def catch_up(indexer: Indexer) -> int:
    """Ticks until there is nothing left, and how many they were."""
    ticks = 1
    while indexer.tick() >= EVENTS:
        ticks += 1
    return ticks


def found(house: House, index: SearchIndex, q: str) -> list[str]:
    page = index.search(parse(q), SearchFilter(), "newest", 100, house.jobs.succeeded)
    return [hit.job_id for hit in page.hits]


def test_what_succeeds_is_found_after_the_next_tick(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer
) -> None:
    assert indexer.tick() == 0
    first = say(back, "one word")
    back.failed(content=b"one word, too")
    back.running(content=b"a word that is not finished")
    indexer.tick()
    assert found(house, index, "word") == [first.id]
    second = say(back, "another word")
    indexer.tick()
    assert found(house, index, "word") == [second.id, first.id]
    assert index.watermark() == house.jobs.last_seq()
    assert indexer.tick() == 0


def test_what_was_there_before_is_caught_up_with_in_parts(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer
) -> None:
    jobs = [say(back, f"word {n}") for n in range(50)]
    assert catch_up(indexer) == 50 * 3 // EVENTS + 1
    assert found(house, index, "word") == [job.id for job in reversed(jobs)]


def test_large_texts_come_a_few_at_a_time(house: House, back: Backdoor, index: SearchIndex, indexer: Indexer) -> None:
    jobs = [say(back, f"n{n} " + "word " * 250_000) for n in range(12)]
    assert catch_up(indexer) == 2
    assert found(house, index, "word") == [job.id for job in reversed(jobs)]
    (hit,) = index.search(parse("n3"), SearchFilter(), "rank", 10, house.jobs.succeeded).hits
    assert hit.is_cut


def test_a_deleted_job_is_not_found_and_the_janitor_drops_its_text(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer
) -> None:
    gone, stays = say(back, "a word"), say(back, "a word")
    indexer.tick()
    assert house.jobs.delete(gone.id)
    assert found(house, index, "word") == [stays.id]
    assert index.job_ids("", 10) == [gone.id, stays.id]
    janitor.Janitor(house).tick()
    assert index.job_ids("", 10) == [stays.id]


def test_an_expired_job_is_not_found(house: House, back: Backdoor, index: SearchIndex, indexer: Indexer) -> None:
    over = say(back, "a word", expires_at=house.clock() - 1)
    stays = say(back, "a word", expires_at=house.clock() + 1000)
    indexer.tick()
    assert over.id in index.job_ids("", 10)
    assert found(house, index, "word") == [stays.id]


def test_the_janitor_looks_through_the_index_a_batch_at_a_time(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(janitor, "INDEX_BATCH", 3)
    jobs = [say(back, "a word") for _ in range(7)]
    catch_up(indexer)
    for job in jobs[::2]:
        house.jobs.delete(job.id)
    places = [""]
    while len(places) == 1 or places[-1]:
        places.append(janitor.sweep_index(house, places[-1]))
    assert places[1:] == [jobs[2].id, jobs[5].id, ""]
    assert index.job_ids("", 10) == [job.id for job in jobs[1::2]]


def test_a_job_that_is_gone_before_it_is_indexed_is_passed_over(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer
) -> None:
    job = say(back, "a word")
    house.jobs.delete(job.id)
    stays = say(back, "a word")
    catch_up(indexer)
    assert index.job_ids("", 10) == [stays.id]


@pytest.mark.parametrize("harm", ["deleted", "emptied", "overwritten", "another version", "without its tables"])
def test_an_index_that_is_lost_or_damaged_is_written_again(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer, harm: str
) -> None:
    job = say(back, "a word")
    indexer.tick()
    path = house.settings.data / "search.db"
    match harm:
        case "deleted":
            path.unlink()
        case "emptied":
            path.with_name("empty").touch()
            path.with_name("empty").replace(path)
        case "overwritten":
            path.with_name("bad").write_bytes(b"nonsense" * 1000)
            path.with_name("bad").replace(path)
        case "another version":
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA user_version = 99")
        case _:
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("DROP TABLE passages")
    with closing(open_house(house.settings, "worker")) as later:
        assert later.search is not None
        again = Indexer(later, later.search)
        catch_up(again)
        other = say(back, "another word")
        catch_up(again)
        assert found(later, later.search, "word") == [other.id, job.id]


@pytest.mark.parametrize("pages", ["the first", "all but the first"])
def test_an_index_that_breaks_under_its_readers_is_written_again_by_who_writes(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer, pages: str
) -> None:
    """The file stays the same one, so that only reading it tells."""
    jobs = [say(back, f"a word {'of many ' * 2000}") for _ in range(5)]
    catch_up(indexer)
    path = house.settings.data / "search.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    indexer.tick()  # what it reads of the file, it has in memory from now on
    with path.open("r+b") as file:
        file.seek(0 if pages == "the first" else 4096)
        file.write(b"\xa5" * (4096 if pages == "the first" else path.stat().st_size - 4096))
    with closing(open_house(house.settings, "web")) as reader:
        assert reader.search is not None
        with pytest.raises(IndexUnavailable):
            found(reader, reader.search, "word")
        catch_up(indexer)
        assert found(reader, reader.search, "word") == [job.id for job in reversed(jobs)]


def test_a_job_table_from_a_backup_is_indexed_from_its_beginning(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer
) -> None:
    job = say(back, "a word")
    indexer.tick()
    index.write([Step(10_000)])
    catch_up(indexer)
    assert found(house, index, "word") == [job.id]
    assert index.watermark() == house.jobs.last_seq()


class Stubborn:
    """A store that can't be read for a while."""

    def __init__(self, house: House) -> None:
        self._files, self.is_down = house.files, True

    def __getattr__(self, name: str) -> object:
        return getattr(self._files, name)

    def open(self, key: str, start: int = 0) -> object:
        if self.is_down:
            raise StorageError("storage_unavailable", "the disk sleeps")
        return self._files.open(key, start)


def test_while_the_store_can_not_be_read_nothing_is_passed_over(
    house: House, back: Backdoor, index: SearchIndex
) -> None:
    job = say(back, "a word")
    stubborn = Stubborn(house)
    house.files = stubborn  # type: ignore[assignment]
    indexer = Indexer(house, index)
    with pytest.raises(StorageError):
        indexer.tick()
    assert index.watermark() == 0
    stubborn.is_down = False
    catch_up(indexer)
    assert found(house, index, "word") == [job.id]


def test_a_full_disk_is_left_to_the_uploads(house: House, back: Backdoor, index: SearchIndex) -> None:
    say(back, "a word")
    free = house.files.free_bytes()
    house.settings = house.settings.model_copy(update={"reserve_bytes": free})
    assert Indexer(house, index).tick() == 0


def test_while_another_process_writes_the_index_this_one_waits(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer
) -> None:
    job = say(back, "a word")
    with closing(open_house(house.settings, "worker")) as other:
        assert other.search is not None
        with other.search.alone():
            assert indexer.tick() == 0
    indexer.tick()
    assert found(house, index, "word") == [job.id]


def everything(house: House) -> dict[str, list[object]]:
    """What the index says, table by table, and every place of every word."""
    with closing(sqlite3.connect(house.settings.data / "search.db")) as connection:
        connection.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab('main', 'words', 'instance')")
        tables = ("documents", "passages", "watermark", "vocabulary")
        return {table: sorted(connection.execute(f"SELECT * FROM {table}")) for table in tables}


def test_rebuilt_it_is_the_same_to_the_last_word(
    house: House, back: Backdoor, index: SearchIndex, indexer: Indexer
) -> None:
    jobs = [say(back, f"word {n} naïve 東京{n} " * 50, metadata={"n": str(n)}) for n in range(30)]
    back.succeeded(name="photo.jpg", kind="image")
    catch_up(indexer)
    for job in jobs[::3]:
        house.jobs.delete(job.id)
    janitor.sweep_index(house, "")
    catch_up(indexer)
    before = everything(house)
    assert len(before["documents"]) == 21
    told: list[int] = []
    assert rebuild(house, index, told.append) == 21
    assert told == list(range(1, len(told) + 1))
    assert everything(house) == before


def test_the_loop_ends_when_it_is_told_and_outlives_what_fails(
    house: House, back: Backdoor, index: SearchIndex, caplog: pytest.LogCaptureFixture
) -> None:
    job = say(back, "a word")
    stubborn = Stubborn(house)
    house.files = stubborn  # type: ignore[assignment]
    rests: list[float] = []

    def wait(seconds: float) -> bool:
        rests.append(seconds)
        stubborn.is_down = len(rests) < 3
        return len(rests) > 4

    Indexer(house, index).run(wait)
    assert rests == [0.0, 5.0, 5.0, 0.25, 0.25]
    assert "indexing has to wait" in caplog.text
    assert found(house, index, "word") == [job.id]


def test_while_jobs_run_it_rests_as_long_as_it_works(house: House, back: Backdoor, index: SearchIndex) -> None:
    for n in range(EVENTS):
        say(back, f"word {n}")
    rests: list[float] = []
    busy, stop = Event(), Event()

    def wait(seconds: float) -> bool:
        rests.append(seconds)
        if len(rests) == 3:
            busy.clear()
        return len(rests) == 4 or stop.is_set()

    busy.set()
    Indexer(house, index, busy.is_set).run(wait)
    assert rests[0] == 0.0
    assert all(0.0 < rest < 5.0 for rest in rests[1:3])
    assert rests[3] in (0.0, 0.25)
