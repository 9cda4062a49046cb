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
_CODE = (".py", ".pyc", ".so", ".pth")


def install(record: Record, root: str) -> None:
    """Watch this process's audit events from now on; the program's own files lie below `root`."""
    own = tuple({p + "/" for p in (sys.prefix, sys.base_prefix, sys.exec_prefix)})
    quiet = _SYSTEM + own
    head = root + "/"

    def opened(args: tuple[Any, ...]) -> None:
        path, _, flags = args
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        name = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        if "__pycache__" in name or name.endswith(_CODE):
            return
        if name.startswith(quiet) and not name.startswith(head):
            return
        writing = isinstance(flags, int) and bool(flags & _WRITING)
        record.once("write" if writing else "read", name)

    def host(args: tuple[Any, ...]) -> None:
        if args and args[0]:
            record.once("host", str(args[0]), args[1] if len(args) > 1 else None)

    def connect(args: tuple[Any, ...]) -> None:
        if len(args) > 1 and isinstance(args[1], tuple):
            host(args[1][:2])

    def spawn(args: tuple[Any, ...]) -> None:
        command = args[1] if len(args) > 1 else args
        words = command if isinstance(command, (list, tuple)) else [command]
        texts = [os.fsdecode(w) if isinstance(w, bytes) else str(w) for w in words[:30]]
        record.write("spawn", argv=[text[:300] for text in texts])

    handlers: dict[str, Callable[[tuple[Any, ...]], None]] = {
        "open": opened,
        "socket.connect": connect,
        "socket.getaddrinfo": host,
        "socket.gethostbyname": host,
        "urllib.Request": lambda args: record.once("url", args[0]),
        "subprocess.Popen": spawn,
        "os.system": spawn,
        "os.exec": spawn,
        "os.posix_spawn": spawn,
    }
    find = handlers.get

    def hook(event: str, args: tuple[Any, ...]) -> None:
        handler = find(event)
        if handler is not None:
            # An exception here would be raised in the program.
            with suppress(Exception):
                handler(args)

    sys.addaudithook(hook)
