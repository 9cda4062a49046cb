"""ControlGroup: memory and process limits for a whole tree of processes, where root can have them.

Kernel documentation: admin-guide/cgroup-v1/{memory,pids,cpuacct}.rst and admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from pathlib import Path

from ohgw_tools.sandbox import Limits

_ROOT = Path("/sys/fs/cgroup")
_CLOSE_SECONDS = 5.0
_ABANDONED_SECONDS = 60.0


class ControlGroup:
    """One group of processes, in one directory (version 2) or one for each controller (version 1).

    `directories` maps `memory`, `pids` and `cpu` to the directory that counts it.
    """

    def __init__(self, version: int, directories: dict[str, Path]) -> None:
        self.version = version
        self._directories = directories

    def add(self, pid: int) -> None:
        """Move a process into the group; its later children are born in it."""
        for directory in set(self._directories.values()):
            (directory / "cgroup.procs").write_text(str(pid))

    @property
    def oom_kills(self) -> int:
        """Processes that the kernel killed for want of memory."""
        file = "memory.oom_control" if self.version == 1 else "memory.events"
        return self._counter("memory", file, "oom_kill")

    @property
    def refused_forks(self) -> int:
        """How often a new process or thread was refused."""
        return self._counter("pids", "pids.events", "max")

    @property
    def peak_bytes(self) -> int | None:
        """The most memory that the group ever had, in bytes."""
        file = "memory.max_usage_in_bytes" if self.version == 1 else "memory.peak"
        return _number(self._directories["memory"] / file)

    @property
    def cpu_ms(self) -> int | None:
        """CPU time of all processes that ever were in the group, if it counts that."""
        if self.version == 1:
            if "cpu" not in self._directories:
                return None
            nanoseconds = _number(self._directories["cpu"] / "cpuacct.usage")
            return None if nanoseconds is None else nanoseconds // 1_000_000
        return self._counter("cpu", "cpu.stat", "usage_usec") // 1000

    def _counter(self, controller: str, file: str, key: str) -> int:
        try:
            lines = (self._directories[controller] / file).read_text().splitlines()
        except OSError:
            return 0
        return next((int(v) for k, _, v in (x.partition(" ") for x in lines) if k == key), 0)

    def close(self) -> None:
        """Kill what is left in the group and remove it."""
        deadline = time.monotonic() + _CLOSE_SECONDS
        for directory in set(self._directories.values()):
            while directory.exists() and time.monotonic() < deadline:
                with contextlib.suppress(OSError):
                    directory.rmdir()
                    break
                _kill_members(directory)
                time.sleep(0.005)


def sweep() -> int:
    """Remove the groups of callers that were killed. Returns how many directories."""
    removed = 0
    for directory in (*_ROOT.glob("*/ohgw-*"), *_ROOT.glob("ohgw-*")):
        caller = directory.name.split("-")[1]
        with contextlib.suppress(OSError):
            old = time.time() - directory.stat().st_mtime > _ABANDONED_SECONDS
            if old and not Path("/proc", caller).exists():
                directory.rmdir()  # which the kernel refuses while anything runs in it
                removed += 1
    return removed


def create(limits: Limits) -> ControlGroup | None:
    """Make a group with these limits, or return None where that is not allowed."""
    name = f"ohgw-{os.getpid()}-{secrets.token_hex(6)}"
    if (_ROOT / "cgroup.controllers").exists():
        return _create_v2(name, limits)
    return _create_v1(name, limits)


def _create_v1(name: str, limits: Limits) -> ControlGroup | None:
    made: dict[str, Path] = {}
    group = ControlGroup(1, made)
    try:
        for key, controller in _controllers_v1(limits).items():
            directory = _ROOT / controller / name
            directory.mkdir()
            made[key] = directory
        (made["memory"] / "memory.limit_in_bytes").write_text(str(limits.memory_bytes))
        # The same limit for memory and swap together; absent where swap is not accounted.
        with contextlib.suppress(OSError):
            (made["memory"] / "memory.memsw.limit_in_bytes").write_text(str(limits.memory_bytes))
        (made["pids"] / "pids.max").write_text(str(_tasks(limits)))
    except OSError:
        group.close()
        return None
    return group


def _controllers_v1(limits: Limits) -> dict[str, str]:
    """Moving a process costs milliseconds for each group: CPU time only where it is limited."""
    cpu = {} if limits.cpu_seconds is None else {"cpu": "cpuacct"}
    return {"memory": "memory", "pids": "pids", **cpu}


def _create_v2(name: str, limits: Limits) -> ControlGroup | None:
    """Needs a parent whose controllers are handed on: the root, or a delegated group."""
    own = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2].lstrip("/")
    for parent in (_ROOT / own, _ROOT):
        directory = parent / name
        group = ControlGroup(2, dict.fromkeys(("memory", "pids", "cpu"), directory))
        try:
            with contextlib.suppress(OSError):
                (parent / "cgroup.subtree_control").write_text("+memory +pids")
            directory.mkdir()
            (directory / "memory.max").write_text(str(limits.memory_bytes))
            with contextlib.suppress(OSError):
                (directory / "memory.swap.max").write_text("0")
            (directory / "pids.max").write_text(str(_tasks(limits)))
        except OSError:
            group.close()
            continue
        return group
    return None


def _tasks(limits: Limits) -> int:
    """The sandbox's own first process counts too."""
    return limits.processes + 1


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _kill_members(directory: Path) -> None:
    with contextlib.suppress(OSError):
        for pid in (directory / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
