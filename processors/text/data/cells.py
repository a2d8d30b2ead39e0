"""What a CSV cell is, decided on its characters alone; the same patterns make up those of whole rows.

A form is what a cell was called: its type, with a leading `q` where it was quoted. Everything here is linear: what
follows a repetition is never something that it repeats.
"""

import re
from collections.abc import Iterator, Set

from processors.text.data.models import ColumnType
from processors.text.repeats import any_number_of

# A number with leading zeros is a name (a postcode, a part), one beyond 64 bits would lose digits: both are strings.
NATURAL = r"(?:[1-9][0-9]{0,17}+|0)"
INTEGER = r"[+-]?(?:[1-8][0-9]{18}+|[1-9][0-9]{0,17}+|0)"
DECIMAL = rf"{NATURAL}\.[0-9]++"
_EXPONENT = r"[eE][+-]?(?:(?:2[0-8]|1?[0-9])?[0-9])"  # with 19 digits before the point, within a double's range
NUMBER = rf"[+-]?(?:(?:0|[1-9][0-9]{{0,18}}+)(?:\.[0-9]*+(?:{_EXPONENT})?|{_EXPONENT})|\.[0-9]++(?:{_EXPONENT})?)"
DATE = (
    r"(?:[0-9]{4}+-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|[0-9]{4}+-(?:(?:0[13578]|1[02])-(?:29|3[01])|(?:0[469]|11)-(?:29|30))"
    r"|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)
SECOND = rf"{DATE}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
DATETIME = rf"{SECOND}(?:\.[0-9]{{1,9}}+)?"
ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
QUOTED = r'[^"]*+' + any_number_of(r'""[^"]*+')  # what is between the quotes of a cell
FORMULA = "=+\\-@\t\r"
COUNTED = frozenset({"formula", "qformula", "qnull"})  # what can't be counted on the characters of whole rows

# What a cell may be but text; of those that it may be, it is the first. A narrow pattern is quicker than a wide one.
_TYPED = {
    "boolean": "(?:true|false|True|False|TRUE|FALSE)",
    "natural": NATURAL,
    "integer": INTEGER,
    "decimal": DECIMAL,
    "number": NUMBER,
    "date": DATE,
    "datetime": DATETIME,
    "utc": f"{SECOND}Z",
    "zoned": DATETIME + ZONE,
}
_WIDER = {"natural": "integer", "decimal": "number", "utc": "zoned"}  # whose pattern matches the narrow form, too
_CELL = re.compile(
    "|".join(
        f"(?P<{form}>{pattern})"
        for form, pattern in {"null": "", **_TYPED, "formula": f"[{FORMULA}].*", "text": ".+"}.items()
    ),
    re.DOTALL,
)


def form_of(value: str, is_quoted: bool) -> str:
    match = _CELL.fullmatch(value)
    assert match  # it matches everything
    return f"q{match.lastgroup}" if is_quoted else str(match.lastgroup)


def type_of(forms: Set[str]) -> ColumnType:
    """What all of a column's cells are."""
    found = {_WIDER.get(plain, plain) for form in forms if (plain := form.removeprefix("q")) != "null"}
    match sorted(found):
        case ["boolean" | "integer" | "number" | "date" | "datetime" as only]:
            return only
        case ["integer", "number"]:
            return "number"
        case ["zoned"] | ["datetime", "zoned"]:
            return "datetime"
        case _:
            return "string"


def has_zone(forms: Set[str]) -> bool:
    return not forms.isdisjoint({"utc", "zoned", "qutc", "qzoned"})


def column_pattern(forms: Set[str], delimiter: str, has_groups: bool) -> Iterator[tuple[str, str | None]]:
    """The alternatives that match the column's cells, each with the count that it belongs to, if any.

    No two match the same cell. Only where it `has_groups`, those that are counted have one, which takes a character.
    Text includes all that is typed but has no sign in front.
    """
    mark = re.escape(delimiter)
    rest = f'[^{mark}"\r\n]*+'
    signs = FORMULA.replace("\r", "").replace(delimiter, "")
    if "text" in forms:
        yield f'[^{mark}"\r\n{FORMULA}]{rest}', None
    yield from ((pattern, None) for pattern in _typed(forms, ""))
    quoted = f'{QUOTED}"'
    if "qtext" in forms:
        yield f'"(?:[^"{FORMULA}]|""){quoted}', None
    yield from ((f'"{pattern}"', None) for pattern in _typed(forms, "q"))
    if "null" in forms:
        yield (f"(?=([{mark}\r\n]))", "null") if has_groups else (f"(?=[{mark}\r\n])", None)
    if "qnull" in forms:
        yield '"(")(?!")', "null"
    if "formula" in forms:
        yield f"(?!(?:{INTEGER}|{NUMBER})[{mark}\r\n])([{signs}]){rest}", "formula"
    if "qformula" in forms:
        yield f'"(?!(?:{INTEGER}|{NUMBER})")([{FORMULA}]){quoted}', "formula"


def _typed(forms: Set[str], quote: str) -> Iterator[str]:
    """The patterns of the forms that no other of the column's forms includes. Of text they leave what it doesn't take:
    a cell that two alternatives match doubles the ways to match its row.
    """
    has_text = f"{quote}text" in forms
    for form, pattern in _TYPED.items():
        is_within_text = has_text and form not in ("integer", "number")
        if f"{quote}{form}" in forms and not is_within_text and f"{quote}{_WIDER.get(form)}" not in forms:
            yield f"(?=[+-]){pattern}" if has_text else pattern
