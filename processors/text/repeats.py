"""Possessive repeats of groups: what was matched once is never given back, so a pattern takes linear time.

`re` has them since Python 3.11, but before 3.11.5 matched wrongly where the group itself can go back (gh-106052), and
3.11.2 is what Debian 12 comes with. There, an atomic group stands for them: it means the same, but remembers each
repeat until it is over. Repeats of a single character or class are right everywhere, and are written out.
"""

import re

_ARE_RIGHT = re.fullmatch("(?:ab?c)++", "aca") is None


def any_number_of(pattern: str) -> str:
    return _repeated(pattern, "*")


def one_or_more(pattern: str) -> str:
    return _repeated(pattern, "+")


def perhaps(pattern: str) -> str:
    return _repeated(pattern, "?")


def _repeated(pattern: str, sign: str) -> str:
    return f"(?:{pattern}){sign}+" if _ARE_RIGHT else f"(?>(?:{pattern}){sign})"
