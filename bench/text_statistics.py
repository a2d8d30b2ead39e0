"""All statistics and SHA-256 of one large file against `wc -lwmc` and a plain Python loop, which do less.

Words in many languages, a paragraph in each, and a log in ASCII. `wc` counts lines, words, characters and bytes in a
UTF-8 locale; the plain loop reads lines, decodes and splits each, and hashes it.
"""

import hashlib
import os
import random
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench.rounds import MIB, interleaved, judge
from processors.registry import load
from processors.work import run_alone
from tests.tongues import TONGUES

FILE_BYTES = 1 << 30
PIECE_BYTES = 8 << 20  # the file is one piece again and again


def run(folder: Path, rounds: int) -> None:
    for name, pieces in (("many languages", languages()), ("ASCII log", log())):
        path = folder / "text"
        write(path, pieces, FILE_BYTES)
        print(f"  {name}, {FILE_BYTES // MIB} MiB", flush=True)
        seen = interleaved(peers(path, folder), rounds)
        judge(seen, "dropoff", "wc -lwmc", 1.0, 1 / 1.6)
        judge(seen, "dropoff", "plain loop", 1 / 1.8, 1 / 3)
        path.unlink()


def peers(path: Path, folder: Path) -> Mapping[str, Callable[[], object]]:
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    processor = load(["text"])["text"]
    processor.warm()  # as in the process that cells are forked from
    return {
        "dropoff": lambda: run_alone(processor, path, {"format": "plain"}, scratch=folder),
        "wc -lwmc": lambda: subprocess.run(["wc", "-lwmc", path], env=environment, check=True),
        "plain loop": lambda: plain_loop(path),
    }


def plain_loop(path: Path) -> tuple[int, int, int, int, str]:
    digest = hashlib.sha256()
    lines = words = characters = longest = 0
    with path.open("rb") as file:
        for line in file:
            digest.update(line)
            text = line.decode()
            lines += 1
            words += len(text.split())
            characters += len(text)
            longest = max(longest, len(text))
    return lines, words, characters, longest, digest.hexdigest()


def write(path: Path, pieces: Iterator[str], size: int) -> None:
    """`size` bytes, or up to three less where that would cut a character."""
    piece = "".join(pieces).encode()
    with path.open("wb") as file:
        for start in range(0, size, len(piece)):
            file.write(piece[: size - start].decode(errors="ignore").encode())


def languages() -> Iterator[str]:
    """One language after another, words in random order, in lines of some 80 characters, a few of them blank."""
    rng = random.Random(20261128)
    for tongue in TONGUES.values():
        words = [word[:20] for word in tongue["text"].split()]  # where nobody writes spaces, sentences are words
        size = 0
        while size < PIECE_BYTES // len(TONGUES):
            length = rng.randint(0, 160)
            line = ""
            while len(line) < length:
                line += rng.choice(words) + " "
            size += len(line.encode())
            yield line.rstrip() + "\n"


def log() -> Iterator[str]:
    rng = random.Random(20261128)
    size = 0
    while size < PIECE_BYTES:
        line = (
            f"2026-11-28T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z "
            f"{rng.choice(['INFO', 'WARN', 'DEBUG'])} 10.0.{rng.randrange(256)}.{rng.randrange(256)} "
            f'"GET /v1/jobs/{rng.getrandbits(64):x} HTTP/1.1" {rng.choice([200, 202, 404])} {rng.randrange(10**6)} '
            f"{' '.join(rng.choices(['request', 'served', 'in', 'cache', 'user', 'anonymous'], k=rng.randrange(9)))}\n"
        )
        size += len(line)
        yield line
