"""The recipe of docs/verifying.md to sign a statement, run as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sample_run import sample

from ohgw_agent.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "verifying.md"
SIGN, VERIFY = re.findall(
    r"```sh\n(ssh-keygen .*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
)

pytestmark = pytest.mark.ssh


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a record, its statement and a key."""
    folder = sample(tmp_path / "runs")
    statement = tmp_path / "statement.json"
    assert main(["export", str(folder), "--to", "in-toto", "-o", str(statement)]) == 0
    key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")]
    subprocess.run(key, check=True)
    public = (tmp_path / "key.pub").read_text().split()
    (tmp_path / "allowed_signers").write_text(f"you@example.org {public[0]} {public[1]}\n")
    return tmp_path


def shell(place: Path, script: str) -> subprocess.CompletedProcess[str]:
    (run,) = (place / "runs").glob("2*")
    (place / "ohgw-agent").write_text(f'#!/bin/sh\nexec {sys.executable} -m ohgw_agent "$@"\n')
    (place / "ohgw-agent").chmod(0o755)
    names = {"KEY": "key", "RUN": run.name, "RUNS": "runs"}
    return subprocess.run(
        ["sh", "-euc", script],
        cwd=place,
        env={**os.environ, **names, "PATH": f"{place}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_signed_statement_vouches_for_the_record(place: Path) -> None:
    assert shell(place, SIGN).returncode == 0
    done = shell(place, VERIFY)
    assert done.returncode == 0, done.stderr
    assert "ANCHORED" in done.stdout


def test_an_altered_statement_is_refused(place: Path) -> None:
    assert shell(place, SIGN).returncode == 0
    statement = place / "statement.json"
    body = json.loads(statement.read_text())
    body["predicate"]["result"] = "FAILED"
    statement.write_text(json.dumps(body, indent=1))
    done = shell(place, VERIFY)
    assert done.returncode != 0
    assert "ANCHORED" not in done.stdout


def test_another_record_is_not_the_one_that_was_signed(place: Path) -> None:
    assert shell(place, SIGN).returncode == 0
    (run,) = (place / "runs").glob("2*")
    other = sample(place / "others")
    (run / "events.jsonl").write_bytes((other / "events.jsonl").read_bytes())
    done = shell(place, VERIFY)
    assert done.returncode == 1
    assert "DAMAGED" in done.stdout
