"""Where in JSON there is what: a tree of the names that objects have, with the types that were seen at each.

It holds a bounded number of paths, whatever it is fed.
"""

from collections.abc import Iterator, Sequence

from processors.text.data.models import JsonType, SchemaPath
from processors.text.preview import preview

NAME_CHARACTERS = 200
PATH_CHARACTERS = 2000  # of a path that is told
PATHS_CHARACTERS = 128 << 10  # of all: a result may have a mebibyte, and each path comes with 80 bytes of other words
ITEMS = "[]"


class Node:
    """One path. `count` is how often its name was there, `objects` how many objects were."""

    __slots__ = ("count", "fields", "items", "objects", "types")

    def __init__(self) -> None:
        self.types: set[JsonType] = set()
        self.fields: dict[str, Node] = {}
        self.items: Node | None = None
        self.count = 0
        self.objects = 0


class Schema:
    def __init__(self, max_paths: int) -> None:
        self.root = Node()
        self.is_truncated = False
        self._is_cut = False  # paths were not told, since they are too long
        self._room = max_paths - 1  # the root is one

    def field(self, node: Node | None, name: str) -> Node | None:
        """None: there is no room for it, nor for anything beneath it."""
        if node is None:
            return None
        found = node.fields.get(name)
        if found is None:
            found = self._new()
            if found is not None:
                node.fields[name] = found
        return found

    def items(self, node: Node | None) -> Node | None:
        if node is None:
            return None
        if node.items is None:
            node.items = self._new()
        return node.items

    def _new(self) -> Node | None:
        if self._room <= 0:
            self.is_truncated = True
            return None
        self._room -= 1
        return Node()

    @property
    def is_told_in_part(self) -> bool:
        """Ask after `paths`."""
        return self.is_truncated or self._is_cut

    def paths(self, is_told: bool) -> Sequence[SchemaPath]:
        return list(self._paths(self.root, "", False)) if is_told and self.root.types else []

    def _paths(self, top: Node, path: str, is_optional: bool) -> Iterator[SchemaPath]:
        waiting, room = [(top, path, is_optional)], PATHS_CHARACTERS
        while waiting:
            node, path, is_optional = waiting.pop()
            room -= len(path)
            if room < 0 or len(path) > PATH_CHARACTERS:
                self._is_cut = True
                continue
            yield SchemaPath(path=path, types=_told(node.types), optional=is_optional)
            if node.items is not None:
                waiting.append((node.items, path + ITEMS, False))
            for name, field in reversed(node.fields.items()):
                shown = preview(name, NAME_CHARACTERS)[0]
                waiting.append((field, f"{path}.{shown}" if path else shown, field.count < node.objects))


def _told(types: set[JsonType]) -> list[JsonType]:
    return sorted(types - {"integer"} if "number" in types else types)
