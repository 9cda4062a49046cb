"""Audit: files, hosts and programs, by Python's own audit events (PEP 578).

An audit hook cannot be taken out again by the program and replaces nothing that the program sees.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .record import Record

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SYSTEM = ("/usr/", "/lib", "/proc/", "/sys/", "/etc/", "/dev/", "/bin/", "/tmp/")
# Where given data are laid out; see ohgw_tools.environments.data_cache.
_DATA = "/tmp/data/"
_CODE = (".py", ".pyc", ".so", ".pth")


def install(record: Record, root: str) -> None:
    """Watch this process's audit events from now on; the program's own files lie below `root`."""
    watch = _Watch(record, root)
    find = watch.handlers.get

    def hook(event: str, args: tuple[Any, ...]) -> None:
        handler = find(event)
        if handler is not None:
            # An exception here would be raised in the program.
            with suppress(Exception):
                handler(args)

    sys.addaudithook(hook)


class _Watch:
    """What is written down of each kind of event."""

    def __init__(self, record: Record, root: str) -> None:
        own = tuple({p + "/" for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)})
        self._record = record
        self._quiet = _SYSTEM + own
        self._head = root + "/"
        self.handlers: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "open": self._opened,
            "socket.connect": self._connect,
            "socket.getaddrinfo": self._host,
            "socket.gethostbyname": self._host,
            "urllib.Request": lambda args: record.once("url", args[0]),
            "subprocess.Popen": self._spawn,
            "os.system": self._spawn,
            "os.exec": self._spawn,
            "os.posix_spawn": self._spawn,
        }

    def _opened(self, args: tuple[Any, ...]) -> None:
        path, _, flags = args
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        if "__pycache__" in name or name.endswith(_CODE):
            return
        if name.startswith(self._quiet) and not name.startswith((self._head, _DATA)):
            return
        writing = isinstance(flags, int) and bool(flags & _WRITING)
        self._record.once("write" if writing else "read", name)

    def _host(self, args: tuple[Any, ...]) -> None:
        if args and args[0]:
            self._record.once("host", str(args[0]), args[1] if len(args) > 1 else None)

    def _connect(self, args: tuple[Any, ...]) -> None:
        if len(args) > 1 and isinstance(args[1], tuple):
            self._host(args[1][:2])

    def _spawn(self, args: tuple[Any, ...]) -> None:
        command = args[1] if len(args) > 1 else args
        words = command if isinstance(command, (list, tuple)) else [command]
        texts = [os.fsdecode(w) if isinstance(w, bytes) else str(w) for w in words[:30]]
        self._record.write("spawn", argv=[text[:300] for text in texts])
