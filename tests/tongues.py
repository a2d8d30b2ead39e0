"""The same thought in many languages, and the encodings in which each was written before UTF-8.

It is the first article of the Universal Declaration of Human Rights, and a few everyday words. What an encoding can't
write is left out of the text, as ’ is of ISO 8859.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from processors.text.charsets import codec

TONGUES = json.loads((Path(__file__).parent / "data" / "tongues.json").read_text(encoding="utf-8"))


def encoded() -> Iterator[tuple[str, str, str, bytes]]:
    """Language, encoding, text, bytes."""
    for language, tongue in TONGUES.items():
        for name in tongue["encodings"]:
            data = tongue["text"].encode(codec(name), "ignore")
            yield language, name, data.decode(codec(name)), data
