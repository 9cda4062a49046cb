"""Many runs in flight at once, and what they leave behind.

    python bench/sandbox/many_at_once.py [--runs 200] [--sandbox bubblewrap|docker] [--json]

Starts all runs at the same time, one thread each: a clean one, a crash, a daemon that outlives its
parent and a time-out, in turn. Prints how many were in flight together, how each ended, and the
count of processes, mounts, control groups, containers, volumes, images, threads, open files and
temporary files before and after. Exits with 1 when a run ended otherwise than it should or a
count has grown, with 2 when the sandbox is missing.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ohgw_tools.errors import CouldNotLook, SandboxUnavailable
from ohgw_tools.isolation.docker_engine import CALLER
from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.sandbox import MIB, Limits, Sandbox
from ohgw_tools.sandbox_choice import choose

NAME = "one_of_many.py"
PROGRAMS = (
    ("exited", "open('r.json', 'w').write('{}')"),
    ("signal", "import os; os.abort()"),
    ("exited", "import os, time\nif not os.fork():\n    os.setsid(); time.sleep(600)"),
    ("timeout", "import time; time.sleep(600)"),
)
SETTLE_SECONDS = 20.0


def census(docker: bool) -> dict[str, int]:
    """Count what this process's runs could leave behind; a held sandbox user is an open file."""
    lines, parents = [], []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                lines.append((entry / "cmdline").read_bytes())
                parents.append((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            except OSError:
                continue
    own = f"ohgw-{os.getpid()}-"
    groups = [*Path("/sys/fs/cgroup").glob("*/ohgw-*"), *Path("/sys/fs/cgroup").glob("ohgw-*")]
    counted = {
        "programs": sum(NAME.encode() in line for line in lines),
        "children": parents.count(str(os.getpid())),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "control groups": sum(own in group.name for group in groups),
        "open files": len(list(Path("/proc/self/fd").iterdir())),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "temporary files": len([*Path("/tmp").glob("*ohgw-run*"), *Path("/dev/shm").iterdir()]),
    }
    return counted | (_of_docker() if docker else {})


def _of_docker() -> dict[str, int]:
    import docker

    client = docker.from_env()
    try:
        mine = {"label": f"{CALLER}={os.getpid()}"}
        found = client.containers.list(all=True, filters=mine, ignore_removed=True)
        return {
            "containers": len(found),
            "volumes": len(client.volumes.list()),
            "images": len(client.images.list()),
        }
    finally:
        client.close()


class Flight:
    """Counts the runs that are under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._now -= 1


def fly(sandbox: Sandbox, runs: int) -> tuple[int, list[str]]:
    """Run all at once; return the most that were in flight, and what ended in another way."""
    flight, gate = Flight(), threading.Barrier(runs)
    interpreter = host_interpreter()
    size = {"memory_bytes": 128 * MIB, "work_bytes": 4 * MIB, "processes": 16, "threads": 1}

    def run(number: int) -> str:
        expected, program = PROGRAMS[number % len(PROGRAMS)]
        # Only the one that is to run out of time may; the machine is busy with all of them.
        limits = Limits(wall_seconds=1 if expected == "timeout" else 600, **size)
        gate.wait()
        with flight:
            try:
                done = sandbox.run(
                    {NAME: program.encode()},
                    ("python", "-I", "-S", NAME),
                    interpreter=interpreter,
                    limits=limits,
                )
            except CouldNotLook as error:
                return f"{expected}: {type(error).__name__}: {error}"
        wanted = {"r.json": b"{}"} if number % len(PROGRAMS) == 0 else {}
        right = done.outcome == expected and done.artifacts == wanted
        return "" if right else f"{expected}: was {done.outcome} {done.exit_code} {done.refused}"

    with ThreadPoolExecutor(runs) as pool:
        wrong = [problem for problem in pool.map(run, range(runs)) if problem]
    return flight.most, wrong


def settled(docker: bool, before: dict[str, int]) -> dict[str, int]:
    """Count again, once the kernel and the engine have taken down what is dead already."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        after = census(docker)
        if all(after[key] <= before[key] for key in before) or time.monotonic() > deadline:
            return after
        time.sleep(0.2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--sandbox", default="bubblewrap")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        sandbox = choose(arguments.sandbox)
    except SandboxUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    docker = arguments.sandbox == "docker"
    fly(sandbox, 4)
    before = census(docker)
    start = time.monotonic()
    most, wrong = fly(sandbox, arguments.runs)
    seconds = time.monotonic() - start
    after = settled(docker, before)
    clean = not wrong and all(after[key] <= before[key] for key in before)
    if arguments.json:
        facts = {"in_flight": most, "seconds": seconds, "before": before, "after": after}
        print(json.dumps({**facts, "wrong": wrong, "clean": clean}))
        return 0 if clean else 1
    cores = os.cpu_count()
    print(f"{arguments.runs} runs on {cores} cores, {most} in flight at once, {seconds:.0f} s")
    print(f"{len(wrong)} ended otherwise than they should")
    for problem, count in Counter(wrong).most_common(5):
        print(f"  {count:4} x {problem[:300]}")
    print(f"{'':18} {'before':>8} {'after':>8}")
    for key in before:
        print(f"{key:18} {before[key]:8} {after[key]:8}{'  GREW' * (after[key] > before[key])}")
    return 0 if clean else 1


if __name__ == "__main__":
    raise SystemExit(main())
