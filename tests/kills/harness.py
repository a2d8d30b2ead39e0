"""Load, deaths, and a look at what is left: again and again, against a whole server in processes of its own."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import httpx

from ingest import janitor
from ingest.settings import Settings
from ingest.wiring import House, open_house
from tests.kills import invariants, victims
from tests.kills.invariants import Violation
from tests.kills.ledger import Ledger
from tests.kills.plan import Plan, Report
from tests.kills.workload import Client, Gate, connect
from tests.plugin import interpreter
from tests.server import Server

PLANTS = Path(__file__).resolve().parent / "plants"
ENVIRONMENT = {
    "DROPOFF_KINDS": "echo,image,text",
    "DROPOFF_WORKERS": "2",
    "DROPOFF_MAX_ATTEMPTS": "50",  # so that cells may be killed freely and every job still succeeds
    "DROPOFF_RESERVE_BYTES": "0",
    "PYTHONDONTWRITEBYTECODE": "",  # a tree that starts a thousand times shall not compile itself each time
}
VICTIM_SECONDS = 15.0
FAREWELL_SECONDS = 5.0
IDLE_SECONDS = 60.0
PAUSE_SECONDS = (0.002, 0.03)  # a zygote's rehearsal of a cell is over sooner
ZYGOTE_SHARE = 0.3
IN_ORDER = ("queued", "running", "cancelling")  # as a job moves, so that none slips by between two questions


class Harness:
    """`run` is all of it; a context manager, because it starts a server and clients."""

    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], None] = print) -> None:
        self.plan = plan
        self.report = Report()
        self.ledger = Ledger(first_number=plan.seed * 10**9)
        self._say = say
        self._dice = random.Random(plan.seed)
        python = interpreter(folder / "python", PLANTS, at_start="planted" if plan.plant else "")
        environment = {**ENVIRONMENT, "DROPOFF_TEST_PLANT": plan.plant}
        self.server = Server(folder / "data", environment, python=str(python))
        self._settings = Settings(data=self.server.data)
        self._gate = Gate()
        self._clients = [
            Client(f"client-{n}", self._gate, self.ledger, f"{plan.seed}-{n}") for n in range(plan.clients)
        ]
        self._looked_at: set[str] = set()
        self._started_at = time.monotonic()

    def __enter__(self) -> Self:
        try:
            self.server.start()
        except BaseException:
            self.server.kill()
            raise
        self._gate.open(self.server.url)
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._gate.close()
        for client in self._clients:
            client.join()
        if self.server.process is not None:
            self.server.kill()

    def run(self) -> Report:
        """All cycles, each ended by the death of the whole tree; or until the violation that is sought, or any."""
        for cycle in range(self.plan.trees):
            self.note(self._promises_kept())
            self._sweep_under_load()
            for sort in self._draw(cycle):
                self._strike(sort)
            self._kill_tree()
            if (cycle + 1) % self.plan.settle_every == 0 or cycle + 1 == self.plan.trees:
                self.settle()
            if any(self.plan.sought in ("", violation.sort) for violation in self.report.violations):
                break
        return self.report

    def restart(self, **environment: str) -> None:
        """The same data under other settings."""
        self.server.kill()
        self.server.environment = {**self.server.environment, **environment}
        self.server.start()

    @property
    def supervisor(self) -> int:
        """Its pid."""
        assert self.server.process is not None
        return self.server.process.pid

    # -- deaths

    def _draw(self, cycle: int) -> list[victims.Sort]:
        """Who dies in this cycle before the tree does, in which order."""
        workers = self._share(self.plan.workers, cycle)
        zygotes = sum(self._dice.random() < ZYGOTE_SHARE for _ in range(workers))
        amounts: dict[victims.Sort, int] = {
            "cell": self._share(self.plan.cells, cycle),
            "worker": workers - zygotes,
            "zygote": zygotes,
            "web": self._dice.randint(0, 1),
            "spare": self._dice.randint(0, 1),
        }
        sorts = [sort for sort, amount in amounts.items() for _ in range(amount)]
        self._dice.shuffle(sorts)
        return sorts

    def _share(self, total: int, cycle: int) -> int:
        return total * (cycle + 1) // self.plan.trees - total * cycle // self.plan.trees

    def _strike(self, sort: victims.Sort) -> None:
        """Kill one of that sort as soon as there is one, at a random moment of its life."""
        deadline = time.monotonic() + VICTIM_SECONDS
        while time.monotonic() < deadline:
            found = victims.find(sort, self.supervisor)
            time.sleep(self._dice.uniform(*PAUSE_SECONDS))
            if found and victims.kill(self._dice.choice(found)):
                self.report.kills[sort] += 1
                return
        self.note([Violation("stuck", f"there was no {sort} for {VICTIM_SECONDS:g} s")])

    def _kill_tree(self) -> None:
        """Either everybody at once or only the supervisor, and a new server on the same folder at once."""
        time.sleep(self._dice.uniform(0, 0.1))
        killed = victims.tree(self.supervisor)
        if self._dice.random() < 0.5:
            self.server.kill()
        else:
            self.server.behead()
        self._gate.shut()
        self.report.kills["tree"] += 1
        self.server.start()
        self._gate.open(self.server.url)
        self.note(_survivors(killed))

    # -- looks

    def _promises_kept(self) -> Iterable[Violation]:
        """Of every 202 since the last look, while the clients go on."""
        with connect(self.server.url) as http:
            for ticket in self.ledger.snapshot():
                if not ticket.checked:
                    yield from invariants.promise_kept(http, ticket)
                    ticket.checked = True

    def _sweep_under_load(self) -> None:
        """A janitor in a hurry: uploads whose blob it takes away have to put it back."""
        with _visiting(self._settings) as house:
            janitor.sweep_orphans(house, young_seconds=0)

    def hold(self) -> None:
        """Keep the clients out, until the next `settle`."""
        self._gate.shut()
        if not self._gate.wait_for_idle(len(self._clients), IDLE_SECONDS):
            self.note([Violation("mistake", f"a request was not answered for {IDLE_SECONDS:g} s")])

    def settle(self) -> None:
        """Let every job end, have the janitor sweep, compare everything, and let the clients in again."""
        self.hold()
        with connect(self.server.url) as http:
            self.note(quiet(http, self.plan.patience))
        self.note(self._promises_kept())
        with _visiting(self._settings) as house:
            self._compare(house)
        self.note(Violation("mistake", mistake) for mistake in self.ledger.mistakes)
        self.report.accepted, self.report.unanswered = self.ledger.accepted, self.ledger.unanswered
        self.report.seconds = time.monotonic() - self._started_at
        self._say(str(self.report))
        self._gate.open(self.server.url)

    def _compare(self, house: House) -> None:
        rows = invariants.all_jobs(house.jobs)
        tickets = self.ledger.tickets
        self.note(invariants.rows_promised(rows, self.ledger.snapshot()))
        events = invariants.ends(house.jobs)
        for row in rows:
            if row.id in self._looked_at:
                continue
            self.note(invariants.whole(row))
            self.note(invariants.ended_once(row, events.get(row.id, []), tickets.get(row.id)))
            self.note(invariants.numbered(row))
            self.note(invariants.published(row, house.files))
            self._looked_at.add(row.id)
            self.report.ends[row.state] += 1
            self.report.reruns += max(0, row.attempt - 1)
        self._tidy(house)
        self.note(invariants.nobodys(house, rows))
        self.note(invariants.findable(house, rows, self.plan.patience))
        self.note(invariants.sound(house.settings.data / "jobs.db"))
        self.note(invariants.sound(house.settings.data / "search.db"))
        self._dispose({row.id for row in rows})

    def _tidy(self, house: House) -> None:
        janitor.rescue(house)
        while janitor.sweep_released(house):
            pass
        janitor.sweep(house, young_seconds=0)

    def _dispose(self, rows: set[str]) -> None:
        """Hand what was looked at to the clients for deletion, and forget what is gone."""
        tickets = self.ledger.snapshot()
        self.ledger.forget([ticket for ticket in tickets if ticket.job_id not in rows])
        self._looked_at &= rows
        self.ledger.disposable = [ticket for ticket in tickets if ticket.job_id in rows]

    def note(self, violations: Iterable[Violation]) -> None:
        for violation in violations:
            self.report.violations.append(violation)
            self._say(f"VIOLATION {violation}")


def quiet(http: httpx.Client, patience: float) -> Iterable[Violation]:
    """Wait until no job is active. One on which nothing happens for `patience` seconds is stuck."""
    deadline = time.monotonic() + patience
    before: set[tuple[str, str, int]] = set()
    # Twice: a job that goes back to the queue between two questions of one look is seen by the next one.
    while active := _active(http) or _active(http):
        if active != before:
            before, deadline = active, time.monotonic() + patience
        if time.monotonic() > deadline:
            yield from (Violation("stuck", f"job {job} is {state} at attempt {n}") for job, state, n in sorted(active))
            return
        http.get(f"/v1/jobs/{min(active)[0]}", params={"wait": 1})


def _active(http: httpx.Client) -> set[tuple[str, str, int]]:
    pages = [http.get("/v1/jobs", params={"state": state, "limit": 100}).json()["jobs"] for state in IN_ORDER]
    return {(job["id"], job["state"], job["attempt"]) for page in pages for job in page}


def _survivors(killed: list[victims.Process]) -> Iterable[Violation]:
    """Nothing outlives its supervisor."""
    deadline = time.monotonic() + FAREWELL_SECONDS
    while (alive := [process for process in killed if process.alive]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return [Violation("survivor", f"process {process.pid} outlived its tree") for process in alive]


@contextmanager
def _visiting(settings: Settings) -> Iterator[House]:
    """The parts of a process of our own, beside the server's, on the same data."""
    house = open_house(settings, "worker")
    try:
        yield house
    finally:
        house.close()
