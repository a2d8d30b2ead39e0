"""Partial results, alike in every kind: with `on_error` as `partial`, what can't be made is left out and told of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from pydantic import BaseModel, Field

from processors.base import Rejected, RejectionCode

OnError = Literal["fail", "partial"]


class NotMade(BaseModel):
    """What was left out, where the request asked for partial results."""

    name: str = Field(description="What could not be made, as the request calls it.")
    code: RejectionCode = Field(description="Why, as a code.")
    detail: str = Field(description="Why, in words.")


class Tolerance:
    """`errors` is what was left out of one job so far."""

    def __init__(self, on_error: OnError) -> None:
        self._on_error = on_error
        self.errors: list[NotMade] = []

    @contextmanager
    def tolerating(self, *names: str) -> Iterator[None]:
        """Around what is made together: the rest may be made without it, if that is what was asked for."""
        try:
            yield
        except Rejected as rejected:
            if self._on_error == "fail":
                raise
            self.errors += [NotMade(name=name, code=rejected.code, detail=rejected.detail) for name in names]

    def left_out(self, name: str) -> bool:
        return any(error.name == name for error in self.errors)
