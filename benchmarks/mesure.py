"""Measuring a piece of work in a process of its own: its time and its peak memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any


def peak() -> float:
    """Peak memory of this process and of the largest it started, added, in MiB."""
    try:
        import resource
    except ImportError:  # Windows: this process only
        import psutil

        return float(psutil.Process().memory_info().peak_wset) / 2**20
    sides = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(resource.getrusage(side).ru_maxrss for side in sides) / 1024


def report(work: Callable[[], Any]) -> None:
    """Do the work and print its measure for `alone`."""
    start, used = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    print(json.dumps({"secondes": seconds, "cpu": cpu, "mio": peak()}))


def alone(script: str, *args: object) -> dict[str, float]:
    """The measure that `script` reports when run with these arguments."""
    command = [sys.executable, script, *map(str, args)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))
