"""Kills at random instants and at each step, in short; bench/trace has the full ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "trace"


@pytest.mark.slow
def test_kills_lose_nothing_and_pay_nothing_twice(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCH / "kills.py"), "--kills", "110", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "acknowledged events lost 0",
        "runs unreadable 0",
        "model calls paid again although recorded 0",
        "runs that ended otherwise than the uninterrupted one 0",
    ):
        assert line in done.stdout
    assert int(done.stdout.split()[1].rstrip(",")) >= 110


@pytest.mark.slow
def test_whole_repairs_survive_kills_beside_their_writes_and_at_random(tmp_path: Path) -> None:
    """`fix` with a model on a socket, killed and resumed: in full, bench/trace/loop_kills.py."""
    words = ["--kills", "15", "--places", "40", "--folder", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, str(BENCH / "loop_kills.py"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "acknowledged events lost 0",
        "runs unreadable 0",
        "model calls repeated although the answer was on record 0",
        "steps recorded twice 0",
        "runs that ended otherwise than the uninterrupted one 0",
    ):
        assert line in done.stdout
    assert int(done.stdout.partition("kills ")[2].partition(",")[0]) >= 15
