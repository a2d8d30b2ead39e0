"""Peers in turn, each in a forked process of its own: wall and CPU seconds and peak memory, judged as ratios."""

import os
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Used:
    """By one run. `peak` is resident bytes of the largest process of it."""

    seconds: float
    cpu_seconds: float
    peak: int


def measured(work: Callable[[], object]) -> Used:
    """What `work` uses, programs that it runs and waits for included. What it prints is lost."""
    started = time.perf_counter()
    child = os.fork()
    if not child:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    if status:
        raise RuntimeError(f"a peer ended with {os.waitstatus_to_exitcode(status)}")
    return Used(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss << 10)


def interleaved(peers: Mapping[str, Callable[[], object]], rounds: int) -> Mapping[str, Sequence[Used]]:
    """Each peer once a round, in an order that rotates."""
    seen: dict[str, list[Used]] = {name: [] for name in peers}
    names = list(peers)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            seen[name].append(measured(peers[name]))
    for name, runs in seen.items():
        wall, cpu = (
            statistics.median(values) for values in zip(*((u.seconds, u.cpu_seconds) for u in runs), strict=True)
        )
        print(f"  {name:34} {wall:8.3f} s   {cpu:8.3f} s CPU   {max(u.peak for u in runs) // MIB:6} MiB", flush=True)
    return seen


def judge(seen: Mapping[str, Sequence[Used]], ours: str, theirs: str, first: float, moonshot: float) -> None:
    """Print the time of `ours` over that of `theirs`, median over the rounds; at most `first` passes."""
    ratios = [our.seconds / their.seconds for our, their in zip(seen[ours], seen[theirs], strict=True)]
    ratio = statistics.median(ratios)
    spread = f"[{min(ratios):.2f}-{max(ratios):.2f}]"
    print(f"  {ours} takes {ratio:.2f}x the time of {theirs} {spread} {verdict(ratio, first, moonshot)}", flush=True)


def verdict(value: float, first: float, moonshot: float) -> str:
    """Small is good where the moonshot is below the first bar; else large is."""
    sign = 1 if moonshot < first else -1
    word = "moonshot" if sign * value <= sign * moonshot else "first bar" if sign * value <= sign * first else "missed"
    return f"(bar {first:g}, moonshot {moonshot:g}): {word}"
