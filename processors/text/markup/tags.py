"""The tags and the text of HTML that arrives in blocks: a tokenizer after the HTML standard's, in linear time.

Nothing is built, executed or fetched. Comments, scripts and styles are passed over without being held, and of a tag
only the first `TAG_CHARACTERS` are kept. (`html.parser` holds an open comment or tag and looks at it anew each time.)
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Literal, NamedTuple

from processors.text.data.lines import Place

TAG_CHARACTERS = 64 << 10
NAME_CHARACTERS = 60  # of a tag; no element of HTML has a longer one
REFERENCE_CHARACTERS = 40  # of the longest character reference

RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "textarea", "title"})
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?]|\Z)")
_STOP = re.compile("[>\"']")
_NAME = re.compile(rf"</?([a-zA-Z][^\s/>]{{0,{NAME_CHARACTERS - 1}}})")
_ATTRIBUTE = re.compile(
    r"([^\s\"'<>/=]{1,100}+)(?:\s*+=\s*+(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]{1,4000})))?", re.DOTALL
)


class Token(NamedTuple):
    """`text` is characters as they lie in the file, or all of a tag; `name` is empty, or the tag's in lower case."""

    kind: Literal["text", "start", "end"]
    offset: int
    line: int
    text: str
    name: str = ""

    def attributes(self) -> Mapping[str, str]:
        """The first of each name counts."""
        found: dict[str, str] = {}
        for match in _ATTRIBUTE.finditer(self.text, len(self.name) + 1):
            found.setdefault(match[1].lower(), unescape(match[2] or match[3] or match[4] or ""))
        return found


class Tokens:
    """Iterate once."""

    def __init__(self, blocks: Iterator[str]) -> None:
        self._blocks = blocks
        self._text = ""
        self._base = 0  # of the file, where `_text` begins
        self._place = Place()  # up to which lines were counted
        self._counted = 0
        self._is_over = False

    def __iter__(self) -> Iterator[Token]:
        at = 0
        while at < len(self._text) or not self._is_over:
            found = _MARKUP.search(self._text, at)
            start = found.start() if found else -1
            end = start if start >= 0 else self._end_of_text(at)
            if end > at:
                yield self._token("text", at, end)
            at = end
            if start < 0 or (len(self._text) - start < NAME_CHARACTERS + 3 and not self._is_over):
                at = self._read(at)
            elif self._text.startswith("<!--", at):
                at = self._behind("-->", at + 2)
            elif named := _NAME.match(self._text, at):
                token, at = self._tag(at, named)
                if token:
                    yield token
                    if token.kind == "start" and token.name in RAW:
                        yield from self._raw(token.name, at)
                        at = self._at
            elif self._text[at + 1 : at + 2] in ("!", "?", "/"):
                at = self._behind(">", at + 1)
            else:
                yield self._token("text", at, at + 1)
                at += 1

    def _read(self, keep: int) -> int:
        """Drop what is before `keep`, and read on. Returns where `keep` is now: at 0."""
        block = next(self._blocks, None)
        if block is None:
            self._is_over = True
            block = ""
        self._count(keep)
        self._counted = 0
        self._base += keep
        self._text = self._text[keep:] + block
        return 0

    def _count(self, place: int) -> int:
        self._place.pass_by(self._text[self._counted : place])
        self._counted = place
        return self._place.line

    def _token(self, kind: Literal["text", "start", "end"], start: int, end: int) -> Token:
        return Token(kind, self._base + start, self._count(start), self._text[start:end])

    def _end_of_text(self, at: int) -> int:
        """Before what may be half of a character reference."""
        if self._is_over:
            return len(self._text)
        half = self._text.rfind("&", max(at, len(self._text) - REFERENCE_CHARACTERS))
        return half if half >= 0 else len(self._text)

    def _behind(self, mark: str, at: int) -> int:
        while (found := self._text.find(mark, at)) < 0:
            if self._is_over:
                return len(self._text)
            at = self._read(max(len(self._text) - len(mark) + 1, at))
        return found + len(mark)

    def _tag(self, start: int, named: re.Match[str]) -> tuple[Token | None, int]:
        """The tag and the place behind it. A tag that doesn't end is none. Quotes count behind an equals sign."""
        offset, line, name = self._base + start, self._count(start), named[1].lower()
        kind: Literal["start", "end"] = "end" if self._text[start + 1] == "/" else "start"
        head, at, quote = "", named.end(), ""
        while True:
            if quote:
                close = self._text.find(quote, at)
                at, quote = (close + 1, "") if close >= 0 else (len(self._text), quote)
            elif found := _STOP.search(self._text, at):
                at = found.end()
                if found[0] == ">":
                    break
                quote = found[0] if self._text[max(at - 65, 0) : at - 1].rstrip().endswith("=") else ""
                continue
            else:
                at = len(self._text)
            if at == len(self._text):
                if self._is_over:
                    return None, at
                if not head and at - start > TAG_CHARACTERS:
                    head = self._text[start : start + TAG_CHARACTERS]
                keep = max(at - 65, start) if head else start
                at, start = at - keep, self._read(keep)
        return Token(kind, offset, line, head or self._text[start : at - 1][:TAG_CHARACTERS], name), at

    def _raw(self, name: str, at: int) -> Iterator[Token]:
        """What is no markup, up to the end tag. Given only of a title; `_at` is the place then."""
        while True:
            close = self._text.find("</", at)
            end = close if close >= 0 else max(len(self._text) - 1, at)
            if self._is_over and close < 0:
                end = len(self._text)
            if name == "title" and end > at:
                yield self._token("text", at, end)
            at = end
            behind = close + 2 + len(name)
            if close < 0 or behind >= len(self._text):
                if self._is_over:
                    break
                at = self._read(at)
                continue
            if self._text[close + 2 : behind].lower() == name and self._text[behind] in " \t\r\n\f/>":
                break
            if name == "title":
                yield self._token("text", at, at + 2)
            at += 2
        self._at = at
