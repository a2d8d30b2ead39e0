"""Patterns of whole JSON records, learned from records that were parsed: one match passes all that are like them.

Sound by construction: a template holds the names of its objects literally, and of each value only the types that a
parsed record had in that place. What it matches is therefore valid, has no name twice, no number out of range, and
nothing that the schema doesn't know.
"""

import re
from collections.abc import Callable, Collection, Iterable
from typing import AnyStr, Generic, NamedTuple

from processors.text.data.json_tokens import SPACE, STRING, TEXT, TOKEN
from processors.text.data.runs import Runs, regular
from processors.text.repeats import any_number_of, one_or_more, perhaps

TEMPLATES = 8
ALTERNATIVES = 8  # of one value
RECORD_CHARACTERS = 32 << 10
VALUES = 500  # in one template
DEPTH = 8
PATTERN_CHARACTERS = 32 << 10
MOST_IDLE = 64
BACKOFF = 10  # the pattern is made anew after 1, 2, 4, ... up to 1024 records that it didn't match


class Form(NamedTuple):
    """A pattern, and what matches the same without look-around: None where that is too long."""

    pattern: str
    regular: str | None


def _form(pattern: str) -> Form:
    return Form(pattern, regular(pattern))


# The narrower a pattern, the quicker. Each record adds the narrowest that it needs.
_NATURAL = "(?:0|[1-9][0-9]{0,17}+)"
NATURAL = _form(_NATURAL)
INTEGER = _form("-?+(?:[1-8][0-9]{18}+|0|[1-9][0-9]{0,17}+)")
DECIMAL = _form(rf"-?+{_NATURAL}\.[0-9]++")
DOUBLE = _form(f"-?+{_NATURAL}" + perhaps(r"\.[0-9]++") + perhaps("[eE][+-]?+[0-9]{1,2}+"))
PLAIN = _form(f'"{TEXT}"')
ESCAPED = _form(f'"{STRING}"')
BOOLEAN = _form("(?:true|false)")
NULL = _form("null")
_NUMBERS = tuple((form, re.compile(form.pattern)) for form in (NATURAL, INTEGER, DECIMAL))
_WIDER = {NATURAL: (INTEGER, DOUBLE), INTEGER: (DOUBLE,), DECIMAL: (DOUBLE,), PLAIN: (ESCAPED,)}


class NoTemplate(Exception):
    """Too large, too deep, or no JSON."""


class Templates(Generic[AnyStr]):
    def __init__(
        self, runs: Callable[[str, str | None], Runs[AnyStr]], before: str = "", behind: str = r"\r?+\n"
    ) -> None:
        """What runs them, and patterns of what stands before and behind each record."""
        self._make: Callable[[str, str | None], Runs[AnyStr]] = runs
        self._before, self._behind = before, behind
        self._known: dict[tuple[str, ...], list[dict[Form, None]]] = {}  # literal parts -> the values between them
        self._current: Runs[AnyStr] | None = None
        self._is_stale = False
        self._missed = 0
        self._compiled = 0
        self._idle = 0  # records to pass over, since the last ones taught nothing
        self._patience = 1

    def end(self, text: AnyStr, start: int, stop: int) -> int:
        """Of the records from `start` on that are like those that were learned, within [start, stop)."""
        if self._is_stale and self._missed >= 1 << self._compiled:
            self._compile()
        return self._current.end(text, start, stop) if self._current else start

    def learn(self, record: str) -> None:
        """From a record that is valid, without a name twice or a number out of range."""
        self._missed += 1
        self._idle -= 1
        if self._idle > 0 or len(record) > RECORD_CHARACTERS:
            return
        if self._teaches(record):
            self._is_stale, self._patience = True, 1
        else:
            self._patience = min(2 * self._patience, MOST_IDLE)
        self._idle = self._patience

    def _teaches(self, record: str) -> bool:
        try:
            literals, values = _Template(record).parts()
        except NoTemplate:
            return False
        known = self._known.get(literals)
        if known is None:
            if len(self._known) < TEMPLATES:
                self._known[literals] = [{value: None} for value in values]
            return literals in self._known
        before = sum(map(len, known))
        for alternatives, value in zip(known, values, strict=True):
            if len(alternatives) < ALTERNATIVES:
                alternatives[value] = None
        return sum(map(len, known)) > before

    def _compile(self) -> None:
        records = [_joined(literals, values) for literals, values in self._known.items()]
        record = f"{self._before}(?:{'|'.join(record.pattern for record in records)}){self._behind}"
        pattern = any_number_of(f"(?>{record})")
        plain = _all(record.regular for record in records)
        around = regular(self._before), regular(self._behind)
        self._current = self._make(pattern, f"(?:{around[0]}(?:{'|'.join(plain)}){around[1]})*" if plain else None)
        self._is_stale, self._missed, self._compiled = False, 0, min(self._compiled + 1, BACKOFF)


def _all(found: Iterable[str | None]) -> list[str] | None:
    """None if one of them is."""
    whole = list(found)
    return None if None in whole else [one for one in whole if one is not None]


def _joined(literals: tuple[str, ...], values: list[dict[Form, None]]) -> Form:
    first, *others = map(re.escape, literals)
    forms = [_one_of(value) for value in values]
    pattern = "".join(form.pattern + literal for form, literal in zip(forms, others, strict=True))
    plain = _all(form.regular for form in forms)
    if plain is None:
        return Form(first + pattern, None)
    return Form(first + pattern, first + "".join(one + other for one, other in zip(plain, others, strict=True)))


def _one_of(forms: Collection[Form]) -> Form:
    widest = [one for one in forms if not any(wider in forms for wider in _WIDER.get(one, ()))]
    if len(widest) == 1:
        return widest[0]
    # Two patterns may match the same value, and then a record had as many ways to match as all its values multiplied.
    # Atomic, up to where the value must end: wherever it does, it does so for each of them.
    pattern = f"(?>(?:{'|'.join(form.pattern for form in widest)})(?=[ \\t\\n\\r,\\]}}]))"
    plain = _all(form.regular for form in widest)
    return Form(pattern, f"(?:{'|'.join(plain)})" if plain else None)


def _number(number: str) -> Form:
    for form, narrow in _NUMBERS:
        if narrow.fullmatch(number):
            return form
    if number.lstrip("-").isdigit():  # a whole number so large that it may be out of range
        raise NoTemplate
    return DOUBLE


def _array_of(item: Form, before: str, between: str, behind: str) -> Form:
    # Each item stands in the pattern once, or it would double with each level of nesting. There is no comma before
    # the first, and one before each of the others: atomic, so that the first isn't tried with one.
    opening = rf"\[{before}"
    pattern = opening + one_or_more(f"(?>(?<={opening})|{between}){item.pattern}") + rf"{behind}\]"
    if len(pattern) > PATTERN_CHARACTERS:
        raise NoTemplate
    plain = item.regular and rf"{opening}{item.regular}(?:{between}{item.regular})*{behind}\]"
    return Form(pattern, plain if plain and len(plain) <= PATTERN_CHARACTERS else None)


class _Template:
    """One record taken apart: the objects with their names and all space literally, and patterns for the values."""

    def __init__(self, record: str, at: int = 0) -> None:
        self._record = record
        self._at = at
        self._literals = [""]
        self._values: list[Form] = []

    def parts(self) -> tuple[tuple[str, ...], list[Form]]:
        self._object_or_value(DEPTH)
        self._literals[-1] += self._record[self._at :]
        return tuple(self._literals), self._values

    def _next(self) -> re.Match[str]:
        match = TOKEN.match(self._record, self._at)
        if match is None:
            raise NoTemplate
        self._at = match.end()
        return match

    def _object_or_value(self, depth: int) -> None:
        start = self._at
        match = self._next()
        if match[1] == "{":
            self._literals[-1] += self._record[start : self._at]
            self._object(depth - 1)
            return
        if len(self._values) >= VALUES:
            raise NoTemplate
        self._literals[-1] += self._record[start : match.start(match.lastindex or 0) - (match.lastindex == 2)]
        self._values.append(self._value(match, depth))
        self._literals.append("")

    def _object(self, depth: int) -> None:
        if depth < 0:
            raise NoTemplate
        while True:
            start = self._at
            if self._next()[2] is None:  # the end of an empty object; else a name
                self._literals[-1] += self._record[start : self._at]
                return
            self._next()  # the colon
            self._literals[-1] += self._record[start : self._at]
            self._object_or_value(depth)
            start = self._at
            is_over = self._next()[1] == "}"
            self._literals[-1] += self._record[start : self._at]
            if is_over:
                return

    def _value(self, match: re.Match[str], depth: int) -> Form:
        sign, string, number, literal = match.groups()
        if sign is not None:
            return self._array(depth - 1)
        if number is not None:
            return _number(number)
        if literal is not None:
            return NULL if literal == "null" else BOOLEAN
        return ESCAPED if "\\" in str(string) else PLAIN

    def _array(self, depth: int) -> Form:
        """Any number of items, each like one of these, with the space as it is before and behind the first."""
        if depth < 0:
            raise NoTemplate
        items: dict[Form, None] = {}
        before = between = ""
        while True:
            start = self._at
            match = self._next()
            if match[1] == "]":
                break  # of an empty array
            if match[1] == ",":
                between = between or self._around_comma(start)
                continue
            space = self._record[start : match.start(match.lastindex or 0) - (match.lastindex == 2)]
            before = before if items else space
            items[self._item(match, depth)] = None
        if len(items) > ALTERNATIVES:
            raise NoTemplate
        behind = re.escape(self._record[start : self._at - 1])
        if not items:
            return _form(rf"\[{behind}\]")
        return _array_of(_one_of(items), re.escape(before), between or ",", behind)

    def _around_comma(self, start: int) -> str:
        space = SPACE.match(self._record, self._at)
        return re.escape(self._record[start : space.end() if space else self._at])

    def _item(self, match: re.Match[str], depth: int) -> Form:
        if match[1] != "{":
            return self._value(match, depth)
        inner = _Template(self._record, match.start(1))
        inner._object_or_value(depth)
        self._at = inner._at
        return _joined(tuple(inner._literals), [{value: None} for value in inner._values])
