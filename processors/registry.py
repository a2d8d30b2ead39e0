"""The kinds there are: the built-in ones, and those that installed packages add by an entry point.

A third party names its processor in the group `dropoff.processors`; the entry point's name is the kind:

    [project.entry-points."dropoff.processors"]
    zip = "dropoff_zip:processor"

Light: neither importing this module nor loading every kind loads a decoder.
"""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from pydantic import BaseModel

from processors.base import AnyProcessor, Limits, Processor

GROUP = "dropoff.processors"
BUILT_IN = {
    "image": "processors.image:processor",
    "text": "processors.text:processor",
    "video": "processors.video:processor",
    "audio": "processors.audio:processor",  # behind video: it takes films too, for the sound in them
    "document": "processors.document:processor",
}
KIND = re.compile(r"(?!auto$)[a-z][a-z0-9_]{0,31}")
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,100}")

log = logging.getLogger(__name__)


class BadProcessor(Exception):
    """A kind that can't be offered. Says which and why."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason


def third_party() -> list[str]:
    """The kinds that installed packages add, in order. Nothing of theirs is imported."""
    return sorted({point.name for point in _added()})


def names() -> list[str]:
    """Every kind there is."""
    return sorted({*BUILT_IN, *third_party()})


def load(names: Sequence[str] | None = None) -> dict[str, AnyProcessor]:
    """The processors of `names`, or of every kind there is. Imports nothing of other kinds. Raises `BadProcessor`."""
    points = [EntryPoint(kind, where, GROUP) for kind, where in BUILT_IN.items()] + _added()
    if names is not None:
        for unknown in sorted(set(names) - {point.name for point in points}):
            raise BadProcessor(unknown, "no processor of that name is installed")
        points = [point for point in points if point.name in names]
    for kind, count in Counter(point.name for point in points).items():
        if count > 1:
            raise BadProcessor(kind, f"{count} installed packages add this kind")
    return {point.name: _load(point) for point in points}


def _added() -> list[EntryPoint]:
    """Third parties' entry points. A built-in kind can't be replaced."""
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    for point in points:
        if point.name in BUILT_IN:
            log.warning("%s is not used: %s is a built-in kind", point.value, point.name)
    return [point for point in points if point.name not in BUILT_IN]


def _load(point: EntryPoint) -> AnyProcessor:
    try:
        processor = point.load()
    except Exception as wrong:  # a third party's module runs for the first time
        raise BadProcessor(point.name, f"importing {point.value} raised {type(wrong).__name__}: {wrong}") from wrong
    for fault in faults(point.name, processor):
        raise BadProcessor(point.name, fault)
    return cast(AnyProcessor, processor)


def faults(kind: str, processor: object) -> Iterator[str]:
    """Where the object breaks the contract, as far as one can see without running it."""
    if not KIND.fullmatch(kind):
        yield 'a kind matches [a-z][a-z0-9_]{0,31} and is not "auto"'
    if isinstance(processor, type) or not isinstance(processor, Processor):
        yield "it is no instance with kind, version, media_types, limits, Params, Result, warm and process"
        return
    if processor.kind != kind:
        yield f"it calls itself {processor.kind!r}"
    if not (isinstance(processor.version, str) and processor.version):
        yield "its version is not a text"
    if not _are_media_types(processor.media_types):
        yield "its media_types are not a frozenset of types such as image/png"
    if not isinstance(processor.limits, Limits):
        yield "its limits are no Limits"
    if not (_is_model(processor.Params) and processor.Params.model_config.get("frozen")):
        yield "its Params are no frozen model"
    elif processor.Params.model_config.get("extra") != "forbid":
        yield "its Params accept unknown fields"
    if not _is_model(processor.Result):
        yield "its Result is no model"


def _is_model(model: object) -> bool:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _are_media_types(types: object) -> bool:
    return isinstance(types, frozenset) and all(isinstance(one, str) and MEDIA_TYPE.fullmatch(one) for one in types)
