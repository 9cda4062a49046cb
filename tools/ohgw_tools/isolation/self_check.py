"""A program that looks at a sandbox's walls from inside, and what must be true of its report."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from pydantic import JsonValue

from ohgw_tools.errors import SandboxFailed
from ohgw_tools.isolation.host_interpreter import host_interpreter
from ohgw_tools.sandbox import MIB, Limits, Sandbox

_PROGRAM = """
import json, os, socket
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
sets = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
def writable(path):
    try:
        os.close(os.open(path + "/ohgw-probe", os.O_CREAT | os.O_WRONLY))
        return True
    except OSError:
        return False
def reaches(address):
    try:
        socket.create_connection(address, 1).close()
        return True
    except OSError:
        return False
print(json.dumps({
    "capabilities": any(int(status[name], 16) for name in sets),
    "no_new_privileges": status["NoNewPrivs"].strip() == "1",
    "seccomp": status["Seccomp"].strip() == "2",
    "root": os.getuid() == 0,
    "network": reaches(("192.0.2.1", 80)),
    "system_writable": [p for p in ("/", "/etc", "/usr", "/dev", os.__file__.rpartition("/")[0])
                        if writable(p)],
    "work_writable": writable(os.getcwd()),
    "processes": sum(name.isdigit() for name in os.listdir("/proc")),
}))
"""
_EXPECTED: dict[str, JsonValue] = {
    "capabilities": False,
    "no_new_privileges": True,
    "seccomp": True,
    "root": False,
    "network": False,
    "system_writable": [],
    "work_writable": True,
}
LIMITS = Limits(wall_seconds=30, memory_bytes=512 * MIB, work_bytes=16 * MIB, processes=16)


@dataclass
class Findings:
    """What the program reported, and each point in which that is not what a sandbox must give."""

    isolation: dict[str, JsonValue] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def check(sandbox: Sandbox) -> Findings:
    """Run the check. Raises SandboxUnavailable or SandboxFailed if it cannot run at all."""
    done = sandbox.run(
        {"probe.py": _PROGRAM.encode()},
        ("python", "-I", "-S", "probe.py"),
        interpreter=host_interpreter(),
        limits=LIMITS,
    )
    if not done.ok:
        said = (done.stderr.text or done.stdout.text).strip()[-500:]
        raise SandboxFailed(f"the probe ended with {done.outcome} {done.exit_code}: {said}")
    seen: dict[str, JsonValue] = json.loads(done.stdout.text)
    problems = [
        f"{name} is {json.dumps(seen.get(name))}, not {json.dumps(wanted)}"
        for name, wanted in _EXPECTED.items()
        if seen.get(name) != wanted
    ]
    return Findings({**done.isolation, **seen}, problems)
