"""The kind `probe`: says when its first line ran, and holds on until it is cancelled or killed if asked to."""

import time

from pydantic import BaseModel

from processors.base import Limits, Params, Work


class ProbeParams(Params):
    hold: bool = False


class ProbeResult(BaseModel):
    """Unix seconds."""

    started_at: float


class ProbeProcessor:
    kind = "probe"
    version = "1.0"
    media_types = frozenset({"text/plain"})
    limits = Limits()
    Params = ProbeParams
    Result = ProbeResult

    def warm(self) -> None:
        """Nothing here is heavy."""

    def process(self, work: Work[ProbeParams]) -> ProbeResult:
        started_at = time.time()
        while work.params.hold:
            work.report("holding", message=repr(started_at))
            time.sleep(0.01)
        return ProbeResult(started_at=started_at)


processor = ProbeProcessor()
