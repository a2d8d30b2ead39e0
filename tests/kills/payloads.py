"""Files to drop off. Everything about one follows from its number, which is also its name: a job that nobody was told
about can be checked as well as one that was acknowledged.
"""

import io
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from PIL import Image

WORDS = ("drop", "off", "a", "file", "Grüße", "naïve", "東京", "and", "get", "ticket", "\n")
TWINS = 6  # so many echo files are dropped off again and again, so that uploads race to keep the same bytes
TWIN_SHARE = 0.25
LARGE_SHARE = 0.03
NO_TEXT = b"\xd8\xd8\x01\x01" * 4  # controls, and halves of surrogate pairs in either byte order
SLOW = {"milliseconds": 1800, "silent": True}


@dataclass(frozen=True, slots=True)
class Payload:
    """One file. `outputs` is name -> sha256 of what its processor must publish; None where only the row can tell."""

    number: int
    kind: str
    data: bytes = field(repr=False)
    params: Mapping[str, object] = field(default_factory=dict)
    outputs: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        return f"{self.number}.{self.kind}"

    @property
    def sha256(self) -> str:
        return digest(self.data)


@lru_cache(maxsize=128)
def payload(number: int) -> Payload:
    """The file of that number, always the same. Below zero: one that takes long and is silent meanwhile."""
    dice = random.Random(number)
    if number < 0:
        return echo(number, _bytes(dice), SLOW)
    kind = dice.choices(("echo", "text", "image"), (70, 20, 10))[0]
    if kind == "text":
        return Payload(number, kind, _text(dice))
    if kind == "image":
        return Payload(number, kind, _image(dice))
    params = {"milliseconds": dice.randint(5, 50)}
    twin = dice.random() < TWIN_SHARE
    return echo(number, _bytes(random.Random(dice.randrange(TWINS)) if twin else dice), params)


def echo(number: int, data: bytes, params: Mapping[str, object]) -> Payload:
    outputs = {"digest.txt": digest(digest(data).encode()), "reversed.bin": digest(data[::-1])}
    return Payload(number, "echo", data, params, outputs)


def number_of(name: str) -> int:
    """From a payload's name."""
    return int(name.partition(".")[0])


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def _bytes(dice: random.Random) -> bytes:
    size = dice.randint(1 << 20, 2 << 20) if dice.random() < LARGE_SHARE else int(2 ** dice.uniform(0, 17))
    return NO_TEXT + dice.randbytes(size)


def _text(dice: random.Random) -> bytes:
    return " ".join(dice.choices(WORDS, k=dice.randint(1, 2000))).encode() + b"!"


def _image(dice: random.Random) -> bytes:
    side = dice.randint(8, 48)
    encoded = io.BytesIO()
    Image.frombytes("RGB", (side, side), dice.randbytes(3 * side * side)).save(encoded, "PNG")
    return encoded.getvalue()
