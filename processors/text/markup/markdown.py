"""The block structure of Markdown (CommonMark and GitHub's additions), line by line, in constant memory.

A parser that builds the whole tree would take many times the file, and on some texts more than linear time. What it
would find inside of quotes and lists is not in the outline.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

from processors.text.content import Text
from processors.text.lines.splitting import LINE_CHARACTERS, Line, lines
from processors.text.markup.inline import AUTOLINK, DEFINITION, LINK, REFERENCE, plain, without_code
from processors.text.markup.kept import Kept
from processors.text.markup.models import (
    KEPT_FIELDS,
    KEPT_LANGUAGES,
    TEXT_CHARACTERS,
    URL_CHARACTERS,
    Heading,
    Link,
    MarkdownFacts,
)
from processors.text.shape import Examined, Shape

PARAGRAPH_CHARACTERS = 2000  # a longer one is no heading, whatever is under it

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*)|$)")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_FENCE = re.compile(r" *(`{3,}|~{3,})[ \t]*([^\s`]{0,50})")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r" {0,9}(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)")
_TASK = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[([ xX])\][ \t]")
_HTML_BLOCK = re.compile(
    r" {0,3}<(?:(!--)|(script|pre|style|textarea)(?=[\s>]|$)|/?(?:address|article|aside|base|basefont|blockquote|body|"
    r"caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|"
    r"h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|"
    r"search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul)(?=\s|/?>|$))",
    re.IGNORECASE,
)
_HTML_TAG = re.compile(r" {0,3}</?[a-zA-Z][a-zA-Z0-9-]{0,50}(?:[\s/][^<>]{0,2000})?>[ \t]*$")  # alone on its line
_FIELD = re.compile(r"([A-Za-z_][\w.-]{0,100}):[ \t]{0,9}(.*)")


@dataclass(slots=True)
class _Paragraph:
    """Lines that an underline would make a heading."""

    offset: int
    line: int
    texts: list[str] = field(default_factory=list)
    length: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A heading, and the character of the file that it begins at."""

    offset: int
    heading: Heading


class Scanner:
    """Feed it every line. `take` returns the heading that the line is, or has made of the lines above."""

    def __init__(self, head: str) -> None:
        self.headings = Kept[Heading]()
        self.links = Kept[Link]()
        self.images = Kept[Link]()
        self.counts: Counter[str] = Counter()
        self.languages: Counter[str] = Counter()
        self.front_matter: dict[str, str] = {}
        self._front_lines = _front_matter_lines(head)
        self._line = 0
        self._fence = ""  # what the block of code began with
        self._until = ""  # what ends the block of HTML; a blank line, if it is "\n"
        self._paragraph: _Paragraph | None = None
        self._is_in_list = False

    @property
    def pending(self) -> int | None:
        """Where the paragraph begins that may yet become a heading."""
        return self._paragraph.offset if self._paragraph else None

    @property
    def is_markdown(self) -> bool:
        return bool(self.counts or self.front_matter)

    def take(self, line: Line) -> Found | None:
        self._line += 1
        text = line.text
        if self._line <= self._front_lines:
            self._take_field(text)
        elif self._fence:
            self._close_fence(text)
        elif self._until:
            self._close_html(text)
        elif not text.strip():
            self._paragraph = None
        else:
            return self._take_text(line, text)
        return None

    def _take_text(self, line: Line, text: str) -> Found | None:
        """Of a line that is neither blank nor within a block of code or HTML."""
        if len(text) >= LINE_CHARACTERS:
            self._paragraph = None
            return None
        fence = _FENCE.match(text)
        if fence and self._open_fence(text, fence):
            return None
        if atx := _ATX.match(text):
            self._paragraph = None
            return self._heading(line.offset, self._line, len(atx[1]), _without_closing(atx[2] or ""))
        paragraph = self._paragraph
        if paragraph and paragraph.texts and (underline := _SETEXT.match(text)):
            self._paragraph = None
            level = 1 if underline[1][0] == "=" else 2
            return self._heading(paragraph.offset, paragraph.line, level, " ".join(paragraph.texts))
        if paragraph and "|" in text and "-" in text and not text.strip("|:- \t") and "|" in paragraph.texts[-1]:
            self.counts["tables"] += 1
        if _RULE.match(text):
            self._paragraph = None
        elif not self._open_html(text):
            self._take_prose(line, text)
        return None

    def _take_prose(self, line: Line, text: str) -> None:
        is_item = _ITEM.match(text) is not None
        is_indented = text[0] == "\t" or text.startswith("    ")
        if is_item or (not is_indented and self._paragraph is None):
            self._is_in_list = is_item
        if is_item and (task := _TASK.match(text)):
            self.counts["open_tasks" if task[1] == " " else "done_tasks"] += 1
        if is_item or text.lstrip(" ").startswith(">") or (is_indented and self._paragraph is None):
            self._paragraph = None
        else:
            self._continue(line, text)
        if not is_indented or self._is_in_list:
            self._find_links(text)

    def _continue(self, line: Line, text: str) -> None:
        if self._paragraph is None:
            if self._is_in_list and text[0] == " ":
                return
            self._paragraph = _Paragraph(line.offset, self._line)
        self._paragraph.texts.append(text.strip())
        self._paragraph.length += len(text)
        if self._paragraph.length > PARAGRAPH_CHARACTERS:
            self._paragraph = None

    # -- blocks

    def _heading(self, offset: int, line: int, level: int, text: str) -> Found:
        self.counts["headings"] += 1
        self._is_in_list = False
        self._find_links(text)
        heading = Heading(level=level, text=plain(text)[:TEXT_CHARACTERS], line=line)
        self.headings.add(heading)
        return Found(offset, heading)

    def _open_fence(self, text: str, fence: re.Match[str]) -> bool:
        is_indented = fence.start(1) > 3 and not self._is_in_list
        if is_indented or (fence[1][0] == "`" and "`" in text[fence.end(1) :]):
            return False
        self._fence = fence[1]
        self._paragraph = None
        self.counts["code_blocks"] += 1
        language = fence[2].lower().strip("{}.")
        if language and (language in self.languages or len(self.languages) < KEPT_LANGUAGES):
            self.languages[language] += 1
        return True

    def _close_fence(self, text: str) -> None:
        stripped = text.strip()
        if stripped.startswith(self._fence) and not stripped.strip(self._fence[0]):
            self._fence = ""

    def _open_html(self, text: str) -> bool:
        found = _HTML_BLOCK.match(text)
        if not found and (self._paragraph or not _HTML_TAG.match(text)):
            return False
        self._paragraph = None
        mark, name = found.groups() if found else ("", "")
        self._until = "-->" if mark else f"</{name.lower()}>" if name else "\n"
        if found and self._until != "\n":
            self._close_html(text[found.end() :])
        return True

    def _close_html(self, text: str) -> None:
        if self._until in text.lower() if self._until != "\n" else not text.strip():
            self._until = ""

    def _take_field(self, text: str) -> None:
        if (found := _FIELD.match(text)) and len(self.front_matter) < KEPT_FIELDS:
            self.front_matter[found[1]] = found[2].strip().strip("\"'")[:TEXT_CHARACTERS]

    # -- links

    def _find_links(self, text: str) -> None:
        if "[" not in text and "<" not in text:
            return
        text = without_code(text)
        if definition := DEFINITION.match(text):
            self._keep(False, definition[1], definition[2])
            return
        for found in LINK.finditer(text):
            self._keep(bool(found[1]), found[2], found[3] or found[4])
        for found in AUTOLINK.finditer(text):
            self._keep(False, found[1], found[1])
        if "][" in text:
            self.counts["references"] += sum(1 for _ in REFERENCE.finditer(text))

    def _keep(self, is_image: bool, text: str, url: str) -> None:
        self.counts["images" if is_image else "links"] += 1
        kept = self.images if is_image else self.links
        kept.add(Link(text=plain(text)[:TEXT_CHARACTERS], url=url[:URL_CHARACTERS], line=self._line))

    def facts(self) -> MarkdownFacts:
        counts = self.counts
        return MarkdownFacts(
            headings=counts["headings"],
            outline=self.headings.items,
            links=counts["links"],
            first_links=self.links.items,
            images=counts["images"],
            first_images=self.images.items,
            code_blocks=counts["code_blocks"],
            code_languages=dict(sorted(self.languages.items())),
            front_matter=self.front_matter,
            tables=counts["tables"],
            open_tasks=counts["open_tasks"],
            done_tasks=counts["done_tasks"],
        )


def _front_matter_lines(head: str) -> int:
    """How many lines of the beginning are front matter: between --- and --- or ..."""
    for number, line in enumerate(lines(iter([head]))):
        mark = line.text.rstrip()
        if number == 0 and mark != "---":
            return 0
        if number > 0 and mark in ("---", "..."):
            return number + 1
    return 0


def _without_closing(text: str) -> str:
    bare = text.rstrip().rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else text.strip()


def examine(text: Text) -> Examined:
    scanner = Scanner(text.head)
    for line in lines(text.blocks("markdown")):
        scanner.take(line)
    return Examined(scanner.is_markdown, scanner.facts() if scanner.is_markdown else None)


def looks_like_markdown(head: str) -> bool:
    """A heading, and a link, an image or a block of code."""
    scanner = Scanner(head)
    for line in lines(iter([head])):
        scanner.take(line)
    counts = scanner.counts
    return counts["headings"] > 0 and counts["links"] + counts["images"] + counts["code_blocks"] > 0


SHAPE = Shape(
    "markdown",
    frozenset({"markdown", "md", "mdown", "mdx", "mkd", "mkdn", "rmd"}),
    frozenset({"text/markdown"}),
    looks_like_markdown,
    examine,
)
