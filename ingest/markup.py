"""Values -> HTML. Templates are `Markup`: whatever is put into one is escaped, unless it came out of one."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

SHORT_TEXT = 200
SHORT_LIST = 50
GRID_FIELDS = 6  # objects of more stand one below the other
VALUE_CHARACTERS = 20_000  # of one value of a result; the whole is one link away

EMPTY: tuple[object, ...] = (None, "", [], {})

TEMPLATES = {
    path.stem: Markup(path.read_text())  # noqa: S704 - the templates are ours; what is put into them is escaped
    for path in Path(__file__).with_name("templates").glob("*.html")
}
NOTHING = Markup()


def render(template: str, **values: object) -> Markup:
    return TEMPLATES[template].format(**values)


def render_all(template: str, rows: Iterable[Mapping[str, object]]) -> Markup:
    return NOTHING.join(render(template, **row) for row in rows)


def table(values: Mapping[str, Any]) -> Markup:
    """Of what says something."""
    told = {name: value for name, value in values.items() if value not in EMPTY}
    rows = ({"name": name.replace("_", " "), "value": words(value)} for name, value in told.items())
    return render("facts", rows=render_all("fact", rows)) if told else NOTHING


def words(value: Any) -> Markup | str:
    """A JSON value for a reader; what is long or has a shape of its own stands in a box."""
    match value:
        case Markup():
            return value
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:,}"
        case _ if value in EMPTY:
            return "–"
        case str() if _is_short(value):
            return value
        case list() if _are_short(value):
            return ", ".join(str(words(one)) for one in value)
        case dict() if _is_plain(value):
            return table(value)
        case list() if _is_grid(value):
            return _grid(value)
        case list() if _are_plain(value):
            return NOTHING.join(map(table, value))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    cut = text if len(text) <= VALUE_CHARACTERS else f"{text[:VALUE_CHARACTERS]}\n…"
    return render("box", text=cut)


def _grid(rows: Sequence[Mapping[str, Any]]) -> Markup:
    """Of objects with the same few fields: a row for each of the first."""
    shown, more = rows[:SHORT_LIST], len(rows) - SHORT_LIST
    return render(
        "grid",
        heads=render_all("grid_head", ({"name": name.replace("_", " ")} for name in rows[0])),
        rows=render_all("grid_row", ({"cells": render_all("grid_cell", _cells(row))} for row in shown)),
        more=render("grid_more", count=f"{more:,}") if more > 0 else NOTHING,
    )


def _cells(row: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    return ({"value": words(value)} for value in row.values())


def _is_grid(values: object) -> bool:
    """Of several objects, so that a heading for each field is worth its line."""
    if not isinstance(values, list) or len(values) < 2 or not isinstance(values[0], dict):
        return False
    fields = list(values[0])
    return 0 < len(fields) <= GRID_FIELDS and all(
        isinstance(one, dict) and list(one) == fields and all(map(_is_cell, one.values())) for one in values
    )


def _is_cell(value: Any) -> bool:
    """A text of several lines gets a box in its place."""
    if isinstance(value, str):
        return len(value) <= 2 * SHORT_TEXT
    return _is_short(value) or (isinstance(value, list) and _are_short(value))


def _is_plain(values: Mapping[str, Any], depth: int = 2) -> bool:
    """Whether a table shows it at a glance, with other tables in it."""
    return len(values) <= SHORT_LIST and all(
        _is_cell(value)
        or _is_grid(value)
        or (isinstance(value, list) and depth > 1 and _are_plain(value, depth - 1))
        or (isinstance(value, dict) and depth > 1 and _is_plain(value, depth - 1))
        for value in values.values()
    )


def _are_plain(values: Collection[Any], depth: int = 2) -> bool:
    return len(values) <= SHORT_LIST and all(isinstance(one, dict) and _is_plain(one, depth) for one in values)


def _are_short(values: Collection[Any]) -> bool:
    return len(values) <= SHORT_LIST and all(map(_is_short, values))


def _is_short(value: Any) -> bool:
    match value:
        case str():
            return len(value) <= SHORT_TEXT and "\n" not in value
        case _:
            return isinstance(value, int | float | None)


def label(kind: str) -> str:
    return kind.replace("_", " ").capitalize()


def time(moment: str | None) -> Markup:
    """RFC 3339 as people read it; scripts turn it into the reader's own time."""
    return render("time", moment=moment, words=f"{moment[:10]} {moment[11:19]} UTC") if moment else NOTHING


def between(start: str, end: str | None) -> str:
    """From one RFC 3339 moment to another."""
    return f"{(datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds():.2f} s" if end else ""


def size(size: int) -> str:
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"
