"""`make bench-text`: the kind for text against `wc`, Python's own modules and the field's libraries.

Every peer of a part runs in a process of its own, in interleaved rounds, on the same file. A part is a module with
`run(folder, rounds)`, which prints. `python -m bench.texts statistics csv` runs some of it.
"""

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

PARTS = ("encodings", "statistics", "memory", "csv", "ndjson", "chunks", "kinds", "search")


def main() -> int:
    arguments = argparse.ArgumentParser(prog="bench.texts")
    arguments.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; default all")
    arguments.add_argument("--rounds", type=int, default=5)
    given = arguments.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        arguments.error(f"unknown parts: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in given.parts or PARTS:
            print(f"\n{name}", flush=True)
            importlib.import_module(f"bench.text_{name}").run(Path(folder), given.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
