"""Where a text may be parted: between words, between the characters of scripts without spaces, between sentences.

Nothing here looks further than the window it is given, and no pattern can run away: each looks at a character or two.
"""

import re
from collections.abc import Iterator

import regex

from processors.text.clusters import clusters

# Ideographs and kana with their punctuation, which are written without spaces. Without voicing marks and others that
# belong to the character before.
CJK = (
    "\u3001-\u3029\u3030-\u3096\u309b-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff01-\uff9d"
    "\U00020000-\U0003fffd"
)
_CJK = re.compile(f"[{CJK}]")
_LAST_CJK = regex.compile(f"(?r)[{CJK}]")
# No line of Chinese or Japanese begins or ends with these (JIS X 4051).
_NOT_FIRST = frozenset(
    "、。，．・：；？！ー〜」』）〕］｝〉》】ゝゞ々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ｡､｣ｰ…"
)
_NOT_LAST = frozenset("「『（〔［｛〈《【｢")
_FULL_STOPS = "。！？"

_JOINS = regex.compile(r"[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]")
# Letters that may be half of a grapheme cluster: jamo, syllables before jamo, and what is written before a letter.
_MAY_JOIN = regex.compile(r"[\p{GCB=L}\p{GCB=V}\p{GCB=T}\p{GCB=LV}\p{GCB=LVT}\p{GCB=Prepend}]")
_NEAR = 32

_AFTER_STOP = "\"'”’»)]」』）.!?…。！？"
# A stop and what closes behind it, or the first line end of two. No stop is among what closes, so that sentences that
# end later begin to end later.
_SENTENCE_END = re.compile(
    "[.!?…。！？\n\r](?:(?<=[.!?…])[\"'”’»)\\]]{0,4}(?=\\s)|(?<=[。！？])[」』）”’]{0,4}|(?<=\n)(?=\r?\n)|(?<=\r)(?=\r))"
)
_LONGEST_END = 5
STRIDE = 128  # characters that are searched at a time, the last first
TRIES = 16  # candidates that are looked at in one window
_OPENERS = "\"'“‘«(["
_ABBREVIATED = (
    "al bzw ca cf co corp dept dr ed e.g eq etc fig fr gen i.e inc jr lt ltd messrs mr mrs ms no nr op p pp prof rev "
    "sec sen sgt sr st u.a u.s usw vgl vol vs z.b"
)
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_LONGEST_ABBREVIATION = 12


def joins(character: str) -> bool:
    """Whether it belongs to the character before it."""
    return character > "\u02ff" and _JOINS.match(character) is not None


def is_between_cjk(before: str, after: str) -> bool:
    """Whether a text without spaces may be parted here."""
    if before in _NOT_LAST or after in _NOT_FIRST or joins(after):
        return False
    if _CJK.match(after):
        return before.isalnum() or _CJK.match(before) is not None
    return after.isalnum() and _CJK.match(before) is not None


def last_cjk(text: str, start: int, end: int) -> int:
    """The last place in (start, end] where a text without spaces may be parted, or 0. `text[end]` must be there."""
    stop = end + 1
    while found := _LAST_CJK.search(text, start, stop):
        last = int(found.start())
        for place in (last + 1, last):
            if start < place <= end and is_between_cjk(text[place - 1], text[place]):
                return place
        stop = last
    return 0


def first_cjk(text: str, start: int, end: int) -> int:
    """The first such place in [start, end), or 0."""
    if found := _CJK.search(text, start - 1, end):
        for place in range(max(start, found.start()), end):
            if is_between_cjk(text[place - 1], text[place]):
                return place
    return 0


def last_full_stop(text: str, start: int, end: int) -> int:
    """The place behind the last ideographic full stop in (start, end], or 0. `text[end]` must be there."""
    place = max(text.rfind(stop, start, end) for stop in _FULL_STOPS) + 1
    while 0 < place < end and text[place] in _AFTER_STOP:
        place += 1
    return place if place and text[place] not in _AFTER_STOP and not joins(text[place]) else 0


def last_cluster(text: str, start: int, end: int) -> int:
    """The last place in (start, end] between grapheme clusters; `end` itself where one cluster fills it all.

    Between two plain letters is one for sure, which spares the search from the start.
    """
    for place in range(end, max(end - _NEAR, start), -1):
        if _is_plain(text[place - 1]) and _is_plain(text[place]):
            return place
    *_, last = clusters(text[start : end + 1])
    place = end + 1 - len(last)
    return place if place > start else end


def _is_plain(character: str) -> bool:
    if character.isascii():
        return character > " "
    return character.isalnum() and not joins(character) and not _MAY_JOIN.match(character)


def sentence_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Places in (start, end] behind a sentence or a paragraph, the last first. `text` must go on to `end` + 2."""
    tries = TRIES
    stop = end
    while stop > start:
        low = max(start, stop - STRIDE)
        for found in reversed([*_SENTENCE_END.finditer(text, low, min(stop + _LONGEST_END, end) + 2)]):
            at, place = found.span()
            if at >= stop:
                continue
            if place <= end and _is_end(text, start, at, place):
                yield place
            if not (tries := tries - 1):
                return
        stop = low


def first_sentence_end(text: str, start: int, end: int) -> int:
    """The first of the last `TRIES` such places in (start, end), or 0."""
    for found in [*_SENTENCE_END.finditer(text, start, end + 2)][-TRIES:]:
        at, place = found.span()
        if place < end and _is_end(text, start, at, place):
            return place
    return 0


def _is_end(text: str, start: int, at: int, place: int) -> bool:
    """Whether the stop at `at`, with what closes behind it to `place`, is no abbreviation and no initial."""
    after = text[place : place + 2]
    if after and (joins(after[0]) or after[0] in _AFTER_STOP):
        return False
    if text[at] != ".":
        return True
    return not (_is_abbreviation(text[max(start, at - _LONGEST_ABBREVIATION) : at]) or after[1:].islower())


def _is_abbreviation(before: str) -> bool:
    if not before or before[-1].isspace():
        return False
    word = before.rsplit(None, 1)[-1].lstrip(_OPENERS).lower()
    return (len(word) == 1 and word.isalpha()) or word in _ABBREVIATIONS
