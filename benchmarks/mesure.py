"""Measuring a piece of work in a process of its own: its time and its peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
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


def _cpu() -> float:
    """CPU seconds of this process and of those it started and saw end (not under Windows)."""
    return sum(os.times()[:4])


def report(work: Callable[[], Any]) -> None:
    """Do the work and print its measure for `alone`."""
    start, used = time.perf_counter(), _cpu()
    work()
    seconds, cpu = time.perf_counter() - start, _cpu() - used
    print(json.dumps({"secondes": seconds, "cpu": cpu, "mio": peak()}))


def alone(script: str, *args: object, source: Path | None = None) -> dict[str, float]:
    """The measure that `script` reports when run with these arguments, on the code of `source`."""
    command = [sys.executable, script, *map(str, args)]
    env = os.environ | ({"PYTHONPATH": str(source)} if source else {})
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=env)
    return dict(json.loads(done.stdout.splitlines()[-1]))
