"""What a client calls its file -> a name to show to people. It is never a path, and nothing is ever stored under it."""

import re
import unicodedata

MAX_NAME_BYTES = 255
NAMELESS = "file"

# Controls, formatting and bidirectional marks, surrogates, and the separators that end a line. U+200C and U+200D (in
# Cf as well) stay: they join letters in Persian and Hindi, and people in emoji.
_HIDDEN_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"
_SLASHES = re.compile(r"[/\\]")


def display_name(given: str) -> str:
    """The last path component in NFC, without what can't be seen, in at most 255 bytes of UTF-8; else "file"."""
    last = _SLASHES.split(given)[-1]
    visible = unicodedata.normalize("NFC", "".join(c for c in last if _is_visible(c))).strip()
    if not visible.strip(".") or not visible.strip(_JOINERS):
        return NAMELESS
    return _shortened(visible)


def _is_visible(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in _HIDDEN_CATEGORIES


def _shortened(name: str) -> str:
    """Cut in front of the extension, on a character's boundary."""
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    ending = (dot + extension).encode()
    if not stem or len(ending) > MAX_NAME_BYTES // 4:
        stem, ending = name, b""
    kept = stem.encode()[: MAX_NAME_BYTES - len(ending)]
    return kept.decode(errors="ignore").rstrip() + ending.decode()
