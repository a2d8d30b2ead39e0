"""Values -> HTML. Templates are `Markup`: whatever is put into one is escaped, unless it came out of one."""

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

SHORT_TEXT = 200
SHORT_LIST = 50
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
        case list() if len(value) <= SHORT_LIST and all(isinstance(one, dict) and _is_plain(one) for one in value):
            return NOTHING.join(map(table, value))
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    cut = text if len(text) <= VALUE_CHARACTERS else f"{text[:VALUE_CHARACTERS]}\n…"
    return render("box", text=cut)


def _is_plain(values: Mapping[str, Any], depth: int = 2) -> bool:
    """Whether a table shows it at a glance, with other tables in it."""
    return len(values) <= SHORT_LIST and all(
        _is_short(value)
        or (isinstance(value, list) and _are_short(value))
        or (isinstance(value, dict) and depth > 1 and _is_plain(value, depth - 1))
        for value in values.values()
    )


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
