"""Which lines of a program are code and which are comments: strings and comments, and nothing else of a language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from processors.text.repeats import any_number_of

Kind = Literal["code", "comment", "blank"]


@dataclass(frozen=True, slots=True)
class Quote:
    """`is_long`: the string may go on in the next line. `is_doc`: where it begins a line, it is a comment."""

    mark: str
    close: str = ""
    escapes: bool = True
    is_long: bool = False
    is_doc: bool = False


@dataclass(frozen=True, slots=True)
class Syntax:
    """`blocks` are pairs of marks; a mark that begins with ^ stands at the beginning of a line."""

    line: Sequence[str] = ()
    blocks: Sequence[tuple[str, str]] = ()
    nests: bool = False
    quotes: Sequence[Quote] = ()


DOUBLE, SINGLE = Quote('"'), Quote("'")
LONG_DOUBLE, TRIPLE = Quote('"', is_long=True), Quote('"""', is_long=True)
BACKTICK = Quote("`", is_long=True)
RAW_BACKTICK = Quote("`", is_long=True, escapes=False)
C_BLOCKS = (("/*", "*/"),)

C = Syntax(("//",), C_BLOCKS, quotes=(DOUBLE, SINGLE))
CSS = Syntax((), C_BLOCKS, quotes=(DOUBLE, SINGLE))
SCRIPT = Syntax(("//",), C_BLOCKS, quotes=(DOUBLE, SINGLE, BACKTICK))
GO = Syntax(("//",), C_BLOCKS, quotes=(DOUBLE, SINGLE, RAW_BACKTICK))
JAVA = Syntax(("//",), C_BLOCKS, quotes=(TRIPLE, DOUBLE, SINGLE))
NESTING = Syntax(("//",), C_BLOCKS, nests=True, quotes=(TRIPLE, DOUBLE))
RUST = Syntax(("//",), C_BLOCKS, nests=True, quotes=(LONG_DOUBLE,))
PHP = Syntax(("//", "#"), C_BLOCKS, quotes=(LONG_DOUBLE, Quote("'", is_long=True)))
HCL = Syntax(("//", "#"), C_BLOCKS, quotes=(DOUBLE,))
PYTHON = Syntax(
    ("#",),
    quotes=(Quote('"""', is_long=True, is_doc=True), Quote("'''", is_long=True, is_doc=True), DOUBLE, SINGLE),
)
HASH = Syntax(("#",), quotes=(DOUBLE, SINGLE))
SHELL = Syntax(("#",), quotes=(LONG_DOUBLE, Quote("'", escapes=False, is_long=True)))
PLAIN_HASH = Syntax(("#",))
TOML = Syntax(("#",), quotes=(TRIPLE, Quote("'''", escapes=False, is_long=True), DOUBLE, Quote("'", escapes=False)))
RUBY = Syntax(("#",), (("^=begin", "^=end"),), quotes=(DOUBLE, SINGLE))
PERL = Syntax(("#",), (("^=", "^=cut"),), quotes=(DOUBLE, SINGLE))
POWERSHELL = Syntax(("#",), (("<#", "#>"),), quotes=(DOUBLE, SINGLE))
JULIA = Syntax(("#",), (("#=", "=#"),), nests=True, quotes=(TRIPLE, DOUBLE))
SQL = Syntax(("--",), C_BLOCKS, quotes=(Quote("'", escapes=False, is_long=True), Quote('"', escapes=False)))
LUA = Syntax(("--",), (("--[[", "]]"),), quotes=(Quote("[[", "]]", escapes=False, is_long=True), DOUBLE, SINGLE))
HASKELL = Syntax(("--",), (("{-", "-}"),), nests=True, quotes=(DOUBLE,))
ML = Syntax((), (("(*", "*)"),), nests=True, quotes=(LONG_DOUBLE,))
PASCAL = Syntax(("//",), (("{", "}"), ("(*", "*)")), quotes=(Quote("'", escapes=False),))
MARKUP = Syntax((), (("<!--", "-->"),))
LISP = Syntax((";",), (("#|", "|#"),), quotes=(LONG_DOUBLE,))
PERCENT = Syntax(("%",))
ERLANG = Syntax(("%",), quotes=(DOUBLE, SINGLE))
DASHES = Syntax(("--",), quotes=(DOUBLE,))
FORTRAN = Syntax(("!",), quotes=(DOUBLE, SINGLE))
INI = Syntax(("^;", "^#"))
BATCH = Syntax(("^rem ", "^REM ", "^::"))
ASSEMBLY = Syntax((";", "#"), C_BLOCKS, quotes=(DOUBLE,))


class Scanner:
    """Feed it the lines of one file. Linear: every character is looked at once, or twice."""

    def __init__(self, syntax: Syntax) -> None:
        self._syntax = syntax
        self._blocks = dict(syntax.blocks)
        self._quotes = {quote.mark: quote for quote in syntax.quotes}
        marks = sorted((*syntax.line, *self._blocks, *self._quotes), key=len, reverse=True)
        self._marks = re.compile("|".join(map(_pattern, marks)) or r"(?!)")
        self._ends = {mark: _end_of(quote) for mark, quote in self._quotes.items()}
        nested = self._blocks if syntax.nests else ()
        self._insides = {
            mark: re.compile("|".join(map(re.escape, (close, mark) if mark in nested else (close,))))
            for mark, close in syntax.blocks
        }
        self._block = ""  # the mark of the block comment that is open
        self._depth = 0
        self._quote = ""  # the mark of the string that is open
        self._is_doc = False
        self._has_code = self._has_comment = False  # of the line in hand

    @property
    def is_open(self) -> bool:
        """Whether a comment or a string has not ended."""
        return bool(self._block or self._quote)

    def take(self, line: str) -> Kind:
        if not line.strip():
            return "blank"
        self._has_code = bool(self._quote) and not self._is_doc
        self._has_comment = bool(self._block) or (bool(self._quote) and self._is_doc)
        place = 0
        while place < len(line):
            if self._block:
                place = self._close_block(line, place)
            elif self._quote:
                place = self._close_quote(line, place)
            else:
                place = self._pass_code(line, place)
        if self._quote and not self._quotes[self._quote].is_long:
            self._quote = ""
        return "code" if self._has_code or not self._has_comment else "comment"

    def _pass_code(self, line: str, place: int) -> int:
        """To behind the next mark, or to the end of the line."""
        found = self._marks.search(line, place)
        self._has_code = self._has_code or bool(line[place : found.start() if found else None].strip())
        if not found:
            return len(line)
        mark = found[0]
        if mark not in self._blocks and mark not in self._quotes:
            mark = "^" + mark
        if mark in self._blocks:
            self._block, self._depth = mark, 1
            self._has_comment = True
        elif mark in self._quotes:
            self._quote = mark
            self._is_doc = self._quotes[mark].is_doc and not self._has_code
            self._has_comment = self._has_comment or self._is_doc
            self._has_code = self._has_code or not self._is_doc
        else:
            self._has_comment = True
            return len(line)
        return found.end()

    def _close_block(self, line: str, place: int) -> int:
        close = self._blocks[self._block]
        if close.startswith("^"):
            if line.startswith(close[1:]):
                self._block = ""
            return len(line)
        for found in self._insides[self._block].finditer(line, place):
            self._depth += 1 if found[0] == self._block else -1
            if not self._depth:
                self._block = ""
                return found.end()
        return len(line)

    def _close_quote(self, line: str, place: int) -> int:
        end = self._ends[self._quote].match(line, place)
        if end:
            self._quote = ""
        return end.end() if end else len(line)


def _pattern(mark: str) -> str:
    return f"^{re.escape(mark[1:])}" if mark.startswith("^") else re.escape(mark)


def _end_of(quote: Quote) -> re.Pattern[str]:
    close = quote.close or quote.mark
    first = re.escape(close[0])
    within = rf"\\.|[^\\{first}]" if quote.escapes else f"[^{first}]"
    more = f"|{first}(?!{re.escape(close[1:])})" if len(close) > 1 else ""
    return re.compile(any_number_of(within + more) + re.escape(close), re.DOTALL)
