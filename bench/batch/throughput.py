"""Many bundles with a model that takes its time: how much faster eight at a time are than one by
one, and what the batch costs in memory; and how many bundles a core judges in a second.

    python bench/batch/throughput.py [--bundles 200] [--latency 1.0] [--judged 5000]

The server is real and on loopback; its answers overlap. Every figure is a ratio to the same work
done one by one, or to a bare `ast.parse` of the same files, in this run.
"""

import argparse
import ast
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "chat"), str(ROOT / "tests" / "batch")]

from scripted_server import Say, ScriptedServer  # noqa: E402
from test_batch import MEND, make, model  # noqa: E402


def batch(folder, listing, *more):
    began = time.monotonic()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ohgw_agent", "batch", "--from", str(listing), "--static-only"),
            *("--runs-dir", str(folder / "runs"), "--results", str(folder / "results.jsonl")),
            *("--json", "-q", *map(str, more)),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "OPENAI_API_KEY": "none"},
    )
    if not done.stdout:
        raise SystemExit(done.stderr)
    return time.monotonic() - began, json.loads(done.stdout)


def repaired(paths, latency, jobs):
    folder = Path(tempfile.mkdtemp())
    listing = folder / "list.txt"
    listing.write_text("".join(f"{p}\n" for p in paths))
    with ScriptedServer(lambda request: Say(text=MEND, delay=latency)) as server:
        seconds, summary = batch(folder, listing, *model(server), "-j", jobs)
        calls = len(server.requests)
    if summary["ready"] != len(paths) or calls != len(paths):
        raise SystemExit(f"not what was expected: {summary}, {calls} calls")
    return seconds


def judged(paths):
    folder = Path(tempfile.mkdtemp())
    listing = folder / "list.txt"
    listing.write_text("".join(f"{p}\n" for p in paths))
    return batch(folder, listing, "--judge-only", "--tries", 1)[0]


def parsed(paths):
    began = time.process_time()
    for path in paths:
        for name, text in json.loads(path.read_text())["derived"].items():
            if name.endswith(".py"):
                ast.parse(text)
    return time.process_time() - began


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundles", type=int, default=200)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--judged", type=int, default=5000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    paths = make(folder, options.bundles)
    one, eight = repaired(paths, options.latency, 1), repaired(paths, options.latency, 8)
    print(f"{options.bundles} bundles, {options.latency} s a model call")
    print(f"one by one {one:8.1f} s")
    print(f"eight      {eight:8.1f} s   {one / eight:.2f} times as fast")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(f"largest process {peak} MiB")
    more = make(Path(tempfile.mkdtemp()), options.judged)
    cores = len(os.sched_getaffinity(0))
    seconds, floor = judged(more), parsed(more)
    print(f"{options.judged} bundles judged in {seconds:.1f} s on {cores} cores:")
    print(f"{options.judged / seconds / cores:.1f} a second and core,", end=" ")
    print(f"{seconds * cores / floor:.1f} times the CPU of ast.parse alone")


if __name__ == "__main__":
    main()
