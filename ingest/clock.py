"""Time as a value that tests can inject, and ids that sort by it."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

Clock = Callable[[], float]  # Unix seconds

wall_clock: Clock = time.time


def rfc3339(moment: float | None) -> str | None:
    """Unix seconds as RFC 3339 in UTC with `Z`, to the millisecond."""
    if moment is None:
        return None
    text = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def new_id(now: float) -> str:
    """A UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, 12 bits of their fraction (§6.2, method 3), 62 random bits."""
    milliseconds = now * 1000
    whole = int(milliseconds)
    fraction = int((milliseconds - whole) * 4096)
    return str(UUID(int=whole << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | secrets.randbits(62)))
