"""Time stamps at the beginning of a log's lines. Each pattern looks at a bounded beginning and never back."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from processors.text.lines.models import LogFormat

MONTHS = {
    name: n
    for n, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)
}
LEAP_YEAR = 2000  # stands for a year that isn't told: it has a 29th of February
_MONTH = "(?P<month>" + "|".join(MONTHS) + ")"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FRACTION = (
    r"(?:[.,](?P<fraction>(?<=\.)\d{1,9}|\d{3}(?=[ \]])))?"  # behind a comma only milliseconds: no table's column
)
_ZONE = r" ?(?P<zone>Z|[+-]\d\d:?\d\d)"
_ISO = rf"(?P<year>\d{{4}})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T ]{_TIME}{_FRACTION}(?:{_ZONE})?"
_BEHIND = r"(?![\d,;])"  # a comma or semicolon would be a table's
_HEAD = r"(?:[^\s\[\]\"]{1,300} ){2,3}"

PATTERNS: Mapping[LogFormat, str] = {
    "syslog_rfc5424": rf"<(?P<priority>\d{{1,3}})>\d {_ISO}",
    "iso8601": rf"\[?{_ISO}{_BEHIND}",
    "syslog": rf"(?:<(?P<priority>\d{{1,3}})>)?{_MONTH} (?P<day>[ \d]\d) {_TIME}{_FRACTION} ",
    "apache_access": rf"{_HEAD}\[(?P<day>\d\d)/{_MONTH}/(?P<year>\d{{4}}):{_TIME}{_ZONE}\]",
    "apache_error": rf"\[[A-Z][a-z]{{2}} {_MONTH} (?P<day>\d\d) {_TIME}{_FRACTION} (?P<year>\d{{4}})\]",
    "android": rf"(?P<month>\d\d)-(?P<day>\d\d) {_TIME}\.(?P<fraction>\d{{3}})"
    r" {1,5}\d{1,7} {1,5}\d{1,7} (?P<level>[VDIWEFA]) ",
    "hdfs": r"(?P<short_year>\d\d)(?P<month>\d\d)(?P<day>\d\d) (?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d) ",
    "glog": rf"(?P<level>[IWEF])(?P<month>\d\d)(?P<day>\d\d) {_TIME}\.(?P<fraction>\d{{6}}) +\d{{1,10}} ",
    "kernel": r"(?:<\d{1,3}>)?\[ {0,7}(?P<uptime>\d{1,9}\.\d{6})\] ",
    "epoch": rf"\[?(?P<epoch>1\d{{9}})(?:\.(?P<fraction>\d{{1,9}})|(?P<milliseconds>\d{{3}}))?{_BEHIND}[\]\s:|]",
    "logfmt": rf"(?:[a-z_]{{1,30}}=[^\s\"]{{0,100}} ){{0,3}}(?:time|ts|timestamp)=\"?{_ISO}",
}


HAS_YEAR: Mapping[LogFormat, bool] = {
    name: any(group in pattern for group in ("<year>", "<short_year>", "<epoch>")) for name, pattern in PATTERNS.items()
}
COMPILED: Mapping[LogFormat, re.Pattern[str]] = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}


class Clock:
    """Reads the time stamps of one format. Remembers the last day, which most lines share."""

    def __init__(self, name: LogFormat) -> None:
        self._groups = COMPILED[name].groupindex
        self._year = next((name for name in ("year", "short_year") if name in self._groups), "")
        self._day: tuple[str | None, ...] = ()
        self._midnight: float | None = None

    def at(self, stamp: re.Match[str]) -> float | None:
        """Seconds, comparable within one log; none for what is no time: a 32nd, or 25 o'clock."""
        groups = self._groups
        fraction = stamp["fraction"] if "fraction" in groups else None
        if "uptime" in groups:
            return float(stamp["uptime"])
        if "epoch" in groups:
            return float(f"{stamp['epoch']}.{fraction or stamp['milliseconds'] or 0}")
        day = stamp["month"], stamp["day"], stamp[self._year] if self._year else None
        if day != self._day:
            self._day, self._midnight = day, _midnight(*day)
        hour, minute, second = int(stamp["hour"]), int(stamp["minute"]), int(stamp["second"])
        if self._midnight is None or hour > 23 or minute > 59 or second > 60:
            return None
        at = self._midnight + 3600 * hour + 60 * minute + second
        if fraction:
            at += float("0." + fraction)
        return at - _offset(zone) if "zone" in groups and (zone := stamp["zone"]) else at

    def shown(self, stamp: re.Match[str]) -> str:
        """In ISO 8601, as precise as it is."""
        groups = stamp.groupdict()
        fraction = groups.get("fraction") or groups.get("milliseconds") or ""
        point = "." if fraction else ""
        if uptime := groups.get("uptime"):
            return uptime
        if epoch := groups.get("epoch"):
            return datetime.fromtimestamp(int(epoch), UTC).strftime(f"%Y-%m-%dT%H:%M:%S{point}{fraction}Z")
        year = groups.get("year") or (f"20{groups['short_year']}" if groups.get("short_year") else "-")
        month = MONTHS.get(groups["month"] or "") or int(groups["month"] or 0)
        time = f"{groups['hour']}:{groups['minute']}:{groups['second']}{point}{fraction}{groups.get('zone') or ''}"
        return f"{year}-{month:02}-{int(groups['day'] or 0):02}T{time}"


def _midnight(month: str, day: str, year: str | None) -> float | None:
    whole_year = LEAP_YEAR if year is None else int(year) + (2000 if len(year) == 2 else 0)
    try:
        return datetime(whole_year, MONTHS.get(month) or int(month), int(day), tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    return (1 if zone[0] == "+" else -1) * (3600 * int(zone[1:3]) + 60 * int(zone[-2:]))
