"""The kind `echo`: everything that comes out is a function of the file, so that a test can tell what is missing."""

from hashlib import sha256
from threading import Event

from pydantic import BaseModel, Field

from processors.base import Limits, Params, Work

STEPS = 5


class EchoParams(Params):
    """`milliseconds`: how long the work takes; `silent`: report nothing meanwhile."""

    milliseconds: int = Field(0, ge=0, le=60_000)
    silent: bool = False


class EchoResult(BaseModel):
    sha256: str
    size: int


class EchoProcessor:
    kind = "echo"
    version = "1.0"
    media_types = frozenset({"application/octet-stream"})
    limits = Limits()
    Params = EchoParams
    Result = EchoResult

    def warm(self) -> None:
        """Nothing here is heavy."""

    def process(self, work: Work[EchoParams]) -> EchoResult:
        with work.open() as file:
            data = file.read()
        for step in range(STEPS):
            if not work.params.silent:
                work.report("echoing", step, STEPS, "steps")
            Event().wait(work.params.milliseconds / 1000 / STEPS)
        digest = sha256(data).hexdigest()
        work.output("digest.txt", "text/plain").write_text(digest)
        work.output("reversed.bin", "application/octet-stream", length=len(data)).write_bytes(data[::-1])
        return EchoResult(sha256=digest, size=len(data))


processor = EchoProcessor()
