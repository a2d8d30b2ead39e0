"""How bytes become characters.

In this order: what the caller says; a byte order mark; zero bytes in the columns where UTF-16 and UTF-32 have them;
strict UTF-8 over the *whole* file; and if the file isn't that, windows-1252, which is a guess and is called so.
UTF-7 is never guessed: it would be a way past every filter.
"""

import codecs
from dataclasses import dataclass
from typing import Literal

from processors.text.binary import count_controls

Source = Literal["declared", "bom", "structural", "validated", "fallback"]

FALLBACK = "windows-1252"
REPLACEMENT = "\ufffd"
REPLACEMENT_UTF8 = REPLACEMENT.encode()
SAMPLE_BYTES = 64 << 10
FEW_ZEROS = 8

# The longer marks first: UTF-32's begins with UTF-16's.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """`mark_bytes` is the length of the byte order mark, which is skipped."""

    name: str
    source: Source
    mark_bytes: int = 0


def recognise(head: bytes, declared: str = "auto") -> Encoding:
    """The encoding that the first `SAMPLE_BYTES` call for. UTF-8 as "validated" remains to be validated."""
    mark, marked = next(((mark, name) for mark, name in MARKS if head.startswith(mark)), (b"", ""))
    if declared != "auto":
        if marked.startswith(declared):  # utf-16 takes the mark of either byte order
            return Encoding(marked, "declared", len(mark))
        if declared in ("utf-16", "utf-32"):
            found = _by_columns(head)
            declared = found if found and found.startswith(declared) else f"{declared}-le"
        return Encoding(declared, "declared")
    if marked:
        return Encoding(marked, "bom", len(mark))
    if found := _by_columns(head):
        return Encoding(found, "structural")
    return Encoding("utf-8", "validated")


def decoded_head(sample: bytes, encoding: Encoding) -> str:
    """The first characters, without the mark. No character is cut: what is left of one at the end is not there."""
    return Decoder(encoding.name).decode(sample[encoding.mark_bytes :])


def _by_columns(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, if the sample has the zeros for it, and decodes, and then looks like text."""
    zeros = [head[column::4].count(0) for column in range(4)]
    quarter = len(head) / 4
    if zeros[3] > 0.9 * quarter and zeros[2] > 0.5 * quarter:
        name = "utf-32-le"
    elif zeros[0] > 0.9 * quarter and zeros[1] > 0.5 * quarter:
        name = "utf-32-be"
    else:
        even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
        name = "utf-16-le" if odd > even else "utf-16-be"
        most, least = max(even, odd), min(even, odd)
        # Latin text has a zero in nearly every character, Cyrillic one in six; a few may stand in any text.
        is_wide = most > quarter or (most >= FEW_ZEROS and most > 0.2 * quarter)
        if not is_wide or least > 0.1 * most:
            return None
    return name if _reads_as_text(head, name) else None


def _reads_as_text(head: bytes, name: str) -> bool:
    try:
        text = codecs.getincrementaldecoder(name)().decode(head)
    except UnicodeDecodeError:
        return False
    controls = count_controls(text.encode()) + text.count("\0")
    return text != "" and controls <= len(text) / 100


class Decoder:
    """Bytes -> characters, in blocks cut anywhere. Undecodable sequences become U+FFFD and are counted."""

    def __init__(self, name: str) -> None:
        self._decoder = codecs.getincrementaldecoder(name)("replace")
        self._is_utf8 = name == "utf-8"
        self._pending = b""
        self.replaced = 0
        self.surplus = 0  # bytes beyond one a character: what UTF-8's longer sequences leave

    def decode(self, data: bytes, final: bool = False) -> str:
        if not self._is_utf8:
            text = self._decoder.decode(data, final)
            self.replaced += text.count(REPLACEMENT)
            return text
        data = self._pending + data
        text, used = codecs.utf_8_decode(data, "replace", final)
        self._pending = data[used:]
        if not text.isascii():
            self.surplus += used - len(text)
            if bad := text.count(REPLACEMENT):
                self.replaced += bad - data.count(REPLACEMENT_UTF8)  # a file may hold U+FFFD itself
        return text

    def is_plausible(self) -> bool:
        """Whether what was decoded so far as UTF-8 is UTF-8, perhaps with a few bad bytes, and not another encoding.

        The share of good sequences decides: at most 0.65 of a byte's surplus for each bad sequence is what came out
        of 400 files in legacy encodings.
        """
        return self.surplus >= 2 * self.replaced
