"""A batch over a Ray cluster of three nodes on this machine, one of them killed in the middle,
against the same batch on one machine: the results are compared byte for byte.

    python bench/batch/cluster.py [--bundles 200] [--latency 1.0] [--sandbox bubblewrap]

With `--sandbox` every bundle's smoke test is run too, on the nodes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "chat"), str(ROOT / "tests" / "batch")]

from ray_cluster import SETTINGS, running  # noqa: E402
from scripted_server import Say, ScriptedServer  # noqa: E402
from test_batch import MEND, command, make, model  # noqa: E402


def begin(paths, folder, server, sandbox, *more):
    folder.mkdir()
    words = command(paths, folder, *model(server), "-q", *more)
    if sandbox is not None:
        words.remove("--static-only")
        words += ["--sandbox", sandbox]
    return subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **SETTINGS, "OPENAI_API_KEY": "none"},
        text=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bundles", type=int, default=200)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--sandbox", help="default: judge statically alone")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    paths = make(folder, options.bundles)
    results = {name: folder / name / "results.jsonl" for name in ("one", "many")}
    with ScriptedServer(lambda request: Say(text=MEND, delay=options.latency)) as server:
        with running(nodes=3, cpus=1) as (address, kill):
            on = ("--engine", "ray", "--ray-address", address)
            began = time.monotonic()
            many = begin(paths, folder / "many", server, options.sandbox, *on)
            while not results["many"].exists() or (
                results["many"].read_bytes().count(b"\n") < options.bundles // 3
            ):
                time.sleep(0.1)
            kill()
            summary = json.loads(many.communicate()[0])
            cluster = time.monotonic() - began
        asked = Counter(r.key for r in server.requests)
        began = time.monotonic()
        begin(paths, folder / "one", server, options.sandbox, "-j", 8).communicate()
        one = time.monotonic() - began
    facts = [json.loads(line) for line in results["many"].with_suffix(".jsonl.facts").open()]
    print(f"cluster, a node killed: {summary['ready']} of {options.bundles} ready, {cluster:.1f} s")
    print(f"one machine, eight at a time: {one:.1f} s")
    print(f"bundles whose node was lost under them: {sum(f['losses'] > 0 for f in facts)}")
    print(f"requests {sum(asked.values())}, questions {len(asked)}, asked twice", end=" ")
    print(sum(n > 1 for n in asked.values()))
    print("results equal, byte for byte:", end=" ")
    print(results["one"].read_bytes() == results["many"].read_bytes())


if __name__ == "__main__":
    main()
