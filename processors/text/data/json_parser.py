"""JSON as RFC 8259 has it, in blocks that are cut anywhere, in constant memory: what is wrong first, and what there is.

A token is matched by one pattern, the nesting is a list of its own, and a string may be longer than any block.
"""

import json
import math
import re
from collections.abc import Iterable

from processors.text.data.json_tokens import SPACE, STRING, TOKEN
from processors.text.data.lines import Place
from processors.text.data.models import JsonError, JsonType
from processors.text.data.runs import TextRuns
from processors.text.data.schema import Node, Schema
from processors.text.data.templates import RECORD_CHARACTERS, Templates

KEYS = 100_000  # names of open objects that are remembered, to find them again
KEY_CHARACTERS = 1000  # of a longer name, the beginning and the length count
NUMBER_CHARACTERS = 1 << 16
LONG_STRING = 1 << 16  # what is left over from a block is shorter
WIDEST_INTEGER = 19  # digits of a whole number that surely fits into 64 bits: up to 18

_BLANK = r"[ \t\n\r]*+"
_STRING = re.compile(STRING)
_PARTIAL_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_PARTIAL_WORD = re.compile(r"[-+.0-9a-zA-Z]*+\Z")
_LITERALS: dict[str, JsonType] = {"true": "boolean", "false": "boolean", "null": "null"}

# What may come next.
VALUE, FIRST_ITEM, FIRST_NAME, NAME, COLON, COMMA, END = range(7)
_WANTED = {
    VALUE: "A value is missing",
    FIRST_ITEM: "A value or ] is missing",
    FIRST_NAME: "A name in quotes or } is missing",
    NAME: "A name in quotes is missing",
    COLON: "A colon is missing",
    COMMA: "A comma or the end of the array or object is missing",
    END: "The document is over",
}


class Wrong(Exception):
    """Not JSON: what is wrong at which character of the buffer."""

    def __init__(self, at: int, reason: str) -> None:
        super().__init__(reason)
        self.at = at
        self.reason = reason


class Level:
    """An open array or object, with the names that it has had. `start` is where it began, in all that was fed."""

    __slots__ = ("is_object", "names", "node", "oddities", "start")

    def __init__(self, is_object: bool, node: Node | None, start: int, oddities: int) -> None:
        self.is_object = is_object
        self.node = node
        self.start = start
        self.oddities = oddities  # that were counted before
        self.names: set[str] = set()


class Parser:
    """`feed` it, then `finish`; both raise `Wrong`. `schema` may know of earlier documents."""

    def __init__(self, schema: Schema, max_depth: int) -> None:
        self.schema = schema
        self.top_type: JsonType | None = None
        self.max_depth = 0
        self.duplicate_keys = 0
        self.out_of_range = 0
        self._allowed = max_depth
        self._open: list[Level] = []
        self._closed = Level(False, None, 0, 0)  # the last one
        self._node: Node | None = schema.root  # of the value that comes next
        self._state = VALUE
        self._remembered = 0
        self._used = 0  # characters that were fed, and used
        self._templates: dict[Node, Templates[str]] = {}  # of the items of the arrays at each path
        self._string: tuple[str, int] | None = None  # one that is longer than the block: its beginning and its length

    def feed(self, text: str, is_last: bool = False) -> int:
        """Returns how much of it was used: what is left comes again, with more behind it."""
        used = self._feed(text, is_last)
        self._used += used
        return used

    def _feed(self, text: str, is_last: bool) -> int:
        at = 0 if self._string is None else self._go_on(text, is_last)
        while self._string is None:
            match = TOKEN.match(text, at)
            if match is None or (match.end() == len(text) and match.lastindex in (3, 4) and not is_last):
                return self._unfinished(text, at, is_last)
            self._take(match)
            at = match.end()
            if self._state == COMMA and not self._open[-1].is_object:
                at = self._pass_alike(text, match, at)
        return at

    def _pass_alike(self, text: str, match: re.Match[str], at: int) -> int:
        """An item of an array is over: on, behind all items that are like those before."""
        node = self._open[-1].node
        if node is None:
            return at
        templates = self._templates.get(node)
        if templates is None:
            templates = self._templates[node] = Templates(TextRuns, rf"{_BLANK},{_BLANK}", r"(?=[ \t\n\r,\]])")
        start = match.start(match.lastindex or 0) - (match.lastindex == 2)
        is_odd = False
        if match[1] is not None:
            start = self._closed.start - self._used
            is_odd = self._closed.oddities != self.duplicate_keys + self.out_of_range
        if start >= 0 and not is_odd and at - start <= RECORD_CHARACTERS:
            templates.learn(text[start:at])
        return templates.end(text, at, len(text))

    def finish(self) -> None:
        if self._state != END:
            raise Wrong(0, f"{_WANTED[self._state]} where the file ends.")

    def _take(self, match: re.Match[str]) -> None:
        sign, string, number, literal = match.groups()
        if sign is not None:
            self._punctuate(sign, match.start(1))
        elif string is not None:
            self._take_string(string, len(string), match.start(2) - 1)
        elif number is not None:
            self._value(self._number(number), match.start(3))
        else:
            self._value(_LITERALS[literal], match.start(4))

    def _punctuate(self, sign: str, at: int) -> None:
        match sign:
            case "{" | "[":
                self._value("object" if sign == "{" else "array", at)
                self._descend(sign == "{", at)
            case "}" | "]":
                self._ascend(sign == "}", at)
            case ",":
                self._expect(COMMA, at)
                level = self._open[-1]
                self._state = NAME if level.is_object else VALUE
                self._node = None if level.is_object else self.schema.items(level.node)
            case _:
                self._expect(COLON, at)
                self._state = VALUE

    def _expect(self, state: int, at: int) -> None:
        if self._state != state:
            raise Wrong(at, f"{_WANTED[self._state]}.")

    def _value(self, kind: JsonType, at: int) -> None:
        if self._state not in (VALUE, FIRST_ITEM):
            raise Wrong(at, f"{_WANTED[self._state]}.")
        if self._state == FIRST_ITEM:
            self._node = self.schema.items(self._open[-1].node)
        if self._node is not None:
            self._node.types.add(kind)
        if self.top_type is None:
            self.top_type = kind
        self._state = COMMA if self._open else END

    def _descend(self, is_object: bool, at: int) -> None:
        if len(self._open) >= self._allowed:
            raise Wrong(at, f"It is nested deeper than {self._allowed:,}.")
        node = self._node
        oddities = self.duplicate_keys + self.out_of_range
        self._open.append(Level(is_object, node, self._used + at, oddities))
        self.max_depth = max(self.max_depth, len(self._open))
        if is_object:
            self._state = FIRST_NAME
            if node is not None:
                node.objects += 1
        else:
            self._state = FIRST_ITEM

    def _ascend(self, is_object: bool, at: int) -> None:
        first = FIRST_NAME if is_object else FIRST_ITEM
        if not self._open or self._open[-1].is_object != is_object or self._state not in (COMMA, first):
            raise Wrong(at, f"{_WANTED[self._state]}.")
        self._closed = self._open.pop()
        self._remembered -= len(self._closed.names)
        self._state = COMMA if self._open else END

    def _take_string(self, string: str, length: int, at: int) -> None:
        if self._state in (NAME, FIRST_NAME):
            self._name(string if length <= KEY_CHARACTERS else f"{string[:KEY_CHARACTERS]}… {length}")
        else:
            self._value("string", at)

    def _name(self, name: str) -> None:
        if "\\" in name and len(name) <= KEY_CHARACTERS:
            name = str(json.loads(f'"{name}"'))
        level = self._open[-1]
        self._node = self.schema.field(level.node, name)
        self._state = COLON
        if name in level.names:
            self.duplicate_keys += 1
            return
        if self._node is not None:
            self._node.count += 1
        if self._remembered < KEYS:
            self._remembered += 1
            level.names.add(name)

    def _number(self, number: str) -> JsonType:
        is_whole = not ("." in number or "e" in number or "E" in number)
        if is_whole:
            self.out_of_range += len(number) >= WIDEST_INTEGER and not _fits(number)
            return "integer"
        self.out_of_range += math.isinf(float(number))
        return "number"

    def _unfinished(self, text: str, at: int, is_last: bool) -> int:
        """No whole token at `at`: is it because the text was cut there?"""
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if at == len(text):
            return at
        if text[at] == '"':
            return self._begin_string(text, at, is_last)
        word = _PARTIAL_WORD.match(text, at)
        if word and not is_last and len(word[0]) <= NUMBER_CHARACTERS:
            return at
        if text.startswith(("NaN", "Infinity", "-Infinity"), at):
            raise Wrong(at, "NaN and Infinity are not JSON.")
        raise Wrong(at, "That is no number." if text[at] in "-.0123456789" else f"{_WANTED[self._state]}.")

    def _begin_string(self, text: str, at: int, is_last: bool) -> int:
        if self._state not in (VALUE, FIRST_ITEM, NAME, FIRST_NAME):
            raise Wrong(at, f"{_WANTED[self._state]}.")
        end = self._rest_of_string(text, at + 1, is_last)
        if end - at <= LONG_STRING:
            return at
        self._string = text[at + 1 : at + 1 + KEY_CHARACTERS], end - at - 1
        return end

    def _go_on(self, text: str, is_last: bool) -> int:
        """Within a long string."""
        assert self._string is not None
        beginning, length = self._string
        end = self._string_end(text, 0)
        self._string = beginning, length + end
        if text[end : end + 1] != '"':
            return self._rest_of_string(text, 0, is_last)
        self._string = None
        self._take_string(beginning, length + end, 0)
        return end + 1

    def _rest_of_string(self, text: str, at: int, is_last: bool) -> int:
        """Where the string breaks off at the end of the text, or else it is wrong there."""
        end = self._string_end(text, at)
        if end < len(text) and not _PARTIAL_ESCAPE.match(text, end):
            is_escape = text[end] == "\\"
            raise Wrong(end, "That escape doesn't exist." if is_escape else "A control character must be escaped.")
        if is_last:
            raise Wrong(len(text), "The string is not closed.")
        return end

    def _string_end(self, text: str, at: int) -> int:
        return _STRING.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too


def _fits(number: str) -> bool:
    return len(number) <= 21 and -(1 << 63) <= int(number) < 1 << 64


def check(blocks: Iterable[str], parser: Parser) -> JsonError | None:
    """Read one document. Nothing behind the first error is asked for."""
    place, rest = Place(), ""
    try:
        for block in blocks:
            rest = rest + block if rest else block
            used = parser.feed(rest)
            place.pass_by(rest[:used])
            rest = rest[used:]
        parser.feed(rest, is_last=True)
        place.pass_by(rest)
        rest = ""
        parser.finish()
    except Wrong as wrong:
        place.pass_by(rest[: wrong.at])
        return JsonError(line=place.line, column=place.column, reason=wrong.reason)
    return None
