"""The tables and examples that a kind's page in docs/ must hold, from its models."""

import json
import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo


def params_table(model: type[BaseModel]) -> str:
    rows = ["| parameter | default | allowed | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        rows.append(f"| `{name}` | {default(field)} | {', '.join(allowed(field))} | {field.description} |")
    return "\n".join(rows)


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.default
    if isinstance(value, tuple) and all(isinstance(one, int) for one in value):
        return f"`{json.dumps(value)}`"
    if isinstance(value, BaseModel | tuple):
        return "see below"
    return "none" if value is None else f"`{json.dumps(value)}`"


def allowed(field: FieldInfo) -> Iterator[str]:
    annotation: Any = field.annotation
    kinds = [one for one in get_args(annotation) if one is not type(None)] if is_optional(annotation) else [annotation]
    for place, kind in enumerate(kinds):
        words = _allowed_of(kind, list(field.metadata) if place == len(kinds) - 1 else [])
        yield f"{'or ' if place else ''}{next(words)}"
        yield from words


def _allowed_of(kind: Any, metadata: list[Any]) -> Iterator[str]:
    if hasattr(kind, "__metadata__"):  # Annotated
        metadata = metadata + [part for one in kind.__metadata__ for part in getattr(one, "metadata", [one])]
        kind = get_args(kind)[0]
    if get_origin(kind) is Literal:
        yield from (f"`{option}`" for option in get_args(kind))
    elif kind is bool:
        yield from ("`true`", "`false`")
    elif kind in (int, float):
        yield "a number" if kind is float else "a whole number"
    elif kind is str:
        yield "a text"
    elif get_origin(kind) is tuple and get_origin(get_args(kind)[0]) is Literal:
        first, *others = (f"`{option}`" for option in get_args(get_args(kind)[0]))
        yield f"a list of {first}"
        yield from others
    elif get_origin(kind) is tuple and get_args(kind)[0] is int:
        yield "whole numbers"
    else:
        yield "an object" if get_origin(kind) is None else "objects"
    yield from bounds(metadata)


def is_optional(annotation: Any) -> bool:
    return isinstance(annotation, UnionType) or type(None) in get_args(annotation)


def bounds(metadata: list[Any]) -> Iterator[str]:
    for bound in metadata:
        match bound:
            case Ge(ge=low):
                yield f"from {low:,}"
            case Gt(gt=low):
                yield f"above {low:,}"
            case Le(le=high):
                yield f"up to {high:,}"
            case MinLen(min_length=low):
                yield f"{low} or more"
            case MaxLen(max_length=high):
                yield f"at most {high}"
            case _ if pattern := getattr(bound, "pattern", None):
                yield f"`{pattern}`"


def result_table(model: type[BaseModel], base: type[BaseModel] | None = None) -> str:
    """Without the fields that the model has from `base`, which is told of elsewhere."""
    rows = ["| field | meaning |", "|---|---|"]
    rows += [
        f"| `{name}` | {field.description} |"
        for name, field in model.model_fields.items()
        if base is None or name not in base.model_fields
    ]
    return "\n".join(rows)


def examples(document: str) -> list[dict[str, Any]]:
    """Each is a whole `params`."""
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", document, re.MULTILINE | re.DOTALL)]


def keys(value: Any) -> Iterator[str]:
    """Of all objects in it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys(inner)
