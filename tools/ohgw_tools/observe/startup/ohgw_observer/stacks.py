"""Stacks: where each thread stands shortly before the program's time is up (faulthandler)."""

from __future__ import annotations

import faulthandler
import os
import time

from .record import high


def install(directory: str, deadline: float) -> None:
    """Write the stacks of all threads to a file in `directory` at `deadline` (monotonic clock)."""
    path = os.path.join(directory, f"{os.getpid()}.stack")  # noqa: PTH118
    handle = high(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644))
    faulthandler.dump_traceback_later(max(0.05, deadline - time.monotonic()), file=handle)
