"""The beginning of a text, safe to show: nothing in it moves the cursor, turns the line round or hides."""

import re
import unicodedata

MARK_ROOM = 32  # marks on one character; a tower of more is cut

# Unicode's controls of direction, line and paragraph separators, invisible signs, tags, and the lone surrogates that
# JSON can name; ZWJ and ZWNJ belong to words and emoji, and stay.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\U000e0000-\U000e007f]")  # fmt: skip  # noqa: E501


def preview(text: str, length: int) -> tuple[str, bool]:
    """At most `length` characters of the text, made safe, and whether there is more of it."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    end = _whole_character(text, length)
    return _UNSEEN.sub(_seen, text[:end]), end < len(text)


def _whole_character(text: str, end: int) -> int:
    """The last place up to `end` where a cut parts no character from its marks or from its joined emoji."""
    if end >= len(text):
        return len(text)
    for cut in range(end, max(end - MARK_ROOM, 0), -1):
        if not (_continues(text[cut]) or text[cut - 1] == "\u200d"):
            return cut
    return end


def _continues(character: str) -> bool:
    is_skin_tone = "\U0001f3fb" <= character <= "\U0001f3ff"
    return is_skin_tone or character == "\u200d" or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _seen(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)  # Control Pictures
    return "\u2421" if code == 0x7F else f"[U+{code:04X}]"
