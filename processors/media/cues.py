"""Subtitles of every textual sort -> the text of a WebVTT cue.

What is in a packet is text, so no decoder of FFmpeg's is needed. Bold, italic and underlined stay; positions, fonts and
drawings go. Whatever the text says, it can't end its cue, or be anything but text and those three tags.
"""

import re
from collections.abc import Iterator

LONGEST = 16_384  # characters of a cue
MOST_BYTES = 1 << 18  # of a packet: the text, and how it is written
TEXTUAL = frozenset({"mov_text", "subrip", "text", "ass", "ssa", "webvtt"})

TAG = re.compile(r"<(/?)([a-zA-Z]++)[^<>]*+>|<\d[\d:.]*+>")
OVERRIDE = re.compile(r"\{([^{}]*)\}")  # ASS
SWITCH = re.compile(r"\\([biup])(\d+)")
ASS_FIELDS = 8  # before the text, in Matroska
ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": "\u00a0", "&lrm;": "\u200e", "&rlm;": "\u200f"}
ENTITY = re.compile("|".join(ENTITIES))
STYLES = ("b", "i", "u")
FACES = {1: "b", 2: "i", 4: "u"}  # 3GPP TS 26.245

Piece = tuple[str, str]  # ("text", words), ("on", style) or ("off", style)


def cue_text(codec: str, data: bytes) -> str:
    """Empty where there is nothing to show."""
    data = data[:MOST_BYTES]
    if codec == "mov_text":
        return written(timed_text(data))
    text = data.decode("utf-8", "replace")[:LONGEST]
    if codec in ("ass", "ssa"):
        return written(ass(text))
    return written(tagged(text, has_entities=codec == "webvtt"))


def tagged(text: str, has_entities: bool) -> Iterator[Piece]:
    """SubRip and WebVTT: tags in angle brackets, of which three are known to both."""
    at = 0
    for tag in TAG.finditer(text):
        yield "text", _resolved(text[at : tag.start()], has_entities)
        at = tag.end()
        if tag[2] and tag[2].lower() in STYLES:
            yield "off" if tag[1] else "on", tag[2].lower()
    yield "text", _resolved(text[at:], has_entities)


def ass(line: str) -> Iterator[Piece]:
    """Advanced SubStation Alpha: overrides in braces; what is between drawing commands is no text."""
    text = line.split(",", ASS_FIELDS)[-1]
    at, draws = 0, False
    for override in OVERRIDE.finditer(text):
        yield "text", "" if draws else _broken(text[at : override.start()])
        at = override.end()
        for letter, amount in SWITCH.findall(override[1]):
            if letter == "p":
                draws = int(amount[:9]) > 0
            else:
                yield "on" if int(amount[:9]) > 0 else "off", letter
    yield "text", "" if draws else _broken(text[at:])


def timed_text(data: bytes) -> Iterator[Piece]:
    """3GPP TS 26.245: a length, the text, and boxes, of which one says which characters are how."""
    length = int.from_bytes(data[:2])
    raw, boxes = data[2 : 2 + length], data[2 + length :]
    is_wide = raw[:2] in (b"\xfe\xff", b"\xff\xfe")
    text = raw.decode("utf-16" if is_wide else "utf-8", "replace")[:LONGEST]
    at = 0
    for start, end, face in _styles(boxes):
        if not at <= start < end <= len(text):
            continue
        yield "text", text[at:start]
        styles = [style for bit, style in FACES.items() if face & bit]
        yield from (("on", style) for style in styles)
        yield "text", text[start:end]
        yield from (("off", style) for style in reversed(styles))
        at = end
    yield "text", text[at:]


def written(pieces: Iterator[Piece]) -> str:
    """As WebVTT: escaped, tags in pairs, and no empty line, which would end the cue."""
    out: list[str] = []
    within: list[str] = []
    for sort, what in pieces:
        if sort == "text":
            out.append(_escaped(what))
        elif sort == "on" and what not in within:
            within.append(what)
            out.append(f"<{what}>")
        elif sort == "off" and what in within:
            inner = within[within.index(what) + 1 :]
            out += [f"</{style}>" for style in reversed([what, *inner])] + [f"<{style}>" for style in inner]
            within = [style for style in within if style != what]
    out += [f"</{style}>" for style in reversed(within)]
    lines = "".join(out).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    text = "\n".join(line for line in lines if line.strip())
    return text if TAG.sub("", text).strip() else ""


def _styles(boxes: bytes) -> Iterator[tuple[int, int, int]]:
    """First and last character, and flags of the face, from the box `styl`."""
    box = 0
    while box + 10 <= len(boxes):
        if boxes[box + 4 : box + 8] == b"styl":
            first, count = box + 10, int.from_bytes(boxes[box + 8 : box + 10])
            for at in range(first, min(first + 12 * count, len(boxes) - 11), 12):
                yield int.from_bytes(boxes[at : at + 2]), int.from_bytes(boxes[at + 2 : at + 4]), boxes[at + 6]
        box += max(int.from_bytes(boxes[box : box + 4]), 8)


def _resolved(text: str, has_entities: bool) -> str:
    return ENTITY.sub(lambda found: ENTITIES[found[0]], text) if has_entities else text


def _broken(text: str) -> str:
    """ASS writes line breaks and hard spaces as letters."""
    return text.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", "\u00a0")


def _escaped(text: str) -> str:
    return text.replace("\0", "\ufffd").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
