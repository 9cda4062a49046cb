"""What the container used, from its control group and its file systems in memory."""

from __future__ import annotations

import os

_GROUP = "/sys/fs/cgroup"
_CPU = (f"{_GROUP}/cpuacct/cpuacct.usage", f"{_GROUP}/cpu,cpuacct/cpuacct.usage")
_OOM = (f"{_GROUP}/memory/memory.oom_control", f"{_GROUP}/memory.events")
_PEAK = (f"{_GROUP}/memory/memory.max_usage_in_bytes", f"{_GROUP}/memory.peak")
_FORKS = (f"{_GROUP}/pids/pids.events", f"{_GROUP}/pids.events")
_MOUNTS = ("/work", "/tmp", "/dev/shm")


def oom_kills() -> int:
    """Processes that the kernel killed for want of memory."""
    return _counter("oom_kill", _OOM) or 0


def refused_forks() -> int:
    """How often a new process or thread was refused."""
    return _counter("max", _FORKS) or 0


def peak_bytes() -> int | None:
    """The most memory that the container had."""
    return _number(_PEAK)


def cpu_ms() -> int:
    """CPU time of the container so far."""
    nanoseconds = _number(_CPU)
    if nanoseconds is not None:
        return nanoseconds // 1_000_000
    return (_counter("usage_usec", (f"{_GROUP}/cpu.stat",)) or 0) // 1000


def full() -> tuple[bool, bool]:
    """Whether a file system in memory has no room left, in bytes and in inodes."""
    states = [os.statvfs(mount) for mount in _MOUNTS]
    return any(s.f_bfree == 0 for s in states), any(s.f_files and s.f_ffree == 0 for s in states)


def _number(paths: tuple[str, ...]) -> int | None:
    for text in map(_text, paths):
        if text.strip().isdigit():
            return int(text)
    return None


def _counter(key: str, paths: tuple[str, ...]) -> int | None:
    for text in map(_text, paths):
        for line in text.splitlines():
            name, _, value = line.partition(" ")
            if name == key and value.isdigit():
                return int(value)
    return None


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
