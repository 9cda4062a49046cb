"""Callbacks: values that go to code that is not seen, which may read, keep and call them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import files
from ohgw_tools.interpreter.branches import branch
from ohgw_tools.interpreter.values import Bound, Function, Instance, PathValue, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process


def hand_over(process: Process, values: list[Value]) -> None:
    """Give values to code that is not seen: it may read, change and call them."""
    for value in values:
        process.world.uses.leave(value)
        if isinstance(value, (str, PathValue)):
            files.note_path(process, value)
        elif isinstance(value, (Function, Bound, Instance)):
            _call_back(process, value)


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
