"""Lists that stand in a result, which may have a mebibyte: the first of what is found, up to a number of bytes."""

from typing import Generic, TypeVar

from pydantic import BaseModel

from processors.text.markup.models import KEPT

LIST_BYTES = 160 << 10  # of JSON

Item = TypeVar("Item", bound=BaseModel)


class Kept(Generic[Item]):
    """What doesn't fit ends the list, so that it is the first ones that are in it."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._room = LIST_BYTES

    def add(self, item: Item) -> None:
        if self._room <= 0 or len(self.items) >= KEPT:
            return
        self._room -= len(item.model_dump_json().encode()) + 1
        if self._room > 0:
            self.items.append(item)
