"""What a record costs: disk and CPU of 50 attempts, verifying 20,000 events, listing 1,000 runs.

    python bench/trace/cost.py

Each figure stands beside a floor measured in the same process: for disk, the texts of all distinct
files; for CPU an event, an fsynced append of a line of the same length; for verifying, hashing and
parsing the same lines; for listing, reading and parsing the same small files.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ohgw_agent.trace.redaction import Redactor
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.verification import verify
from ohgw_tools.tree import Tree

ATTEMPTS, FILES = 50, 8
RNG = random.Random(20261122)


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def least(times: int, work: Callable[[], object]) -> float:
    """CPU seconds of the cheapest of several runs."""
    found = []
    for _ in range(times):
        before = cpu()
        work()
        found.append(cpu() - before)
    return min(found)


def text(size: int) -> str:
    lines = []
    while sum(map(len, lines)) < size:
        lines.append(f"    value_{RNG.randrange(10**9)} = compute({RNG.random():.6f}, 'x')\n")
    return "".join(lines)


def bundle(size: int) -> Tree:
    return Tree({f"src/file{n}.py": text(size // FILES) for n in range(FILES)})


def attempts(runs: Path, tree: Tree) -> tuple[Path, float, int, int]:
    """Record 50 attempts; return the folder, CPU seconds, events, bytes of distinct files."""
    distinct = {digest: len(tree[path]) for path, digest in tree.file_digests.items()}
    findings = json.dumps([text(100) for _ in range(70)]).encode()
    redactor = Redactor.from_environment()
    before = cpu()
    with Run.create(runs, {"tool": "bench", "derived_tree": tree}, redactor=redactor) as run:
        for number in range(1, ATTEMPTS + 1):
            path = f"src/file{number % FILES}.py"
            after = tree.with_file(path, tree[path] + f"# attempt {number}\n")
            distinct[after.file_digests[path]] = len(after[path])
            prompt = text(3000).encode()
            run.append("model.request", {"key": "k", "model": "m", "prompt_blob": prompt})
            run.append("model.reply", {"key": "k", "reply_blob": prompt[::-1]})
            run.append(
                "patch",
                {"base_tree": tree.digest, "result_tree": after, "patch_blob": prompt[:500]},
            )
            static = findings.replace(b"value", f"static{number}".encode(), 1)
            sandbox = b'{"stage":"sandbox","facts":{"wall_ms":%d}}' % number
            for stage, body in (("patch", b"{}"), ("static", static), ("sandbox", sandbox)):
                run.append("verdict", {"stage": stage, "tree": after.digest, "verdict_blob": body})
            run.append(
                "attempt", {"attempt": number, "tree": after.digest, "errors": ["f" * 16] * 20}
            )
            tree = after
        run.seal("ready", {"best_tree": tree.digest})
        return run.folder, cpu() - before, len(run.events), sum(distinct.values())


def disk(folder: Path) -> tuple[int, int]:
    """Bytes of all files, and bytes of the blocks that they take."""
    files = [path.stat() for path in folder.rglob("*")]
    return sum(f.st_size for f in files), sum(f.st_blocks * 512 for f in files)


def plain_append(folder: Path, events: int, length: int) -> float:
    line = b"x" * length + b"\n"
    descriptor = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    before = cpu()
    for _ in range(events):
        os.write(descriptor, line)
        os.fsync(descriptor)
    return cpu() - before


def cost_of_attempts(base: Path) -> None:
    for size in (100_000, 2_000_000):
        folder, used, events, floor = attempts(base / f"runs{size}", bundle(size))
        apparent, blocks = disk(folder)
        length = (folder / "events.jsonl").stat().st_size // events
        plain = plain_append(base, events, length)
        print(f"50 attempts, {size // 1000} kB bundle: {apparent / 1e6:.2f} MB in files,"
              f" {blocks / 1e6:.2f} MB in blocks; distinct files {floor / 1e6:.2f} MB"
              f" ({apparent / floor:.2f} x)")  # fmt: skip
        print(f"  CPU {used / events * 1000:.2f} ms an event, a bare fsynced line"
              f" {plain / events * 1000:.3f} ms ({used / plain:.1f} x)")  # fmt: skip


def cost_of_verifying(base: Path) -> None:
    sync, os.fsync = os.fsync, lambda descriptor: None
    try:
        with Run.create(base / "many", {"tool": "bench"}, redactor=Redactor()) as run:
            for number in range(20_000):
                data = {"attempt": number, "stage": "static", "status": "fail", "reason": "r" * 600}
                run.append("verdict", data, step=f"{number}/static")
            run.seal("ready", {})
    finally:
        os.fsync = sync
    content = (run.folder / "events.jsonl").read_bytes()
    floor = least(
        3, lambda: [(hashlib.sha256(x).digest(), json.loads(x)) for x in content.split(b"\n")[:-1]]
    )
    used = least(3, lambda: verify(run.folder))
    assert verify(run.folder).level == "sealed"
    print(f"verify 20,000 events, {len(content) / 1e6:.0f} MB: {used:.2f} s CPU,"
          f" hashing and parsing alone {floor:.2f} s ({used / floor:.1f} x)")  # fmt: skip


def cost_of_listing(base: Path) -> None:
    runs = base / "thousand"
    with Run.create(runs, {"tool": "bench", "experiment": "e", "models": ["m"]}) as run:
        run.seal("ready", {"stop": "ready"})
    for number in range(999):
        shutil.copytree(run.folder, runs / f"20250101T{number:06d}Z-{number:08x}")
    command = [sys.executable, "-m", "ohgw_agent", "runs", "ls", "--runs-dir", str(runs)]

    def listed(*words: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*command, *words], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    floor = least(3, lambda: [json.loads(p.read_bytes()) for p in runs.glob("*/run.json")])
    for words in ((), ("--status", "ready"), ("--rule", "x"), ("--model", "m"), ("--text", "zzz")):
        used = min(listed(*words) for _ in range(3))
        print(f"runs ls {' '.join(words)} of 1,000 runs: {used:.2f} s CPU as a cold process;"
              f" reading the headers alone {floor:.2f} s")  # fmt: skip


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        cost_of_attempts(base)
        cost_of_verifying(base)
        cost_of_listing(base)
    return 0


if __name__ == "__main__":
    sys.exit(main())
