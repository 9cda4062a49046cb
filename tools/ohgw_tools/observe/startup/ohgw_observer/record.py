"""Record: one append-only file of JSON lines for each process, each line chained to the last."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

MAX_LINES = 20000
MAX_TEXT = 500
_HIGH = 200


class Record:
    """Writes each fact once, at once: a process that is killed leaves what it did until then."""

    def __init__(self, nonce: str, directory: str) -> None:
        self._nonce = nonce
        self._directory = directory
        self._started = time.monotonic()
        self._seen: set[tuple[Any, ...]] = set()
        self._at_end: list[Callable[[], None]] = []
        self._handle: int | None = None
        self._owner = 0
        self._lines = 0
        self._digest = ""

    def begin(self, argv: list[str]) -> None:
        """Open this process's file and write who it is."""
        os.makedirs(self._directory, mode=0o755, exist_ok=True)  # noqa: PTH103
        self._open(argv, forked=False)
        atexit.register(self._end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def at_end(self, function: Callable[[], None]) -> None:
        """Call `function` before the process ends, if it ends in good order."""
        self._at_end.append(function)

    def once(self, kind: str, *what: Any) -> None:
        """Write a fact unless it was written before."""
        key = (kind, *what)
        if key not in self._seen and len(self._seen) < MAX_LINES:
            self._seen.add(key)
            self.write(kind, what=[_short(item) for item in what])

    def write(self, kind: str, **data: Any) -> None:
        """Write a line: sequence number, kind, seconds since the start, data, chain digest."""
        if self._handle is None or self._lines >= MAX_LINES:
            return
        body = json.dumps([self._lines, kind, round(time.monotonic() - self._started, 3), data])
        self._digest = hashlib.sha256((self._digest + body).encode()).hexdigest()[:16]
        try:
            os.write(self._handle, (body + "\t" + self._digest + "\n").encode())
        except OSError:
            self._handle = None
        self._lines += 1

    def _open(self, argv: list[str], forked: bool) -> None:
        self._owner = os.getpid()
        name = f"{self._owner}-{os.urandom(3).hex()}.jsonl"
        path = os.path.join(self._directory, name)  # noqa: PTH118
        low = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o644)
        self._handle = high(low)
        self._lines = 0
        self._digest = self._nonce
        data: dict[str, Any] = {
            "pid": self._owner,
            "ppid": os.getppid(),
            "forked": forked,
            "argv": [str(item)[:MAX_TEXT] for item in argv[:30]],
            "python": ".".join(map(str, sys.version_info[:3])),
        }
        self.write("start", **data)

    def _forked(self) -> None:
        """A forked child writes a file of its own."""
        handle, self._handle = self._handle, None
        try:
            if handle is not None:
                os.close(handle)
            self._open(getattr(sys, "argv", []), forked=True)
        except OSError:
            self._handle = None

    def _end(self) -> None:
        for function in self._at_end:
            function()
        self.write("end", peak_bytes=_peak_bytes(), cpu_seconds=round(time.process_time(), 3))


def high(low: int) -> int:
    """Move a descriptor out of the way: the program's own get the numbers that it expects."""
    import fcntl

    try:
        high = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _HIGH)
    except OSError:
        return low
    os.close(low)
    return high


def _short(item: Any) -> Any:
    if isinstance(item, (int, float, bool)) or item is None:
        return item
    return str(item)[:MAX_TEXT]


def _peak_bytes() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
