"""What observing costs: processor time of a program with the observer over the same without.

    python bench/execution/observer.py [--runs 5] [--python INTERPRETER]

Programs: nothing at all, a loop, a million calls, and some imports. Each figure
is the ratio of medians, with the plain program of the same run as 1.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ohgw_tools import observe

PROGRAMS = {
    "nothing": "pass",
    "loop of 3 million": "x = 0\nfor i in range(3_000_000): x += i * i % 7",
    "1 million calls": "def f(x): return x + 1\nfor i in range(1_000_000): f(i)",
    "imports": "import json, email, http.client, unittest, asyncio, xml.dom.minidom",
}


def cpu_seconds(python, code, variables):
    """User and system time of one process, waited for."""
    with tempfile.TemporaryDirectory() as work:
        (Path(work) / "program.py").write_text(code)
        before = os.times()
        subprocess.run([python, "-m", "program"], cwd=work, env=variables, check=True)
        after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--python", default=sys.executable)
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as cache:
        directory = observe.startup_directory(Path(cache) / "env")
        plain = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        watched = {**plain, **observe.environment(directory, "bench")}
        print(f"{'program':20} {'plain s':>9} {'observed s':>11} {'ratio':>6}")
        for name, code in PROGRAMS.items():
            times = {False: [], True: []}
            for _ in range(arguments.runs):
                for observed in (False, True):
                    variables = watched if observed else plain
                    times[observed].append(cpu_seconds(arguments.python, code, variables))
            one, two = (statistics.median(times[kind]) for kind in (False, True))
            print(f"{name:20} {one:9.3f} {two:11.3f} {two / one:6.2f}")
    print(f"{arguments.runs} runs each, {time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
