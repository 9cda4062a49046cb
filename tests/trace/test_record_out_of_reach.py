"""A program in a sandbox can neither see nor change the records: prevented, not detected."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from sample_run import sample

from ohgw_agent.trace.verification import verify
from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.sandbox import MIB, Limits
from ohgw_tools.sandboxes import bubblewrap, docker

BACKENDS = {"bubblewrap": bubblewrap, "docker": docker}

PROGRAM = """
import os, sys
runs = sys.argv[1]
found = []
for place in (runs, os.path.dirname(runs)):
    try:
        found += os.listdir(place)
    except OSError:
        pass
roots = ("/proc/1/root", "/proc/self/root", "")
for root in roots:
    try:
        found.append(open(root + runs + "/index.jsonl").read())
    except OSError:
        pass
for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    found += [os.path.join(folder, f) for f in files if f == "events.jsonl"]
print("FOUND", found)
for root in roots:  # what looks like that folder in the sandbox is a folder of the sandbox
    try:
        os.makedirs(root + runs, exist_ok=True)
        open(root + runs + "/index.jsonl", "a").write("forged\\n")
    except OSError:
        pass
"""


@pytest.mark.parametrize("name", ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def test_records_are_not_in_the_sandbox(tmp_path: Path, name: str) -> None:
    folder = sample(tmp_path / "runs")
    before = {p: hashlib.sha256(p.read_bytes()).digest() for p in _files(folder.parent)}
    done = (
        BACKENDS[name]
        .create()
        .run(
            {"main.py": PROGRAM.encode()},
            ("python", "main.py", str(folder.parent)),
            interpreter=host_interpreter(),
            limits=Limits(wall_seconds=60, memory_bytes=512 * MIB, work_bytes=64 * MIB),
        )
    )
    assert done.stdout.text.startswith("FOUND []"), done
    assert {p: hashlib.sha256(p.read_bytes()).digest() for p in _files(folder.parent)} == before
    assert verify(folder).level == "sealed"
    assert folder.parent.stat().st_mode & 0o077 == 0


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
