"""Many bundles with a model that takes its time: how much faster eight at a time are than one by
one, and what that takes of the machine; that a batch killed in the middle goes on without losing or
paying anything twice; how many bundles a core judges in a second, in how much memory.

    python bench/batch/throughput.py [speed] [kill] [judge] [--bundles 200] [--latency 1.0]
                                     [--judged 5000]

The server is real and on loopback; its answers overlap. Every figure is a ratio to the same work
done one by one, or to a bare `ast.parse` of the same files, in this run.
"""

import argparse
import ast
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from process_tree import ProcessTree

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "chat"), str(ROOT / "tests" / "batch")]

from scripted_server import Say, ScriptedServer  # noqa: E402
from test_batch import MEND, make, model  # noqa: E402

from ohgw_agent.trace.reader import Reader  # noqa: E402


def begin(folder, paths, *more):
    listing = folder / "list.txt"
    listing.write_text("".join(f"{p}\n" for p in paths))
    return ProcessTree(
        [
            *(sys.executable, "-m", "ohgw_agent", "batch", "--from", listing, "--static-only"),
            *("--runs-dir", folder / "runs", "--results", folder / "results.jsonl"),
            *("--json", "-q", *more),
        ],
        stdout=subprocess.PIPE,
        env={**os.environ, "OPENAI_API_KEY": "none"},
    )


def repaired(paths, latency, jobs):
    folder = Path(tempfile.mkdtemp())
    with ScriptedServer(lambda request: Say(text=MEND, delay=latency)) as server:
        tree = begin(folder, paths, *model(server), "-j", jobs)
        stdout, seconds = tree.wait()
        calls = len(server.requests)
        at = [r.at for r in server.requests]
    summary = json.loads(stdout)
    if summary["ready"] != len(paths) or calls != len(paths):
        raise SystemExit(f"not what was expected: {summary}, {calls} calls")
    # From the first question on: what a longer batch would take, without the start.
    steady = (max(at) - min(at)) / (len(at) - 1) * len(at)
    print(
        f"{jobs} at a time: {seconds:7.1f} s, {steady:7.1f} s without the start; CPU"
        f" {tree.cpu / len(paths):.3f} s a bundle; at most {tree.peak:.0f} MiB in all",
        flush=True,
    )
    return seconds, steady


def speed(options):
    paths = make(Path(tempfile.mkdtemp()), options.bundles)
    print(f"{options.bundles} bundles, {options.latency} s a model call")
    (one, steady_one), (eight, steady_eight) = (
        repaired(paths, options.latency, jobs) for jobs in (1, 8)
    )
    print(f"eight at a time: {one / eight:.2f} times as fast as one by one;", end=" ")
    print(f"{steady_one / steady_eight:.2f} without the start")


def kill(options):
    folder, paths = Path(tempfile.mkdtemp()), make(Path(tempfile.mkdtemp()), options.bundles)
    with ScriptedServer(lambda request: Say(text=MEND, delay=options.latency)) as server:
        tree = begin(folder, paths, *model(server), "-j", 8)
        while len(server.requests) < options.bundles // 2:
            time.sleep(0.05)
        tree.process.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        tree.wait()
        in_flight = sum(killed - options.latency < r.at <= killed for r in server.requests)
        lines = len((folder / "results.jsonl").read_bytes().splitlines())
        stdout, _ = begin(folder, paths, *model(server), "-j", 8).wait()
        asked = Counter(r.key for r in server.requests)
    summary = json.loads(stdout)
    replies = Counter(
        event.data["key"]
        for run in (folder / "runs").glob("*/events.jsonl")
        for event in Reader(run.parent).of_kind("model.reply")
    )
    rows = [json.loads(line)["digest"] for line in (folder / "results.jsonl").open()]
    print(f"killed after {lines} results with {in_flight} calls going on; then run again:")
    print(f"  {summary['ready']} of {options.bundles} ready, {summary['skipped']} not done again")
    print(f"  {len(rows)} lines for {len(set(rows))} bundles")
    print(f"  {sum(asked.values())} requests for {len(asked)} questions:", end=" ")
    print(f"{sum(asked.values()) - len(asked)} asked again, the calls that were going on")
    print(f"  {sum(n > 1 for n in replies.values())} answers on record twice")


def judge(options):
    paths = make(Path(tempfile.mkdtemp()), options.judged)
    tree = begin(Path(tempfile.mkdtemp()), paths, "--judge-only")
    stdout, seconds = tree.wait()
    if json.loads(stdout)["stops"] != {"judged": options.judged}:
        raise SystemExit(stdout)
    cores = len(os.sched_getaffinity(0))
    floor = parsed(paths)
    print(f"{options.judged} bundles judged in {seconds:.1f} s on {cores} cores:", end=" ")
    print(f"{options.judged / tree.cpu:.1f} for a CPU second of all processes,", end=" ")
    print(f"{tree.cpu / floor:.1f} times the CPU of ast.parse alone")
    early, late = tree.around(0.2), tree.around(0.95)
    print(f"memory: {early:.0f} MiB after a fifth, {late:.0f} MiB at the end, ", end="")
    print(f"{late / early:.2f} times as much; at most {tree.peak:.0f} MiB")


def parsed(paths):
    began = time.process_time()
    for path in paths:
        for name, text in json.loads(path.read_text())["derived"].items():
            if name.endswith(".py"):
                ast.parse(text)
    return time.process_time() - began


PARTS = {"speed": speed, "kill": kill, "judge": judge}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--bundles", type=int, default=200)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--judged", type=int, default=5000)
    options = parser.parse_args()
    for part in options.parts or PARTS:
        PARTS[part](options)


if __name__ == "__main__":
    main()
