"""What a CSV cell is, decided on its characters alone; the same patterns make up those of whole rows.

A form is what a cell was called: its type, with a leading `q` where it was quoted. Everything here is linear: what
follows a repetition is never something that it repeats.
"""

import re
from collections.abc import Iterator, Set

from processors.text.data.models import ColumnType

# A number with leading zeros is a name (a postcode, a part), one beyond 64 bits would lose digits: both are strings.
INTEGER = r"[+-]?(?:0|[1-9][0-9]{0,17}+|[1-8][0-9]{18}+)"
_EXPONENT = r"[eE][+-]?(?:(?:2[0-8]|1?[0-9])?[0-9])"  # with 19 digits before the point, within a double's range
NUMBER = rf"[+-]?(?:(?:0|[1-9][0-9]{{0,18}}+)(?:\.[0-9]*+(?:{_EXPONENT})?|{_EXPONENT})|\.[0-9]++(?:{_EXPONENT})?)"
DATE = (
    r"(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)
DATETIME = rf"{DATE}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,9}}+)?"
ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
FORMULA = "=+\\-@\t\r"

_TYPED = {
    "boolean": "(?:true|false|True|False|TRUE|FALSE)",
    "integer": INTEGER,
    "number": NUMBER,
    "date": DATE,
    "datetime": DATETIME,
    "zoned": DATETIME + ZONE,
}
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
    found = {form.removeprefix("q") for form in forms} - {"null"}
    match sorted(found):
        case ["boolean" | "integer" | "number" | "date" | "datetime" as only]:
            return only
        case ["integer", "number"]:
            return "number"
        case ["zoned"] | ["datetime", "zoned"]:
            return "datetime"
        case _:
            return "string"


def column_pattern(forms: Set[str], delimiter: str) -> Iterator[tuple[str, str | None]]:
    """The alternatives that match the column's cells, each with the count that it belongs to, if any.

    Numbers stay beside text, which begins with no sign. No alternative matches what another form is.
    """
    mark = re.escape(delimiter)
    rest = f'[^{mark}"\r\n]*+'
    signs = FORMULA.replace("\r", "").replace(delimiter, "")
    if "text" in forms:
        yield f'[^{mark}"\r\n{FORMULA}]{rest}', None
    for form in ("integer", "number", "boolean", "date", "datetime", "zoned"):
        if form in forms and (form in ("integer", "number") or "text" not in forms):
            yield _TYPED[form], None
    quoted = r'[^"]*+(?:""[^"]*+)*+"'
    if "qtext" in forms:
        yield f'"(?:[^"{FORMULA}]|""){quoted}', None
    for form in ("integer", "number", "boolean", "date", "datetime", "zoned"):
        if f"q{form}" in forms and (form in ("integer", "number") or "qtext" not in forms):
            yield f'"{_TYPED[form]}"', None
    if "null" in forms:
        yield f"(?=[{mark}\r\n])", "null"
    if "qnull" in forms:
        yield '""(?!")', "null"
    if "formula" in forms:
        yield f"(?!(?:{INTEGER}|{NUMBER})[{mark}\r\n])[{signs}]{rest}", "formula"
    if "qformula" in forms:
        yield f'"(?!(?:{INTEGER}|{NUMBER})")[{FORMULA}]{quoted}', "formula"
