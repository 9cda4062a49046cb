"""Rounds: loops whose body is run once for all rounds, and what later rounds may do beside it.

A condition that the first round decides, another may decide otherwise: `if epoch == 5`. Where it
hangs on what the round changed, the body is run again in the state that any round may meet.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.branches import branch, close_tails, open_tail
from ohgw_tools.interpreter.joining import same
from ohgw_tools.interpreter.journal import Level, read_slot
from ohgw_tools.interpreter.names import Names
from ohgw_tools.interpreter.signals import Jumped
from ohgw_tools.interpreter.values import (
    MARKED,
    MISSING,
    Dict,
    Instance,
    List,
    Set,
    Value,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope

REPEATS = 2  # times that a body is run again while new conditions hang on what it changed
ANYTHING = "*"  # stands for a parameter that the loop may have computed
Tested = set[str | int]  # names, and the ids of containers


def note_decided(process: Process, test: ast.expr, scope: Scope) -> None:
    """Remember what a condition hangs on that the present round has decided."""
    if not process.rounds:
        return
    names: Names = process.world.names(scope.path)
    for name in names.loaded(test):
        process.decided.add(name)
        value = _held(name, scope)
        own = scope.kind == "function" and scope.variables.get(name, MISSING) is value
        if isinstance(value, (Dict, List, Set)):
            process.decided.add(id(value))
        elif own and _may_differ(value) and name in names.declared(scope.node):
            process.decided.add(ANYTHING)
        elif isinstance(value, Instance):
            held = value.attributes.values()
            process.decided.update(id(v) for v in held if isinstance(v, (Dict, List, Set)))


def _held(name: str, scope: Scope | None) -> Value:
    while scope is not None:
        if name in scope.variables:
            return scope.variables[name]
        scope = scope.parent
    return MISSING


def _may_differ(value: Value) -> bool:
    """Whether a parameter has a value that another call of the function may well give otherwise."""
    return (value is None or isinstance(value, (int, float))) and not isinstance(value, MARKED)


def run_once(
    process: Process,
    round_: Callable[[], None],
    certain: bool,
    again: Callable[[], None] | None = None,
) -> None:
    """Run a loop's body once, then forget what further rounds may change. `again` runs the body
    for an element that may be any.
    """
    before, process.decided = process.decided, set()
    changed: Tested = set()
    try:
        changed = _round(process, round_, certain)
        for _ in range(0 if process.repeating or again is None else REPEATS):
            hang = process.decided & changed or (changed and ANYTHING in process.decided)
            if not hang:
                break
            process.decided = set()
            more = _repeat(process, again or round_)
            if more <= changed:
                break
            changed |= more
    finally:
        process.decided |= before


def _round(process: Process, round_: Callable[[], None], certain: bool) -> Tested:
    """Run a body; return what it changed."""
    activation = process.activation
    mark = len(activation.tails)
    returns = len(activation.possible_returns)
    process.journal.begin()
    process.rounds += 1
    changed: Tested = set()
    try:
        with suppress(Jumped):
            round_()
    finally:
        process.rounds -= 1
        opened = len(activation.possible_returns) > returns
        close_tails(process, mark)
        level: Level = process.journal.keep()
        changed = _changes(level)
        process.journal.havoc(level, certain)
        if opened:
            open_tail(process, [{}])
    return changed


def _repeat(process: Process, again: Callable[[], None]) -> Tested:
    """Run a body as one of the later rounds, which may not come; return what it changed."""
    process.journal.begin()
    mark = len(process.activation.tails)
    process.repeating = True
    process.rounds += 1

    def arm() -> None:
        with suppress(Jumped):
            again()

    try:
        branch(process, [arm, lambda: None])
    finally:
        process.rounds -= 1
        process.repeating = False
        opened = len(process.activation.tails) > mark
        close_tails(process, mark)
        changed = _changes(process.journal.keep())
        if opened:
            open_tail(process, [{}])
    return changed


def _changes(level: Level) -> Tested:
    """Return the names and containers whose content is not what it was."""
    found: Tested = set()
    for owner, key, before in level.values():
        if not same(before, read_slot(owner, key)):
            container = isinstance(owner, (Dict, List, Set))
            found.add(id(owner) if container else str(key))
    return found
