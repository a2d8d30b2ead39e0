"""What a file says of itself in words: what may be told, and where it was recorded for who asks."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.container import InputContainer

from processors.media.models import MAX_SECONDS, Place

if TYPE_CHECKING:  # it is but a type, and there at no other time
    from av.container.core import Chapter

TOLD = (
    "title", "artist", "album", "album_artist", "composer", "genre", "date", "track", "disc", "show", "copyright",
)  # fmt: skip
LONGEST = 500  # characters
MAX_CHAPTERS = 1000

# ISO 6709, annex H: degrees, or degrees and minutes, or with seconds too, by the number of digits.
PLACE = re.compile(r"([+-]\d{2,6}(?:\.\d*)?)([+-]\d{3,7}(?:\.\d*)?)([+-]\d+(?:\.\d*)?)?")
PLACES = ("com.apple.quicktime.location.iso6709", "location", "location-eng", "xyz")


def everything(container: InputContainer) -> dict[str, str]:
    """All tags by their names in small letters. In Ogg they belong to the stream."""
    first = container.streams.audio[0].metadata if container.streams.audio else {}
    return {name.lower(): value for name, value in {**first, **container.metadata}.items()}


def of_the_film(container: InputContainer, strip: bool) -> dict[str, str]:
    """What is written into one that is encoded anew: the title, or all of them."""
    return {name: text for name, text in container.metadata.items() if not strip or name == "title"}


def chapters(container: InputContainer) -> "list[Chapter]":
    """As they are written into another container, counted from the film's beginning; of their tags, the titles."""
    kept: list[Chapter] = []
    for chapter in container.chapters()[:MAX_CHAPTERS]:
        base, title = chapter["time_base"], clean(chapter["metadata"].get("title", ""))
        if not base:
            continue
        origin = round(Fraction(container.start_time or 0, av.time_base) / base)
        start, end = chapter["start"] - origin, chapter["end"] - origin
        if 0 <= start < end <= MAX_SECONDS / base:
            number, named = len(kept) + 1, {"title": title} if title else {}
            kept.append({"id": number, "start": start, "end": end, "time_base": base, "metadata": named})
    return kept


def harmless(tags: Mapping[str, str]) -> dict[str, str]:
    """No place, no device, no person but the artist."""
    return {name: text for name in TOLD if (text := clean(tags.get(name, "")))}


def place(tags: Mapping[str, str]) -> Place | None:
    for name in PLACES:
        if found := PLACE.match(tags.get(name, "")):
            latitude, longitude = _degrees(found[1], 2), _degrees(found[2], 3)
            if abs(latitude) <= 90 and abs(longitude) <= 180:
                return Place(latitude=latitude, longitude=longitude, altitude=float(found[3]) if found[3] else None)
    return None


def _degrees(text: str, digits: int) -> float:
    """`digits` are those of whole degrees."""
    sign, number = (-1 if text[0] == "-" else 1), text[1:]
    whole, _, rest = number.partition(".")
    degrees, minutes, seconds = whole[:digits], whole[digits : digits + 2], whole[digits + 2 :]
    if seconds:
        minutes, seconds = minutes, f"{seconds}.{rest}"
    elif minutes:
        minutes = f"{minutes}.{rest}"
    else:
        degrees = f"{degrees}.{rest}"
    return round(sign * (float(degrees) + float(minutes or 0) / 60 + float(seconds or 0) / 3600), 7)


def clean(text: str) -> str:
    """One line, and not endless."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST])
    return " ".join(printable.split())
