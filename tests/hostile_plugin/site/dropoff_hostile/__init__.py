"""The kinds `hostile` and `also_hostile`: each does what its params name, most of which a processor must never do."""

from pydantic import BaseModel, JsonValue

from processors.base import Limits, Params, Work

from .acts import ACTS


class HostileParams(Params):
    """`n` is how many, where the act counts something, and `text` what it says."""

    act: str = "nothing"
    n: int = 0
    text: str = ""


class HostileResult(BaseModel):
    answer: JsonValue


class HostileProcessor:
    version = "1.0"
    media_types = frozenset({"application/octet-stream"})
    limits = Limits()
    Params = HostileParams
    Result = HostileResult

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def warm(self) -> None:
        """Nothing here is heavy."""

    def process(self, work: Work[HostileParams]) -> HostileResult:
        return HostileResult(answer=ACTS[work.params.act](work))


processor = HostileProcessor("hostile")
another = HostileProcessor("also_hostile")
