"""A process that uses a sandbox and can be killed: `python -m tests.hostile_plugin.driver FOLDER ACT...`.

Runs every act at once and prints the first report of each, or its end, as a line of JSON.
"""

import json
import signal
import sys
import threading
from pathlib import Path

from ingest import attend
from processors.base import Report
from tests.hostile_plugin import Tryout, hostile_sandbox


def run(tryout: Tryout, act: str) -> None:
    def take(report: Report) -> None:
        print(json.dumps({"act": act, "said": report.message}), flush=True)

    end = tryout.run(act, on_report=take, n=20).end
    print(json.dumps({"act": act, "verdict": type(end.verdict).__name__}), flush=True)


def main() -> None:
    folder, *acts = sys.argv[1:]
    attend.LOOK_SECONDS = 3600  # or the watch would find what some acts start
    with hostile_sandbox(Path(folder)) as tryout:
        threads = [threading.Thread(target=run, args=[tryout, act]) for act in acts]
        for thread in threads:
            thread.start()
        signal.pause()  # until the test kills it


if __name__ == "__main__":
    main()
