"""What bubblewrap alone has: other binaries, no control groups, callers that die."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ohgw_tools.errors import SandboxFailed
from ohgw_tools.isolation import bubblewrap_binary, cgroup, docker_engine, docker_image, self_check
from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.sandbox import MIB, Limits
from ohgw_tools.sandboxes import bubblewrap, docker

CALLER = """
import sys, threading
from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.sandbox import Limits
from ohgw_tools.sandboxes import {backend} as backend
program = b"import sys, time; print('up', flush=True); time.sleep(600)"
print("started", flush=True)
backend.create().run({{"{nonce}.py": program}}, ("python", "{nonce}.py"),
                     interpreter=host_interpreter(), limits=Limits(wall_seconds=600))
"""


def test_the_wheels_binary_works_as_well():
    """The fallback for machines without the package must not be a promise."""
    path = bubblewrap_binary._wheel()
    assert path is not None
    assert bubblewrap_binary.version(path) >= bubblewrap_binary.OLDEST
    findings = self_check.check(bubblewrap.create()._with(path))
    assert findings.problems == []
    assert findings.isolation["backend"] == path


def test_a_binary_that_cannot_set_up_is_the_sandboxs_failure(tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'setting up uid map: Permission denied' >&2; exit 1\n")
    broken.chmod(0o755)
    with pytest.raises(SandboxFailed, match="setting up uid map"):
        self_check.check(bubblewrap.create()._with(str(broken)))


def test_a_broken_binary_makes_the_probe_fail_with_a_remedy(tmp_path, monkeypatch):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'bubblewrap 0.9.0'; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(bubblewrap_binary, "candidates", lambda: (str(broken),))
    probe = bubblewrap.create().probe()
    assert not probe.works
    assert "user namespaces" in probe.remedy


def test_limits_hold_without_control_groups(monkeypatch):
    monkeypatch.setattr(cgroup, "create", lambda limits: None)
    limits = Limits(wall_seconds=20, memory_bytes=256 * MIB, work_bytes=MIB, processes=20)

    def run(program):
        return bubblewrap.create().run(
            {"m.py": program},
            ("python", "m.py"),
            interpreter=host_interpreter(),
            limits=limits,
        )

    done = run(b"x = [bytearray(1 << 20) for _ in range(3000)]")
    assert done.outcome == "memory"
    assert done.isolation["memory"] == "watchdog"
    assert 256 * MIB < done.peak_bytes < 1024 * MIB
    done = run(b"import os, time\nfor n in range(99): os.fork() or time.sleep(5)")
    assert done.outcome == "processes"


def test_pages_shared_after_a_fork_count_once(monkeypatch):
    """Data loaders fork from a large parent: their common pages are no use of memory."""
    monkeypatch.setattr(cgroup, "create", lambda limits: None)
    program = b"""
import os, time
held = bytearray(os.urandom(4096)) * (100 * 256)
for _ in range(4):
    if os.fork() == 0:
        time.sleep(1.5)
        os._exit(0)
time.sleep(1)
"""
    done = bubblewrap.create().run(
        {"m.py": program},
        ("python", "m.py"),
        interpreter=host_interpreter(),
        limits=Limits(wall_seconds=20, memory_bytes=300 * MIB, work_bytes=MIB),
    )
    assert done.ok, done


@pytest.mark.parametrize("kill", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize(
    "backend", ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)]
)
def test_a_caller_that_dies_takes_the_program_with_it(backend, kill):
    nonce = f"m{os.urandom(6).hex()}"
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER.format(backend=backend, nonce=nonce)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert caller.stdout.readline() == b"started\n"
        assert _wait(lambda: _inside(nonce)), "the program never started"
        container = _container(_inside(nonce)[0])
        caller.send_signal(kill)
        _, said = caller.communicate(timeout=60)
    finally:
        caller.kill()
    assert caller.returncode == -kill
    if kill == signal.SIGINT:
        assert b"KeyboardInterrupt" in said
    assert _wait(lambda: not _inside(nonce)), "the program outlived its caller"
    if backend == "docker":
        assert container
        assert _wait(lambda: container not in _containers()), "the container outlived its caller"


def _inside(nonce):
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if f"{nonce}.py".encode() in words:
            found.append(entry.name)
    return found


def _container(pid):
    """The container that a process is in, from its control group."""
    match = re.search(r"[0-9a-f]{64}", Path(f"/proc/{pid}/cgroup").read_text())
    return match and match[0]


def _containers():
    with docker_engine.engine() as client:
        return {each.id for each in client.containers.list(all=True, ignore_removed=True)}


def _wait(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.docker
def test_stale_containers_are_swept():
    """A container that its killed caller had made and never started goes at the next probe."""
    with docker_engine.engine() as client:
        image = docker_image.ensure(client)
        labels = {docker_engine.LABEL: str(int(time.time()) - 5)}
        stale = client.containers.create(image, ["/bin/true"], labels=labels)
        fresh = client.containers.create(
            image, ["/bin/true"], labels={docker_engine.LABEL: str(int(time.time()) + 600)}
        )
        try:
            assert docker.create().probe().works
            left = {c.id for c in client.containers.list(all=True, ignore_removed=True)}
            assert stale.id not in left
            assert fresh.id in left
        finally:
            fresh.remove(force=True)
