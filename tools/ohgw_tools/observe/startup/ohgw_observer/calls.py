"""Calls: which functions of the bundle ran.

From Python 3.12 `sys.monitoring` (PEP 669) tells of each function once and then costs nothing.
Before, a trace function is called for every call of any function. It is set aside while a library
is imported, takes itself out after 20 s of processor time or 10 million calls, and the record then
says that it is not complete.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from .record import Record

MAX_CALLS = 10_000_000
MAX_SECONDS = 20.0
_TOOL = 4


def install(record: Record, root: str) -> Callable[[], Callable[[], None]] | None:
    """Watch calls of functions whose code lies below `root`.

    Returns how to set the watching aside for a while, where it costs anything: a function that
    stops it and returns the one that takes it up again.
    """
    head = root.rstrip("/") + "/"
    if hasattr(sys, "monitoring"):
        _monitor(record, head)
        return None
    return _trace(record, head)


def _note(record: Record, head: str, code: Any) -> None:
    if code.co_filename.startswith(head):
        name = getattr(code, "co_qualname", code.co_name)
        record.once("call", code.co_filename[len(head) :], name, code.co_firstlineno)


def _monitor(record: Record, head: str) -> None:
    monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    try:
        monitoring.use_tool_id(_TOOL, "ohgw")
    except ValueError:
        record.write("calls", complete=False)
        return

    def started(code: Any, offset: int) -> Any:
        del offset
        _note(record, head, code)
        return monitoring.DISABLE

    monitoring.register_callback(_TOOL, monitoring.events.PY_START, started)
    monitoring.set_events(_TOOL, monitoring.events.PY_START)
    record.at_end(lambda: record.write("calls", complete=True))


def _trace(record: Record, head: str) -> Callable[[], Callable[[], None]]:
    seen = set()
    left = [MAX_CALLS]
    stopped = [False]

    def stop() -> None:
        if not stopped[0]:
            stopped[0] = True
            record.write("calls", complete=False)
        sys.settrace(None)

    def tracer(frame: Any, event: str, arg: Any) -> None:
        del event, arg
        code = frame.f_code
        if code not in seen:
            seen.add(code)
            _note(record, head, code)
        left[0] -= 1
        if left[0] < 0 or (not left[0] & 0xFFFF and time.process_time() > MAX_SECONDS):
            stop()

    def ended() -> None:
        if not stopped[0]:
            taken = sys.gettrace() is not tracer
            record.write("calls", complete=not taken)

    def aside() -> Callable[[], None]:
        if stopped[0] or sys.gettrace() is not tracer:
            return _nothing
        sys.settrace(None)
        return lambda: None if stopped[0] else sys.settrace(tracer)

    sys.settrace(tracer)
    threading.settrace(tracer)
    record.at_end(ended)
    return aside


def _nothing() -> None:
    pass
