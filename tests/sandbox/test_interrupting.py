"""Ctrl-C and SIGTERM while a program runs in a sandbox: the command ends, and nothing is left."""

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ohgw_tools.isolation import cgroup
from ohgw_tools.isolation.docker_engine import CALLER

# No rules are asked: what is judged here is only ever started and stopped.
CONTRACT = """
name: waiting
criteria: {completeness: {title: It runs}}
has_base: false
files: [src/main.py]
smoke: {argv: [python, src/main.py, NONCE]}
full: {argv: [python, src/main.py]}
artifacts: {results: null, figures: null}
rules: {select: []}
"""
# A program that takes no notice of signals, with a daemon that has left its session.
WAITING = """
import os, signal, sys, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if __name__ == "__main__":
    if not os.fork():
        os.setsid()
    time.sleep(300)
"""


def running(nonce):
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                if nonce.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def left_by(pid):
    """What a process may leave beside processes and containers: control groups, mounts, doors."""
    groups = [g for g in Path("/sys/fs/cgroup").glob("**/ohgw-*") if f"ohgw-{pid}-" in g.name]
    return {
        "groups": groups,
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "doors": len(list(Path("/tmp").glob("ohgw-run-*"))),
    }


def containers_of(pid):
    import docker

    client = docker.from_env()
    try:
        filters = {"label": f"{CALLER}={pid}"}
        found = client.containers.list(all=True, filters=filters, ignore_removed=True)
        return [container.id for container in found]
    finally:
        client.close()


def start(tmp_path, command, place, nonce):
    (tmp_path / "contract.yaml").write_text(CONTRACT.replace("NONCE", nonce))
    bundle = {
        "base": {},
        "derived": {"src/main.py": WAITING},
        "experiment": {"id": "waiting", "run_variations": []},
    }
    (tmp_path / "bundle.json").write_text(json.dumps(bundle))
    words = [sys.executable, "-m", "ohgw_agent", command, "bundle.json", "--sandbox", place]
    words += ["--contract", "contract.yaml", "--python", sys.executable]
    words += ["--allow-host", "example.com"]
    words += ["--runs-dir", "runs"] if command == "fix" else []
    return subprocess.Popen(
        words,
        cwd=tmp_path,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("command", ["validate", "fix"])
@pytest.mark.parametrize("place", ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def test_nothing_is_left(tmp_path, place, command, number):
    nonce = secrets.token_hex(8)
    before = left_by(0)
    process = start(tmp_path, command, place, nonce)
    deadline = time.monotonic() + 60
    # bwrap's or the warden's own command line is another process that names the program.
    while len(running(nonce)) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    assert "stopping" in err
    assert "Traceback" not in err
    assert running(nonce) == []
    assert left_by(process.pid) == before | {"groups": []}
    if place == "docker":
        assert containers_of(process.pid) == []
    if command == "fix":
        (record,) = tmp_path.glob("runs/*/events.jsonl")
        events = [json.loads(line) for line in record.read_text().splitlines()]
        assert [e["data"]["stop"] for e in events if e["kind"] == "run.end"] == ["interrupted"]
        assert not [e for e in events if e["kind"] == "verdict" and e["data"]["stage"] == "sandbox"]


@pytest.mark.root
def test_groups_of_callers_that_were_killed_are_swept(monkeypatch):
    from ohgw_tools.sandbox import Limits

    gone = subprocess.Popen(["true"])
    gone.wait()
    monkeypatch.setattr(cgroup.os, "getpid", lambda: gone.pid)
    group = cgroup.create(Limits())
    assert group is not None
    assert left_by(gone.pid)["groups"]
    cgroup.sweep()
    assert left_by(gone.pid)["groups"], "a group that was made just now stays"
    monkeypatch.setattr(cgroup, "_ABANDONED_SECONDS", -1.0)
    assert cgroup.sweep() >= len(left_by(gone.pid)["groups"])
    assert left_by(gone.pid)["groups"] == []
