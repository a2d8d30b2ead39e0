"""Text fields of an upload -> values. The JSON is strict, so that what was accepted can be stored and shown again."""

import json
from typing import Any

from pydantic import BaseModel, ValidationError

from ingest.digests import Digest, hex_sha256
from ingest.errors import Problem

MAX_DEPTH = 32
MAX_PAIRS = 64
MAX_KEY_CHARACTERS = 128
MAX_VALUE_CHARACTERS = 4096
MAX_ERRORS = 10
MAX_WORDS = 300


class _Refused(ValueError):
    """JSON that Python reads, and we don't."""


def read_json(name: str, text: str) -> Any:
    """RFC 8259, and I-JSON (RFC 7493): no NaN, no key twice, no lone surrogate; and no deep nesting."""
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant)
        _check_depth(value, MAX_DEPTH)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # 1e999 is an infinity, \ud800 no character
    except RecursionError:
        raise Problem("malformed_json", f"{name} is nested too deeply", field=name, limit=MAX_DEPTH) from None
    except ValueError as error:
        reason = str(error) if isinstance(error, _Refused | json.JSONDecodeError) else "not a number or a text"
        raise Problem("malformed_json", f"{name}: {reason[:MAX_WORDS]}", field=name) from None
    return value


def read_params(text: str | None, model: type[BaseModel]) -> dict[str, Any]:
    """The params as the kind's model has them, with its defaults, ready to be stored as JSON."""
    try:
        if text is None:
            return model().model_dump(mode="json")
        if not isinstance(read_json("params", text), dict):
            raise Problem("invalid_params", "params is not a JSON object", errors=[])
        return model.model_validate_json(text).model_dump(mode="json")
    except ValidationError as wrong:
        errors = [_presentable(error) for error in wrong.errors(include_url=False, include_input=False)[:MAX_ERRORS]]
        words = "; ".join(f"{error['loc']}: {error['msg']}" for error in errors)
        raise Problem("invalid_params", words[:MAX_WORDS], errors=errors) from None


def read_metadata(text: str | None) -> dict[str, str]:
    """An object of strings that the client wants to find again in the job document."""
    if text is None:
        return {}
    value = read_json("metadata", text)
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Problem("invalid_metadata", "metadata is not a JSON object whose values are strings")
    if len(value) > MAX_PAIRS:
        raise Problem("invalid_metadata", f"metadata has more than {MAX_PAIRS} keys", limit=MAX_PAIRS)
    for key, item in value.items():
        if not 0 < len(key) <= MAX_KEY_CHARACTERS or len(item) > MAX_VALUE_CHARACTERS:
            words = f"a key has 1 to {MAX_KEY_CHARACTERS} characters, a value up to {MAX_VALUE_CHARACTERS}"
            raise Problem("invalid_metadata", f"metadata: {words}", field=key[:MAX_KEY_CHARACTERS])
        if "\0" in key or "\0" in item:
            raise Problem("invalid_metadata", "metadata holds a NUL, which not every database can store")
    return value


def read_sha256(text: str | None) -> tuple[Digest, ...]:
    return () if text is None else (hex_sha256(text),)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Refused("a key is there twice")
    return value


def _no_constant(name: str) -> None:
    raise _Refused(f"{name} is no JSON")


def _check_depth(value: Any, left: int) -> None:
    if left < 0:
        raise RecursionError
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        _check_depth(item, left - 1)


def _presentable(error: Any) -> dict[str, str]:
    where = ".".join(str(part)[:50] for part in error["loc"][:MAX_DEPTH]) or "params"
    return {"loc": where[:MAX_WORDS], "msg": error["msg"][:MAX_WORDS], "type": error["type"]}
