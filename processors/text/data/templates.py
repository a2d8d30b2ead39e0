"""Patterns of whole JSON records, learned from records that were parsed: one match passes all that are like them.

Sound by construction: a template holds the names of its objects literally, and of each value only the types that a
parsed record had in that place. What it matches is therefore valid, has no name twice, no number out of range, and
nothing that the schema doesn't know.
"""

import re
from collections.abc import Collection

from processors.text.data.json_tokens import SPACE, STRING, TEXT, TOKEN

TEMPLATES = 8
ALTERNATIVES = 8  # of one value
RECORD_CHARACTERS = 32 << 10
VALUES = 500  # in one template
DEPTH = 8
PATTERN_CHARACTERS = 32 << 10
MOST_IDLE = 64
BACKOFF = 10  # the pattern is made anew after 1, 2, 4, ... up to 1024 records that it didn't match

# The narrower a pattern, the quicker. Each record adds the narrowest that it needs.
NATURAL = "(?:0|[1-9][0-9]{0,17}+)"
INTEGER = "-?+(?:[1-8][0-9]{18}+|0|[1-9][0-9]{0,17}+)"
DECIMAL = rf"-?+{NATURAL}\.[0-9]++"
DOUBLE = rf"-?+{NATURAL}(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]{{1,2}}+)?+"
PLAIN = f'"{TEXT}"'
ESCAPED = f'"{STRING}"'
_NUMBERS = tuple((pattern, re.compile(pattern)) for pattern in (NATURAL, INTEGER, DECIMAL))
_WIDER = {NATURAL: (INTEGER, DOUBLE), INTEGER: (DOUBLE,), DECIMAL: (DOUBLE,), PLAIN: (ESCAPED,)}


class NoTemplate(Exception):
    """Too large, too deep, or no JSON."""


class Templates:
    def __init__(self, before: str = "", behind: str = r"\r?+\n") -> None:
        """Patterns of what stands before and behind each record."""
        self._before, self._behind = before, behind
        self._known: dict[tuple[str, ...], list[dict[str, None]]] = {}  # literal parts -> the values between them
        self._pattern: re.Pattern[str] | None = None
        self._is_stale = False
        self._missed = 0
        self._compiled = 0
        self._idle = 0  # records to pass over, since the last ones taught nothing
        self._patience = 1

    def end(self, text: str, start: int, stop: int) -> int:
        """Of the records from `start` on that are like those that were learned, within [start, stop)."""
        if self._is_stale and self._missed >= 1 << self._compiled:
            self._compile()
        return self._pattern.match(text, start, stop).end() if self._pattern else start  # type: ignore[union-attr]

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
        records = "|".join(_joined(literals, values) for literals, values in self._known.items())
        self._pattern = re.compile(f"(?>{self._before}(?:{records}){self._behind})*+")
        self._is_stale, self._missed, self._compiled = False, 0, min(self._compiled + 1, BACKOFF)


def _joined(literals: tuple[str, ...], values: list[dict[str, None]]) -> str:
    first, *others = map(re.escape, literals)
    return first + "".join(f"{_one_of(value)}{literal}" for value, literal in zip(values, others, strict=True))


def _one_of(patterns: Collection[str]) -> str:
    """A decimal before a whole number: in an array none is tried again, and 2 would do where 2.5 stands."""
    widest = [one for one in patterns if not any(wider in patterns for wider in _WIDER.get(one, ()))]
    widest.sort(key=DECIMAL.__ne__)
    return widest[0] if len(widest) == 1 else f"(?:{'|'.join(widest)})"


def _number(number: str) -> str:
    for pattern, narrow in _NUMBERS:
        if narrow.fullmatch(number):
            return pattern
    if number.lstrip("-").isdigit():  # a whole number so large that it may be out of range
        raise NoTemplate
    return DOUBLE


class _Template:
    """One record taken apart: the objects with their names and all space literally, and patterns for the values."""

    def __init__(self, record: str, at: int = 0) -> None:
        self._record = record
        self._at = at
        self._literals = [""]
        self._values: list[str] = []

    def parts(self) -> tuple[tuple[str, ...], list[str]]:
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

    def _value(self, match: re.Match[str], depth: int) -> str:
        sign, string, number, literal = match.groups()
        if sign is not None:
            return self._array(depth - 1)
        if number is not None:
            return _number(number)
        if literal is not None:
            return "null" if literal == "null" else "(?:true|false)"
        return ESCAPED if "\\" in str(string) else PLAIN

    def _array(self, depth: int) -> str:
        """Any number of items, each like one of these, with the space as it is before and behind the first."""
        if depth < 0:
            raise NoTemplate
        items: dict[str, None] = {}
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
            return rf"\[{behind}\]"
        # Each item stands in the pattern once, or it would double with each level of nesting. There is no comma before
        # the first, and one before each of the others: atomic, so that the first isn't tried with one.
        opening = rf"\[{re.escape(before)}"
        pattern = rf"{opening}(?:(?>(?<={opening})|{between or ','}){_one_of(items)})++{behind}\]"
        if len(pattern) > PATTERN_CHARACTERS:
            raise NoTemplate
        return pattern

    def _around_comma(self, start: int) -> str:
        space = SPACE.match(self._record, self._at)
        return re.escape(self._record[start : space.end() if space else self._at])

    def _item(self, match: re.Match[str], depth: int) -> str:
        if match[1] != "{":
            return self._value(match, depth)
        inner = _Template(self._record, match.start(1))
        inner._object_or_value(depth)
        self._at = inner._at
        return _joined(tuple(inner._literals), [{value: None} for value in inner._values])
