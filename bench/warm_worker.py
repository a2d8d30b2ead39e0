"""A warm process that does one job after the other in itself: `python -m bench.warm_worker KIND`, an order a line."""

import json
import sys
import time
from pathlib import Path

from processors.registry import load
from processors.work import run_alone


def main() -> None:
    processor = load([sys.argv[1]])[sys.argv[1]]
    processor.warm()
    for line in sys.stdin:
        order = json.loads(line)
        started, cpu_started = time.perf_counter(), time.process_time()
        finished = run_alone(processor, Path(order["clip"]), order["params"], scratch=Path(order["folder"]))
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
        answer = {"seconds": seconds, "cpu_seconds": cpu_seconds, "result": finished.result.model_dump(mode="json")}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
