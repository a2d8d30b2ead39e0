"""What a spreadsheet's cells stand for: strings that are shared, and numbers that are dates."""

import re
from array import array
from datetime import datetime, timedelta

from processors.base import Rejected
from processors.document.xml_stream import Attributes, number

SHARED_BYTES = 128 << 20
DATE_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}  # built in (ISO/IEC 29500-1 §18.8.30)
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_DATE_LETTERS = re.compile("[dmyhsDMYHS]")
_CELL = re.compile(r"([A-Z]{1,3})\d")
DAY = timedelta(days=1)
EPOCH_1900 = datetime(1899, 12, 31)  # noqa: DTZ001 - a sheet knows of no time zone
EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
LEAP_DAY = 60  # the 29th of February 1900, which there is in Excel alone


class SharedStrings:
    """By their numbers, close together: a list of texts would take ten times the memory."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("L", [0])
        self._is_text = False
        self._unsaid = 0

    def start(self, name: str, _attributes: Attributes) -> None:
        if name == "rPh":  # how it is pronounced
            self._unsaid += 1
        self._is_text = name == "t" and not self._unsaid

    def text(self, data: str) -> None:
        if self._is_text:
            self._bytes += data.encode("utf-8", "replace")
            if len(self._bytes) > SHARED_BYTES:
                raise Rejected("limit_exceeded", f"The sheets share more than {SHARED_BYTES >> 20} MiB of texts.")

    def end(self, name: str) -> None:
        self._is_text = False
        if name == "rPh":
            self._unsaid -= 1
        elif name == "si":
            self._ends.append(len(self._bytes))

    def get(self, place: str) -> str:
        """Empty for a number that no string has."""
        at = number(place, len(self._ends), len(self._ends))
        return self._bytes[self._ends[at] : self._ends[at + 1]].decode() if at + 1 < len(self._ends) else ""


class DateStyles:
    """Which cell styles show a number as a date or a time. `epoch` is 1900 or 1904."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self._custom: set[int] = set()
        self._styles: list[bool] = []
        self._is_cell = False

    def start(self, name: str, attributes: Attributes) -> None:
        match name:
            case "numFmt" if _DATE_LETTERS.search(_LITERAL.sub("", attributes.get("formatCode", "")[:200])):
                self._custom.add(number(attributes.get("numFmtId"), 0, 1 << 30))
            case "cellXfs":
                self._is_cell = True
            case "xf" if self._is_cell:
                code = number(attributes.get("numFmtId"), 0, 1 << 30)
                self._styles.append(code in DATE_FORMATS or code in self._custom)

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self._is_cell = False

    def text(self, data: str) -> None: ...

    def is_date(self, style: str) -> bool:
        place = number(style, 0, len(self._styles))
        return place < len(self._styles) and self._styles[place]


def shown(value: str, epoch: int) -> str:
    """A day's number as a date, a time, or both; the value itself where it is no such number."""
    try:
        days = float(value)
        if not 0 <= days < 2_958_466:  # the last day of 9999
            return value
        first = EPOCH_1904 if epoch == 1904 else EPOCH_1900 - DAY * (days >= LEAP_DAY)
        moment = first + timedelta(seconds=round(days * 86_400))
    except (ValueError, OverflowError):
        return value
    if days < 1 and epoch == 1900:
        return moment.time().isoformat()
    midnight = moment.time() == datetime.min.time()
    return moment.date().isoformat() if midnight else moment.isoformat(" ")


def column(reference: str | None, default: int, most: int) -> int:
    """Of a cell such as `AB12`, from 0; the next one where it doesn't say. Raises `Rejected` past the last."""
    place = default
    if reference and (found := _CELL.match(reference)):
        place = 0
        for letter in found[1]:
            place = place * 26 + ord(letter) - 64
        place -= 1
    if place >= most:
        raise Rejected("corrupt_input", f"A sheet has a cell past its last column, which is the {most:,}th.")
    return place
