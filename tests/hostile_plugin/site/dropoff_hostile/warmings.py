"""Kinds that no zygote can warm."""

import os
import threading

from processors.base import Limits, Work

from . import HostileParams, HostileResult


class BadWarming:
    version = "1.0"
    media_types = frozenset({"application/octet-stream"})
    limits = Limits()
    Params = HostileParams
    Result = HostileResult

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def warm(self) -> None:
        match self.kind:
            case "warms_badly":
                raise OSError("no such decoder")
            case "warms_forever":
                threading.Event().wait()
            case "warms_with_thread":
                threading.Thread(target=threading.Event().wait, daemon=True).start()
            case "warms_fatally":
                os.abort()

    def process(self, work: Work[HostileParams]) -> HostileResult:
        return HostileResult(answer=work.size)


raising = BadWarming("warms_badly")
endless = BadWarming("warms_forever")
threaded = BadWarming("warms_with_thread")
fatal = BadWarming("warms_fatally")
