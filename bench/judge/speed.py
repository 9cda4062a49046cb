"""How long the static judge takes, in CPU time: wall time says little on a shared machine.

    python bench/judge/speed.py                 one bundle of the seed's size: warm, cold, and after
                                                a patch of each of its files in turn
    python bench/judge/speed.py --bundles 1000  and the rate of many bundles, beside `ruff check`
                                                plus a bare ast.parse of the same files

A unit of this machine's speed (ten million additions) is printed with the figures.
"""

from __future__ import annotations

import argparse
import ast
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from good import contract_of, good_bundles

from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.subject import ParseCache

SEED = Path(__file__).parents[2] / "tests/bundles/seed/exp-2.bundle.json"
LIMITS = {"warm": 120, "cold": 300, "patched": 40}
# A change that means something in each language, so that nothing can be known from before.
EDITS = {"py": "EDIT_{0} = {0}", "yaml": "edit: {0}", "toml": "[tool.edit]\nmark = {0}"}


def cpu(action: Callable[[], object]) -> float:
    """Return the milliseconds of CPU that an action takes in this process."""
    start = time.process_time()
    action()
    return (time.process_time() - start) * 1000


def cpu_of(command: list[str]) -> float:
    """Return the milliseconds of CPU that a program takes from its start to its end."""
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, capture_output=True, check=False, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return taken * 1000


def unit() -> float:
    """Return the milliseconds that ten million additions take."""

    def add() -> None:
        total = 0
        for number in range(10_000_000):
            total += number

    return cpu(add)


def edited(bundle: Bundle, path: str, mark: int) -> Bundle:
    """Return the bundle with one more assignment, key or table in one file."""
    line = EDITS[path.rpartition(".")[2]].format(mark)
    return bundle.with_derived(bundle.derived.with_file(path, f"{bundle.derived[path]}\n{line}\n"))


def one_bundle(rounds: int) -> dict[str, float]:
    """Return the medians of judging the seed's bundle warm and as a cold process."""
    bundle = load(str(SEED))
    contract = contract_of(bundle)
    check(bundle, contract)
    warm = [cpu(lambda: check(bundle, contract)) for _ in range(rounds)]
    command = [sys.executable, "-m", "ohgw_agent", "validate", "--static-only", str(SEED)]
    cpu_of(command)  # compiles the modules
    cold = [cpu_of(command) for _ in range(rounds)]
    return {"warm": statistics.median(warm), "cold": statistics.median(cold)}


def patched(rounds: int) -> dict[str, float]:
    """Return, by file of the seed's bundle, the median of judging it again once that changed."""
    bundle = load(str(SEED))
    contract = contract_of(bundle)
    found = {}
    for path in bundle.derived:
        cache = ParseCache()
        check(bundle, contract, cache=cache)
        versions = [edited(bundle, path, mark) for mark in range(rounds)]
        times = [cpu(partial(check, each, contract, cache=cache)) for each in versions]
        found[path] = statistics.median(times)
    return found


def rates(count: int) -> None:
    """Judge many bundles, no two of them equal; print how many a second of CPU allows."""
    sources = list(good_bundles().values())
    bundles = [edited(sources[n % len(sources)], "src/train.py", n) for n in range(count)]
    memory, judging = [], 0.0
    for number, bundle in enumerate(bundles, 1):
        judging += cpu(partial(check, bundle, contract_of(bundle)))
        if number in (count // 10, count):
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    texts = [t for b in bundles for p, t in b.derived.items() if p.endswith(".py")]
    parsing = sum(cpu(lambda t=t: ast.parse(t)) for t in texts)  # type: ignore[misc]
    with tempfile.TemporaryDirectory(prefix="judge-") as folder:
        for number, text in enumerate(texts):
            Path(folder, f"m{number}.py").write_text(text, encoding="utf-8")
        ruff = cpu_of([sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", folder])
    peers = ruff + parsing
    print(f"\n{count} bundles, {len(texts)} Python files, in seconds of CPU")
    for name, taken in (("static judge", judging), ("ruff check", ruff), ("ast.parse", parsing)):
        print(f"  {name:14}{taken / 1000:8.1f} s{count / taken * 1000:9.1f} bundles/s")
    print(f"  the judge takes {judging / peers:.1f} times ruff check and ast.parse together")
    print(f"  most memory, after a tenth of them and after all: {memory[0]} and {memory[-1]} MiB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundles", type=int, default=0, help="how many bundles for the rate")
    parser.add_argument("--rounds", type=int, default=11)
    arguments = parser.parse_args()
    print(f"unit: {unit():.0f} ms")
    for name, taken in one_bundle(arguments.rounds).items():
        print(f"{name:8}{taken:7.0f} ms of CPU (wanted: {LIMITS[name]})")
    times = patched(arguments.rounds)
    middle, worst = statistics.median(times.values()), max(times, key=times.__getitem__)
    print(
        f"patched {middle:7.0f} ms of CPU, {times[worst]:.0f} at worst, which is {worst}"
        f" (wanted: {LIMITS['patched']}, whatever the file)"
    )
    for path, taken in times.items():
        print(f"  {path:28}{taken:7.1f} ms")
    if arguments.bundles:
        rates(arguments.bundles)


if __name__ == "__main__":
    main()
