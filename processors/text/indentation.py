"""How the lines of a text are indented."""

import re
from collections import Counter

from processors.text.facts import Indentation

LOOKED_AT = 64 << 10  # characters
FEW = 3
MIXED_SHARE = 0.1
FITTING_SHARE = 0.9  # of the lines, whose indentation is a multiple of the width
WIDEST = 8

_INDENTED = re.compile(r"^([ \t]+)\S", re.MULTILINE)


def indentation(text: str) -> Indentation | None:
    indents = [match[1] for match in _INDENTED.finditer(text[:LOOKED_AT])]
    if len(indents) < FEW:
        return None
    tabs = sum(indent.startswith("\t") for indent in indents)
    spaces = len(indents) - tabs
    if min(tabs, spaces) > MIXED_SHARE * len(indents):
        return Indentation(style="mixed", width=None)
    if tabs > spaces:
        return Indentation(style="tabs", width=None)
    return Indentation(style="spaces", width=_width(Counter(len(indent) for indent in indents if indent[0] == " ")))


def _width(lengths: Counter[int]) -> int | None:
    """The largest that nearly all lengths are multiples of."""
    enough = FITTING_SHARE * lengths.total()
    for width in range(WIDEST, 1, -1):
        if sum(count for length, count in lengths.items() if length % width == 0) >= enough:
            return width
    return None
