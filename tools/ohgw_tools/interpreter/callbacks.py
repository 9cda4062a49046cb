"""Callbacks: values that go to code that is not seen, which may read, keep and call them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import files
from ohgw_tools.interpreter.branches import branch
from ohgw_tools.interpreter.joining import DEEPEST
from ohgw_tools.interpreter.journal import SHAPE
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    Bound,
    Dict,
    External,
    Function,
    Instance,
    List,
    PathValue,
    Set,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

# What code that is not seen can do nothing to: most of all that it is given.
INERT = frozenset({Unknown, External, int, float, bool, type(None)})


def hand_over(process: Process, values: list[Value]) -> None:
    """Give values to code that is not seen: it may read, change and call them."""
    for value in values:
        if type(value) in INERT:
            continue
        process.world.uses.leave(value)
        if isinstance(value, (str, PathValue)):
            files.note_path(process, value)
        elif isinstance(value, (Function, Bound, Instance)):
            _call_back(process, value)


def loosen(process: Process, values: list[Value], depth: int = 0) -> None:
    """Let code that is not seen have changed what it was given: what a container lacks is not sure
    any more. What was read from a configuration stays, for libraries read it.
    """
    if depth > DEEPEST:
        return
    for value in values:
        if type(value) in INERT:
            continue
        if isinstance(value, Instance) and not value.open:
            value.open = True
            loosen(process, list(value.attributes.values()), depth + 1)
        elif isinstance(value, Dict) and value.origin is None:
            process.journal.put(value, SHAPE, False)
            loosen(process, list(value.items.values()), depth + 1)
        elif isinstance(value, List):
            loosen(process, list(value.items), depth + 1)
            process.journal.put(value, None, ([], False, UNKNOWN, False))
        elif isinstance(value, Set):
            process.journal.put(value, None, (set(), False))


def _call_back(process: Process, value: Function | Bound | Instance) -> None:
    """Run a callback once, for what it reads; its exceptions are not certain."""
    if isinstance(value, Instance):
        names = ("__getitem__", "__len__", "__iter__", "__call__", "forward")
        found = [(n, value.cls.find(n)) for n in names]
        targets: list[Function | Bound] = [
            Bound(f, value) for _, f in found if isinstance(f, Function)
        ]
    else:
        targets = [value]
    for target in targets:
        function = target.function if isinstance(target, Bound) else target
        owner = id(target.receiver) if isinstance(target, Bound) else 0
        key = (id(function), owner, process.launch)
        if key in process.world.called_back or len(process.stack) > 25:
            continue
        process.world.called_back[key] = target
        branch(process, [_callback(process, target, function.node), lambda: None])


def _callback(process: Process, target: Value, node: ast.AST) -> Callable[[], None]:
    def run() -> None:
        process.rounds += 1
        try:
            process.call(target, [], {}, node, complete=False)
        finally:
            process.rounds -= 1

    return run
