"""The elements of HTML, as far as they matter to who reads the text."""

from processors.text.markup.tags import Token

_BLOCK_NAMES = (
    "address article aside blockquote body br caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol option p pre section summary table td th tr ul"
)
_LEFT_OUT_NAMES = "nav header footer aside form noscript template svg math button select dialog menu object title"
_OTHER_NAMES = "a area b base col em embed head i img input link meta script source span strong style track wbr"
BLOCKS = frozenset(_BLOCK_NAMES.split())
LEFT_OUT = frozenset(_LEFT_OUT_NAMES.split())
KNOWN = BLOCKS | LEFT_OUT | frozenset(_OTHER_NAMES.split())


class Place:
    """Where a reader is: within which elements that hold the main text, and whether what it reads is left out."""

    def __init__(self) -> None:
        self.depths = {"main": 0, "article": 0}
        self.is_left_out = False
        self._left_out, self._left_out_depth = "", 0  # the outermost such element, and how many of its name are open

    def move(self, token: Token) -> None:
        name, change = token.name, 1 if token.kind == "start" else -1
        if name in self.depths:
            self.depths[name] = max(0, self.depths[name] + change)
        if self.is_left_out:
            if name == self._left_out:
                self._left_out_depth += change
            # An element that was never closed doesn't swallow what follows.
            self.is_left_out = self._left_out_depth > 0 and name not in ("main", "article", "body")
        elif name in LEFT_OUT and change > 0:
            self.is_left_out, self._left_out, self._left_out_depth = True, name, 1


def level_of(token: Token) -> int:
    """Of the heading that it begins, or 0."""
    is_heading = token.kind == "start" and len(token.name) == 2 and token.name[0] == "h" and token.name[1] in "123456"
    return int(token.name[1]) if is_heading else 0
