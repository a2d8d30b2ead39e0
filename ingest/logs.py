"""How log lines look: one line an event, escaped, bounded; as text for people or as JSON for programs."""

import json
import logging
import sys
from datetime import UTC, datetime

MAX_LINE = 2048
CUT = " [...] "


class TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        head = f"{_time(record)} {record.levelname.lower():7} {record.name}: "
        # repr-style escapes keep forged line breaks and terminal codes of a client out of the log.
        return head + _bounded(escaped(_message(self, record)), MAX_LINE - len(head))


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        head = {"time": _time(record), "level": record.levelname.lower(), "logger": record.name}
        message = _bounded(_message(self, record), MAX_LINE)
        while len(line := json.dumps({**head, "message": message})) > MAX_LINE:
            # One character takes up to twelve as JSON escapes it.
            message = _bounded(message, len(message) - (len(line) - MAX_LINE) // 12 - 1)
        return line


def set_up(log_format: str, log_level: str) -> None:
    """Send everything to standard error in the chosen shape."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else TextLines())
    logging.basicConfig(level=log_level.upper(), handlers=[handler], force=True)
    for chatty in ("uvicorn.error", "alembic"):
        logging.getLogger(chatty).setLevel("WARNING" if log_level == "info" else log_level.upper())


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    text = record.getMessage()
    return f"{text}\n{formatter.formatException(record.exc_info)}" if record.exc_info else text


def _bounded(text: str, limit: int) -> str:
    """The beginning and the end of a long text: a traceback says at its end what happened."""
    if len(text) <= limit:
        return text
    kept = limit - len(CUT)
    return text[: kept // 2] + CUT + text[len(text) - (kept - kept // 2) :]


def escaped(text: str) -> str:
    """One printable line, whatever strangers wrote."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
