"""Serving one order: files in, program run and watched, report and files out."""

from __future__ import annotations

import contextlib
import json
import os
import select
import struct
import time
from typing import Any

from ohgw_tools.isolation.warden import files, program, usage
from ohgw_tools.isolation.warden.frame import read_exactly, send

_TICK_SECONDS = 0.02
_READ_BYTES = 1 << 16
_FAREWELL_SECONDS = 60


def main() -> None:
    """Serve one order, then wait to be removed."""
    (size,) = struct.unpack(">I", read_exactly(0, 4))
    order = json.loads(read_exactly(0, size))
    digests = files.put(order)
    (stdout, out), (stderr, err) = os.pipe(), os.pipe()
    order["cpu_start"] = usage.cpu_ms()
    child = program.start(order, (out, err))
    os.close(out)
    os.close(err)
    kinds = {stdout: b"o", stderr: b"e"}
    why, status, disk = _relay(child, kinds, order)
    program.kill_all()
    for handle, kind in kinds.items():
        _drain(handle, kind)
    report = {
        "why": why,
        "exit_code": None if status is None else _shell_code(status),
        "disk_full": disk,
        "oom_kills": usage.oom_kills(),
        "refused_forks": usage.refused_forks(),
        "peak_bytes": usage.peak_bytes(),
        "cpu_ms": usage.cpu_ms() - order["cpu_start"],
    }
    send(b"r", json.dumps(report).encode())
    files.send_back(order, digests)
    send(b"z", b"")
    # The host removes the container now; the end of the order's stream says that it is gone.
    while select.select([0], [], [], _FAREWELL_SECONDS)[0] and os.read(0, _READ_BYTES):
        pass


def _relay(
    child: int, kinds: dict[int, bytes], order: dict[str, Any]
) -> tuple[str, int | None, bool]:
    """Pass output on until the program ends, the host says stop, or a limit does.

    Returns why it stopped, the wait status if the program ended, and whether a disk was full.
    """
    ended = os.pidfd_open(child)
    poll = select.poll()
    for handle in (0, ended, *kinds):
        poll.register(handle, select.POLLIN)
    deadline = time.monotonic() + order["deadline"]
    disk = False
    while time.monotonic() < deadline:
        ready = {handle for handle, _ in poll.poll(_TICK_SECONDS * 1000)}
        for handle in ready.intersection(kinds):
            data = os.read(handle, _READ_BYTES)
            if data:
                send(kinds[handle], data)
            else:
                poll.unregister(handle)
        no_bytes, no_inodes = usage.full()
        disk = disk or no_bytes or no_inodes
        if ended in ready:
            return "ended", os.waitpid(child, 0)[1], disk
        if 0 in ready:
            return "stopped", None, disk
        if no_inodes:
            return "disk", None, disk
        if usage.oom_kills():
            # One process killed for want of memory ends them all: the rest cannot be trusted.
            return "memory", None, disk
        if order["cpu_ms"] is not None and usage.cpu_ms() - order["cpu_start"] > order["cpu_ms"]:
            return "timeout", None, disk
    return "stopped", None, disk


def _drain(handle: int, kind: bytes) -> None:
    """Pass on what is left in a pipe that nobody writes to any more."""
    os.set_blocking(handle, False)
    with contextlib.suppress(BlockingIOError):
        while data := os.read(handle, _READ_BYTES):
            send(kind, data)


def _shell_code(status: int) -> int:
    """An exit code, with 128 + N for signal N."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code
