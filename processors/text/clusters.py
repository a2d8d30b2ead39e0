"""Grapheme clusters (UAX #29): what a reader calls a character."""

import regex

_CLUSTER = regex.compile(r"\X")
_FLAG = regex.compile("[\U0001f1e6-\U0001f1ff]{2}")


def clusters(text: str) -> list[str]:
    """Each as long as in the text, but of a letter and a mark for a flag: regex counts a run of those anew for each."""
    found: list[str] = _CLUSTER.findall(_FLAG.sub("e\u0301", text))
    return found
