"""NamespaceWatch: what all processes of one sandbox use together, seen from outside.

Works for an ordinary user without control groups: it reads the sandbox's own procfs (which lists
exactly its processes) and its three file systems in memory, both through handles that were opened
before the program started.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")
_COUNTED = (b"RssAnon:", b"RssShmem:", b"VmPTE:")
# What a full pair of unix sockets holds in kernel memory, which is nobody's resident set; a number
# of sockets that programs really use is not counted.
_SOCKET_BYTES = 425_984
_FREE_SOCKETS = 256


@dataclass(frozen=True)
class Usage:
    """One sample. `memory_bytes` counts pages that processes share once for each of them, so it is
    never too small; `cpu_ms` covers processes that are gone as far as a parent waited for them.
    """

    memory_bytes: int
    tasks: int
    cpu_ms: int
    inodes: int
    full: bool


class NamespaceWatch:
    """Samples one sandbox. `procfs` and `mounts` are open directories, which stay the caller's."""

    def __init__(self, procfs: int, mounts: tuple[int, ...]) -> None:
        self._procfs = procfs
        self._mounts = mounts

    def sample(self, *, processes: bool = True) -> Usage:
        """Look once; without `processes` at the file systems alone, which costs microseconds."""
        memory, tasks = self._kernel_bytes() if processes else 0, 0
        inodes = ticks = 0
        full = False
        for mount in self._mounts:
            state = os.fstatvfs(mount)
            memory += _used(state)
            inodes = max(inodes, state.f_files - state.f_ffree)
            full = full or state.f_bfree == 0
        for pid in self._pids() if processes else ():
            resident, threads = self._status(pid)
            memory += resident
            tasks += threads
            ticks += self._ticks(pid)
        return Usage(memory, tasks, ticks * 1000 // _TICKS, inodes, full)

    def exact_memory(self) -> int:
        """Count shared pages once (proportional set size). Slow: for samples that look too large.

        Anonymous pages, shared anonymous mappings, page tables, and the file systems in memory; a
        process that hides its maps counts in full.
        """
        total = self._kernel_bytes() + sum(_used(os.fstatvfs(mount)) for mount in self._mounts)
        for pid in self._pids():
            try:
                rollup = self._read(f"{pid}/smaps_rollup")
                total += _anonymous_bytes(rollup, self._read(f"{pid}/smaps"))
                total += self._status(pid, (b"VmPTE:",))[0]
            except OSError:
                total += self._status(pid)[0]
        return total

    def _pids(self) -> list[str]:
        try:
            with os.scandir(self._procfs) as entries:
                return [entry.name for entry in entries if entry.name.isdigit()]
        except OSError:
            return []

    def _read(self, path: str) -> bytes:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._procfs)
        with os.fdopen(handle, "rb") as file:
            return file.read()

    def _kernel_bytes(self) -> int:
        """What the sockets of the sandbox's network may hold."""
        try:
            first = self._read("1/net/sockstat").partition(b"\n")[0]
        except OSError:
            return 0
        return max(0, int(first.rpartition(b" ")[2]) - _FREE_SOCKETS) * _SOCKET_BYTES

    def _status(self, pid: str, counted: tuple[bytes, ...] = _COUNTED) -> tuple[int, int]:
        """Resident anonymous and shared bytes with page tables, and the number of threads."""
        kib = threads = 0
        try:
            lines = self._read(f"{pid}/status").splitlines()
        except OSError:
            return 0, 0
        for line in lines:
            if line.startswith(counted):
                kib += int(line.split()[1])
            elif line.startswith(b"Threads:"):
                threads = int(line.split()[1])
        return kib << 10, threads

    def _ticks(self, pid: str) -> int:
        try:
            fields = self._read(f"{pid}/stat").rpartition(b") ")[2].split()
        except OSError:
            return 0
        # utime, stime, cutime and cstime are fields 14 to 17 of proc(5); three come before.
        return sum(int(field) for field in fields[11:15])


def _used(state: os.statvfs_result) -> int:
    return (state.f_blocks - state.f_bfree) * state.f_frsize


def _anonymous_bytes(rollup: bytes, smaps: bytes) -> int:
    """Proportional bytes of private anonymous pages (from smaps_rollup) and of shared anonymous
    mappings (from smaps: they are files of an inner tmpfs without a name).
    """
    kib = 0
    for line in rollup.splitlines():
        if line.startswith(b"Pss_Anon:"):
            kib += int(line.split()[1])
    shared = False
    for line in smaps.splitlines():
        if line.startswith(b"Pss:"):
            kib += int(line.split()[1]) if shared else 0
        elif b"-" in line.partition(b" ")[0]:
            shared = line.endswith(b"/dev/zero (deleted)")
    return kib << 10
