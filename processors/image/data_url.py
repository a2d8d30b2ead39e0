"""Bytes in a text: base64 (RFC 4648), bare or as a data URL (RFC 2397)."""

import base64


def unpacked(text: str) -> bytes:
    """Raises ValueError for anything else."""
    start, comma, rest = text.partition(",")
    if comma and not (start.startswith("data:") and start.endswith(";base64")):
        raise ValueError("this is no data URL in base64")
    return base64.b64decode(rest if comma else text, validate=True)
