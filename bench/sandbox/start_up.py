"""What a sandbox costs beside the same program without one.

    python bench/sandbox/start_up.py [--rounds 20] [--json]

Prints the median of each way, and two ratios with their targets: what bubblewrap adds to a plain
subprocess (at most 50 ms), and what a complete Docker run (files in, program, files out, container
gone) costs beside a bare `docker run --rm` of the same image, mounts and program (at most 1.5
times). The ways take turns, so that a busy moment of the machine hits all of them. Exits with 1
when a target is missed, with 2 when a component is missing.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ohgw_tools.errors import SandboxUnavailable
from ohgw_tools.isolation import docker_engine, docker_image
from ohgw_tools.isolation.docker_cell import _mounts
from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.sandbox import MIB, Limits, Sandbox
from ohgw_tools.sandbox_choice import choose

PROGRAM = "open('result', 'w').write('1')"
ADDED_MS = 50.0
DOCKER_RATIO = 1.5
PYTHON = ("-I", "-S")


def plain(directory: Path) -> Callable[[], None]:
    def run() -> None:
        (directory / "main.py").write_text(PROGRAM)
        subprocess.run([sys.executable, *PYTHON, "main.py"], cwd=directory, check=True, env={})
        (directory / "result").read_bytes()

    return run


def sandboxed(sandbox: Sandbox) -> Callable[[], None]:
    interpreter = host_interpreter()
    limits = Limits(wall_seconds=60, memory_bytes=512 * MIB, work_bytes=16 * MIB)

    def run() -> None:
        done = sandbox.run(
            {"main.py": PROGRAM.encode()},
            ("python", *PYTHON, "main.py"),
            interpreter=interpreter,
            limits=limits,
        )
        assert done.ok, done
        assert done.artifacts == {"result": b"1"}

    return run


def bare_docker(image: str) -> Callable[[], None]:
    """The docker command itself, with the mounts that the program needs and nothing else."""
    interpreter = host_interpreter()
    mounts = [
        part
        for mount in _mounts(interpreter.prefixes, {})
        for part in ("-v", f"{mount['Source']}:{mount['Target']}:ro")
    ]
    command = [
        "docker",
        "run",
        "--rm",
        "--network",
        "none",
        *mounts,
        image,
        sys.executable,
        *PYTHON,
    ]

    def run() -> None:
        subprocess.run([*command, "-c", "print(1)"], check=True, stdout=subprocess.DEVNULL)

    return run


def measure(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Return the median of each way in milliseconds; the first round only warms up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, run in ways.items():
            start = time.perf_counter()
            run()
            if number:
                times[name].append((time.perf_counter() - start) * 1000)
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        bubblewrap, docker = choose("bubblewrap"), choose("docker")
    except SandboxUnavailable as error:
        print(error, file=sys.stderr)
        return 2
    with docker_engine.engine() as client:
        image = docker_image.ensure(client)
    with tempfile.TemporaryDirectory() as directory:
        medians = measure(
            {
                "plain subprocess": plain(Path(directory)),
                "bubblewrap": sandboxed(bubblewrap),
                "docker run --rm": bare_docker(image),
                "docker": sandboxed(docker),
            },
            arguments.rounds,
        )
    added = medians["bubblewrap"] - medians["plain subprocess"]
    ratio = medians["docker"] / medians["docker run --rm"]
    met = added <= ADDED_MS and ratio <= DOCKER_RATIO
    if arguments.json:
        print(json.dumps({"median_ms": medians, "added_ms": added, "ratio": ratio, "met": met}))
        return 0 if met else 1
    for name, milliseconds in medians.items():
        print(f"{name:18} {milliseconds:8.1f} ms")
    print(f"bubblewrap adds {added:.1f} ms to a plain subprocess (target: at most {ADDED_MS:.0f})")
    print(f"docker costs {ratio:.2f} times the bare run (target: at most {DOCKER_RATIO})")
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
