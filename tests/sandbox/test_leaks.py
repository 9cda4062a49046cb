"""Two hundred short runs, many at once: afterwards the machine is as before."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ohgw_tools.isolation.docker_engine import CALLER
from ohgw_tools.sandbox import MIB, Limits

RUNS = 200
# The endings that leave the most behind, in turn: a clean one, a crash, a daemon, a time-out.
PROGRAMS = (
    "open('r.json', 'w').write('{}')",
    "import os; os.abort()",
    "import os, time\nif not os.fork():\n    os.setsid(); time.sleep(600)",
    "import time; time.sleep(600)",
)


def census(place):
    """Count what could be left: processes, mounts, groups, handles (a held user is one), files,
    containers.
    """
    names, parents = [], []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                names.append((entry / "cmdline").read_bytes())
                parents.append((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            except OSError:
                continue
    groups = [*Path("/sys/fs/cgroup").glob("*/ohgw-*"), *Path("/sys/fs/cgroup").glob("ohgw-*")]
    counted = {
        "children": parents.count(str(os.getpid())),
        "programs": sum(b"leak_main.py" in name for name in names),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "groups": len([group for group in groups if f"ohgw-{os.getpid()}-" in group.name]),
        "handles": len(list(Path("/proc/self/fd").iterdir())),
        "files": len([*Path("/tmp").glob("*ohgw-run*"), *Path("/dev/shm").iterdir()]),
    }
    if place.name == "docker":
        import docker

        client = docker.from_env()
        own = {"label": f"{CALLER}={os.getpid()}"}
        found = client.containers.list(all=True, filters=own, ignore_removed=True)
        counted["containers"] = len(found)
        counted["volumes"] = len(client.volumes.list())
        counted["images"] = len(client.images.list())
        client.close()
    return counted


@pytest.mark.timeout(600)
def test_two_hundred_runs_leave_nothing(place):
    size = {"memory_bytes": 128 * MIB, "work_bytes": 4 * MIB, "processes": 16, "threads": 1}

    def run(number):
        done = place.sandbox.run(
            {"leak_main.py": PROGRAMS[number % 4].encode()},
            ("python", "-I", "-S", "leak_main.py"),
            interpreter=place.interpreter,
            limits=Limits(wall_seconds=1 if number % 4 == 3 else 120, **size),
        )
        return done.outcome

    run(0)
    before = census(place)
    # An ordinary user's worker, one a thread, costs an interpreter of its own, and a container
    # seconds: bench/sandbox/many_at_once.py has two hundred of those in flight.
    at_once = {"bubblewrap": RUNS, "docker": 20}.get(place.name, 8)
    with ThreadPoolExecutor(at_once) as pool:
        outcomes = list(pool.map(run, range(RUNS)))
    expected = ("exited", "signal", "exited", "timeout")
    assert outcomes == [expected[number % 4] for number in range(RUNS)]
    assert _settled(place, before) == before


def _settled(place, before):
    """The census, once the kernel has taken down what is dead already."""
    for _ in range(100):
        after = census(place)
        if place.name == "bubblewrap-ordinary-user":
            # The workers and their pipes stay until the end.
            after |= {key: before[key] for key in ("handles", "children")}
        if all(after[key] <= before[key] for key in before):
            return {key: before[key] if after[key] < before[key] else after[key] for key in before}
        time.sleep(0.1)
    return after
