"""`python -m tests.kills --kills 10000 [--seed S]`: the long run. Fails at the first violation."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.kills.plan import scaled
from tests.kills.trials import session


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    arguments.add_argument("--kills", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--keep", type=Path, help="a folder for the data and the log, kept afterwards")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        report = session(scaled(given.kills, given.seed), given.keep or Path(folder))
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())
