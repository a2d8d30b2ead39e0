"""Which kind a file is: real files of this machine and of the shared corpus, labelled by folder and extension."""

import statistics
import time
from collections import Counter
from pathlib import Path

from bench.labelled_files import of_the_corpus, of_the_machine
from bench.rounds import verdict
from ingest.sniff import sniff
from processors.document.models import MEDIA_TYPES as DOCUMENTS
from processors.signatures import HEAD_BYTES

FIRST, MOONSHOT = 0.99, 0.997
MISSES_SHOWN = 60

Sample = tuple[Path, str, bytes, bool]


def run(_folder: Path, rounds: int) -> None:
    samples = [
        (path, kind, head, len(head) == path.stat().st_size)
        for path, kind in [*of_the_corpus(), *of_the_machine()]
        for head in [_head(path)]
    ]
    misses = [
        (path, kind, told)
        for path, kind, head, whole in samples
        for told in [_told(head, path.name, whole)]
        if told[0] != kind
    ]
    missed = Counter(kind for _, kind, _ in misses)
    for kind, count in sorted(Counter(kind for _, kind, _, _ in samples).items()):
        print(f"  {kind:10} {count:6} files, {missed[kind]} missed")
    for path, kind, (told, media_type) in misses[:MISSES_SHOWN]:
        print(f"    {kind} told as {told} ({media_type}): {path}")
    share = 1 - len(misses) / len(samples)
    print(f"  kind right: {share:.2%} of {len(samples)} {verdict(share, FIRST, MOONSHOT)}")
    print(f"  {_rate(samples, rounds):,.0f} files a second of CPU, from their first {HEAD_BYTES} bytes")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _told(head: bytes, name: str, whole: bool) -> tuple[str, str]:
    """The kind of the media type, whoever takes it, and the media type."""
    found = sniff(head, name, whole)
    sort = found.media_type.partition("/")[0]
    if found.broader:
        return "text", found.media_type
    if found.media_type in DOCUMENTS:
        return "document", found.media_type
    return sort if sort in ("image", "audio", "video") else "other", found.media_type


def _rate(samples: list[Sample], rounds: int) -> float:
    seconds = []
    for _ in range(rounds):
        started = time.process_time()
        for path, _, head, whole in samples:
            sniff(head, path.name, whole)
        seconds.append(time.process_time() - started)
    return len(samples) / statistics.median(seconds)
