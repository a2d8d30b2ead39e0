"""Logs: what time stamps they have, from when to when, and how much went wrong."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from processors.text.content import Text
from processors.text.lines.models import LogFacts, LogFormat
from processors.text.lines.splitting import lines
from processors.text.lines.stamps import COMPILED, HAS_YEAR, Clock
from processors.text.shape import Examined, Shape

SAMPLE_LINES = 400
FEWEST_ENTRIES = 2
PROVING_SHARE = 0.5  # of the lines that don't continue an entry
LEVEL_CHARACTERS, LEVEL_WORDS = 120, 6  # behind the time stamp

_LEVELS: Mapping[str, str] = {
    "TRACE": "trace", "VERBOSE": "trace", "FINE": "debug", "DEBUG": "debug", "INFO": "info", "INFORMATION": "info",
    "NOTICE": "notice", "WARN": "warning", "WARNING": "warning", "ERROR": "error", "ERR": "error", "SEVERE": "error",
    "CRIT": "critical", "CRITICAL": "critical", "FATAL": "critical", "ALERT": "alert", "PANIC": "emergency",
    "EMERG": "emergency", "EMERGENCY": "emergency",
}  # fmt: skip
_LETTERS = {"V": "trace", "D": "debug", "I": "info", "W": "warning", "E": "error", "F": "critical", "A": "alert"}
_SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")
_MARKS = "[]<>(){}:,|-\"'"
_CONTINUES = re.compile(
    r"[ \t]|Caused by: |Traceback \(|\.\.\. \d|[A-Za-z_][\w.$]{0,200}(?:Error|Exception)\b|[})\]]+$"
)
_STATUS = re.compile(r"\] \"[^\"]{0,4000}\" ([1-5])\d\d\b")


def looks_like_log(head: str) -> bool:
    return _format(line.text for line in lines(iter([head]))) is not None


def _format(sample: Iterable[str]) -> LogFormat | None:
    """The one that most lines have, if it is most of them."""
    seen: Counter[LogFormat] = Counter()
    standing = 0
    for _, line in zip(range(SAMPLE_LINES), sample, strict=False):
        if line.strip() and not _CONTINUES.match(line):
            standing += 1
            seen.update(name for name, pattern in COMPILED.items() if pattern.match(line))
    name, count = max(seen.items(), key=lambda one: one[1], default=("epoch", 0))
    return name if count >= FEWEST_ENTRIES and count >= standing * PROVING_SHARE else None


def examine(text: Text) -> Examined:
    found = _format(line.text for line in lines(iter([text.head])))
    if found is None:
        return Examined(False, None)
    log = _Log(found)
    for line in lines(text.blocks("log")):
        log.take(line.text)
    facts = log.facts()
    is_proved = facts.entries >= max(FEWEST_ENTRIES, (facts.entries + facts.other_lines) * PROVING_SHARE)
    return Examined(is_proved, facts if is_proved else None)


def _level(message: str) -> str | None:
    """Of the first words that name one: in capitals, or marked as a field."""
    for word in message.split(None, LEVEL_WORDS)[:LEVEL_WORDS]:
        if word.isupper():
            found = _LEVELS.get(word.strip(_MARKS))
        elif word[0] in "[<" or word[-1] == ":" or word.startswith("level="):
            found = _LEVELS.get(word.strip(_MARKS).removeprefix("level=").strip(_MARKS).rpartition(":")[2].upper())
        else:
            continue
        if found:
            return found
    return None


class _Log:
    """Feed it lines."""

    def __init__(self, name: LogFormat) -> None:
        self._name = name
        self._pattern = COMPILED[name]
        self._clock = Clock(name)
        self._zone = next((group for group in ("zone", "epoch") if group in self._pattern.groupindex), "")
        self._has_zone = self._zone != ""
        self._has_priority = "priority" in self._pattern.groupindex
        self._has_letter = "level" in self._pattern.groupindex
        self._has_year = HAS_YEAR[name]
        self._levels: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._entries = self._continued = self._others = self._out_of_order = 0
        self._entry_lines = self._longest = 0
        self._first: re.Match[str] | None = None
        self._last: re.Match[str] | None = None
        self._earliest = self._latest = 0.0
        self._before = -math.inf

    def take(self, line: str) -> None:
        found = self._pattern.match(line)
        if found and (now := self._clock.at(found)) is not None:
            self._entries += 1
            self._entry_lines = 1
            self._see(found, now)
            self._judge(line, found)
        elif self._entries and (not line.strip() or _CONTINUES.match(line)):
            self._continued += 1
            self._entry_lines += 1
        else:
            self._others += bool(line.strip())
        if self._entry_lines > self._longest:
            self._longest = self._entry_lines

    def _see(self, stamp: re.Match[str], now: float) -> None:
        if self._has_zone and not stamp[self._zone]:
            self._has_zone = False
        if self._first is None or (self._has_year and now < self._earliest):
            self._first, self._earliest = stamp, now
        if self._last is None or not self._has_year or now > self._latest:
            self._last, self._latest = stamp, now
        self._out_of_order += now < self._before
        self._before = now

    def _judge(self, line: str, found: re.Match[str]) -> None:
        if self._name == "apache_access":
            if status := _STATUS.search(line, found.end() - 1):
                self._statuses[f"{status[1]}xx"] += 1
        elif self._has_priority and (priority := found["priority"]):
            self._levels[_SEVERITIES[int(priority) & 7]] += 1
        elif self._has_letter:
            self._levels[_LETTERS[found["level"]]] += 1
        elif level := _level(line[found.end() : found.end() + LEVEL_CHARACTERS]):
            self._levels[level] += 1

    def facts(self) -> LogFacts:
        is_span = self._entries > 0 and (self._has_year or self._name == "kernel")
        return LogFacts(
            format=self._name,
            entries=self._entries,
            continuation_lines=self._continued,
            other_lines=self._others,
            longest_entry=self._longest,
            levels=dict(sorted(self._levels.items())),
            statuses=dict(sorted(self._statuses.items())),
            first=self._clock.shown(self._first) if self._first else None,
            last=self._clock.shown(self._last) if self._last else None,
            seconds=round(self._latest - self._earliest, 6) if is_span else None,
            has_year=self._has_year,
            has_zone=self._has_zone and self._entries > 0,
            out_of_order=self._out_of_order,
        )


SHAPE = Shape("log", frozenset({"log"}), frozenset(), looks_like_log, examine)
