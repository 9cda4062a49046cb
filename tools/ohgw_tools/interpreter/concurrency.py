"""Threads, processes and executors: functions that run beside the caller."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.iteration import elements
from ohgw_tools.interpreter.signals import Raised
from ohgw_tools.interpreter.values import UNKNOWN, Bound, Dict, External, Function, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

SUBMITTING = (".submit", ".apply_async", ".map", ".starmap", ".imap")


def thread(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    """Run a thread's target; an exception that is certain ends the thread alone."""
    target = keywords.get("target", UNKNOWN)
    given = keywords.get("args", ())
    arguments = elements(process, given)
    if not isinstance(target, (Function, Bound)) or arguments is None:
        process.hand_over([target, given])
        return External("threading.Thread()")
    certain = process.certain
    process.guarded += 1
    try:
        named = keywords.get("kwargs")
        extra = {str(k): v for k, v in named.items.items()} if isinstance(named, Dict) else {}
        process.call(target, arguments, extra, node)
    except Raised as raised:
        if certain and raised.exception != "SystemExit":
            process.record(raised, thread=True)
    finally:
        process.guarded -= 1
    return External("threading.Thread()")


def submit(process: Process, positional: list[Value], node: ast.AST) -> bool:
    """Run what an executor is given, for what it reads; its exceptions belong to the future."""
    if not positional or not isinstance(positional[0], (Function, Bound)):
        return False
    process.guarded += 1
    try:
        process.call(positional[0], list(positional[1:]), {}, node)
    except Raised:
        pass
    finally:
        process.guarded -= 1
    return True
