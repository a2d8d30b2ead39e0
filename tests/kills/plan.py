"""How much of what shall die, and what came of it."""

from collections import Counter
from dataclasses import dataclass, field

from tests.kills.invariants import Violation


@dataclass(frozen=True, slots=True)
class Plan:
    """How many kills of what. `workers` includes the zygotes; webs and spare cells die beyond these amounts.

    `settle_every` so many trees all is left to come to rest and looked at; `patience` is for how many seconds a job
    may then stand still. `plant` names a fault that the children shall have, and `sought` what it should lead to.
    """

    cells: int
    workers: int
    trees: int
    seed: int = 1
    clients: int = 4
    settle_every: int = 5
    patience: float = 30.0
    plant: str = ""
    sought: str = ""


@dataclass(slots=True)
class Report:
    kills: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    unanswered: int = 0
    reruns: int = 0
    seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} {sort}s" for sort, count in self.kills.items())
        ends = ", ".join(f"{count} {end}" for end, count in self.ends.items())
        return (
            f"{self.seconds:.0f} s: killed {kills or 'nobody'}; {self.accepted} accepted, {self.unanswered} broken off;"
            f" {ends or 'none looked at'}, {self.reruns} reruns; {len(self.violations)} violations"
        )


CI = Plan(cells=350, workers=100, trees=50)


def scaled(kills: int, seed: int) -> Plan:
    """The CI plan's proportions, for another number of kills."""
    whole = CI.cells + CI.workers + CI.trees
    trees = max(1, kills * CI.trees // whole)
    workers = kills * CI.workers // whole
    return Plan(cells=kills - workers - trees, workers=workers, trees=trees, seed=seed)
