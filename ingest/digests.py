"""Digests that a client announces: `Repr-Digest` and `Content-Digest` (RFC 9530), and a form's field `sha256`."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.errors import Problem

LENGTHS = {"sha-256": 32, "sha-512": 64}  # the algorithms that RFC 9530 calls active
MAX_HEADER_CHARACTERS = 1024

_MEMBER = re.compile(r"[ \t]*([a-z*][a-z0-9_.*-]{0,30})=:([A-Za-z0-9+/=]{0,400}):[ \t]*")  # RFC 8941: name=:base64:
_HEX_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Digest:
    """What somebody says the digest is, and where they said it."""

    algorithm: str
    value: bytes
    source: str


def read_header(name: str, values: Iterable[str]) -> tuple[Digest, ...]:
    """The digests that can be checked. A promise that can't be checked at all is refused, not ignored."""
    text = ",".join(values)
    if not text:
        return ()
    if len(text) > MAX_HEADER_CHARACTERS:
        raise Problem("malformed_digest", f"{name} is longer than {MAX_HEADER_CHARACTERS} characters", field=name)
    members = [_MEMBER.fullmatch(member) for member in text.split(",")]
    found = tuple(_digest(name, member) for member in members if member is None or member[1] in LENGTHS)
    if not found:
        accepted = sorted(LENGTHS)
        raise Problem(
            "unsupported_option", f"{name} has no algorithm that is known here", field=name, accepted=accepted
        )
    return found


def _digest(name: str, member: re.Match[str] | None) -> Digest:
    if member is None:
        raise Problem("malformed_digest", f"{name} is not of the form sha-256=:BASE64:", field=name)
    try:
        value = base64.b64decode(member[2], validate=True)
    except binascii.Error:
        value = b""
    if len(value) != LENGTHS[member[1]]:
        raise Problem("malformed_digest", f"{name}: {member[1]} has {LENGTHS[member[1]]} bytes in base64", field=name)
    return Digest(member[1], value, name)


def hex_sha256(text: str) -> Digest:
    """The form field `sha256`."""
    if not _HEX_SHA256.fullmatch(text.strip()):
        raise Problem("malformed_digest", "The field sha256 is not 64 hexadecimal digits", field="sha256")
    return Digest("sha-256", bytes.fromhex(text.strip()), "sha256")


class Verifier:
    """Hashes bytes with whatever algorithms some digests need, and says whether those were right."""

    def __init__(self, promised: tuple[Digest, ...], already: frozenset[str] = frozenset()) -> None:
        """`already` are algorithms whose result somebody else computes and gives to `check`."""
        self._promised = promised
        algorithms = {digest.algorithm for digest in promised} - already
        self._hashes = {algorithm: hashlib.new(algorithm.replace("-", "")) for algorithm in algorithms}

    def update(self, *parts: bytes | memoryview) -> None:
        for hashing in self._hashes.values():
            for part in parts:
                hashing.update(part)

    def check(self, **computed: str) -> None:
        """Raise at the first promise that was not kept. `computed` are hex digests: `sha256=...`."""
        for digest in self._promised:
            hashing = self._hashes.get(digest.algorithm)
            actual = hashing.hexdigest() if hashing else computed[digest.algorithm.replace("-", "")]
            if digest.value.hex() != actual:
                words = f"{digest.source} announces other bytes than those that came"
                algorithm = digest.algorithm
                raise Problem("digest_mismatch", words, field=digest.source, algorithm=algorithm, received=actual)
