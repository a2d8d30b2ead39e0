"""Announced digests: read strictly, checked all, and never ignored in silence."""

import base64
from hashlib import sha256, sha512

import pytest

from ingest.digests import Digest, Verifier, hex_sha256, read_header
from ingest.errors import Problem

DATA = b"hello"
SHA256 = base64.b64encode(sha256(DATA).digest()).decode()
SHA512 = base64.b64encode(sha512(DATA).digest()).decode()


def read(*values: str) -> tuple[Digest, ...]:
    return read_header("Repr-Digest", values)


@pytest.mark.parametrize(
    ("values", "algorithms"),
    [
        ([], []),
        ([f"sha-256=:{SHA256}:"], ["sha-256"]),
        ([f"sha-256=:{SHA256}:, sha-512=:{SHA512}:"], ["sha-256", "sha-512"]),
        ([f"sha-256=:{SHA256}:", f"sha-512=:{SHA512}:"], ["sha-256", "sha-512"]),
        ([f"md5=:AAAA:,sha-512=:{SHA512}:"], ["sha-512"]),
    ],
)
def test_the_algorithms_that_can_be_checked_are_read(values: list[str], algorithms: list[str]) -> None:
    assert [digest.algorithm for digest in read(*values)] == algorithms


@pytest.mark.parametrize(
    "value",
    [
        "sha-256",
        SHA256,
        f"sha-256={SHA256}",
        f"sha-256=:{SHA256}",
        f"SHA-256=:{SHA256}:",
        f"sha-256=:{SHA256}:;x",
        "sha-256=:AAAA:",
        "sha-256=:====:",
        f"sha-512=:{SHA256}:",
        f"sha-256=:{SHA256}:,",
        "sha-256=:" + "A" * 5000 + ":",
    ],
)
def test_what_is_no_digest_is_refused(value: str) -> None:
    with pytest.raises(Problem) as refused:
        read(value)
    assert refused.value.code == "malformed_digest"


def test_a_promise_that_can_not_be_checked_is_refused() -> None:
    """RFC 9530 allows to ignore it, but then a 202 would say more than is known."""
    with pytest.raises(Problem) as refused:
        read("md5=:AAAA:")
    assert refused.value.code == "unsupported_option"
    assert refused.value.extra["accepted"] == ["sha-256", "sha-512"]


def test_the_form_field_is_hexadecimal() -> None:
    assert hex_sha256(f" {sha256(DATA).hexdigest().upper()}\n").value == sha256(DATA).digest()
    for wrong in ("", "0" * 63, "0" * 65, "g" * 64, SHA256):
        with pytest.raises(Problem, match="malformed_digest"):
            hex_sha256(wrong)


def test_kept_promises_pass_and_broken_ones_say_what_came() -> None:
    promised = read(f"sha-256=:{SHA256}:, sha-512=:{SHA512}:")
    verifier = Verifier(promised)
    verifier.update(b"hel", memoryview(b"lo"))
    verifier.check()
    verifier.update(b"!")
    with pytest.raises(Problem) as refused:
        verifier.check()
    assert refused.value.code == "digest_mismatch"
    assert refused.value.extra["received"] == sha256(DATA + b"!").hexdigest()


def test_a_second_promise_counts_as_much_as_the_first() -> None:
    promised = (*read(f"sha-256=:{SHA256}:"), hex_sha256("0" * 64))
    verifier = Verifier(promised)
    verifier.update(DATA)
    with pytest.raises(Problem, match="sha256 announces other bytes"):
        verifier.check()


def test_what_the_store_hashes_anyway_is_not_hashed_again() -> None:
    verifier = Verifier(read(f"sha-256=:{SHA256}:"), already=frozenset({"sha-256"}))
    verifier.check(sha256=sha256(DATA).hexdigest())
    with pytest.raises(Problem, match="digest_mismatch"):
        verifier.check(sha256=sha256(b"").hexdigest())
