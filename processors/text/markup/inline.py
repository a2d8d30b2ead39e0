"""What stands within the lines of Markdown: links, images, and marks. Every pattern is bounded."""

import re

LINK = re.compile(
    r"(!?)\[([^\[\]]{0,300})\]"
    r"\([ \t]{0,9}(?:<([^<>]{0,2000})>|([^\s()<>]{0,2000}(?:\([^\s()]{0,200}\)[^\s()<>]{0,500})?))"
    r"(?:[ \t]{1,9}[\"'(][^\"']{0,300}[\"')])?[ \t]{0,9}\)"
)
REFERENCE = re.compile(r"(!?)\[[^\[\]]{1,300}\]\[[^\[\]]{0,300}\]")
DEFINITION = re.compile(r" {0,3}\[([^\[\]]{1,300})\]:[ \t]{0,9}<?([^\s<>]{1,2000})")
AUTOLINK = re.compile(r"<([a-zA-Z][a-zA-Z0-9+.-]{1,31}:[^\s<>]{1,2000})>")
_TICKS = re.compile(r"`+")
_EMPHASIS = re.compile(r"[*`]+|(?<!\w)_+|_+(?!\w)")


def plain(text: str) -> str:
    """Without links, code marks and emphasis."""
    return _EMPHASIS.sub("", LINK.sub(r"\2", text)).strip()


def without_code(text: str) -> str:
    """Without spans between equal runs of backticks. Linear: as many lengths of runs as differ need a long text."""
    if "`" not in text:
        return text
    runs = [match.span() for match in _TICKS.finditer(text)]
    kept, place, at = [], 0, 0
    while at < len(runs):
        start, end = runs[at]
        close = next((n for n in range(at + 1, len(runs)) if runs[n][1] - runs[n][0] == end - start), None)
        if close is not None:
            kept.append(text[place:start])
            place, at = runs[close][1], close
        at += 1
    return "".join([*kept, text[place:]])
