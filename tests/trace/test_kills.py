"""Kills at random instants and at each step, in short; bench/trace/kills.py does 1,000."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench" / "trace" / "kills.py"


@pytest.mark.slow
def test_kills_lose_nothing_and_pay_nothing_twice(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCH), "--kills", "110", "--folder", str(tmp_path)]
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
