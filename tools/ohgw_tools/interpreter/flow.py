"""Compound statements: if, for, while, try, match."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import exceptions
from ohgw_tools.interpreter.branches import branch, close_tails, decide, open_tail
from ohgw_tools.interpreter.dispatch import statement
from ohgw_tools.interpreter.iteration import any_element, elements, surely_nonempty
from ohgw_tools.interpreter.journal import Level
from ohgw_tools.interpreter.names import captured
from ohgw_tools.interpreter.signals import Jumped, Raised, Returned
from ohgw_tools.interpreter.statements import bind
from ohgw_tools.interpreter.truth import truth
from ohgw_tools.interpreter.values import UNKNOWN, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope

EXACT_ROUNDS = 100  # elements of a known list that are gone through one by one
EXACT_RANGE = 2  # rounds of `range` that are
# Statements after which the rounds that are left count as one: of loops over numbers, whose rounds
# differ little (replicates by seed, trials), and of loops over names and mappings.
NUMBERED_STEPS, NAMED_STEPS = 500, 12_000


@statement(ast.If)
def run_if(process: Process, node: ast.If, scope: Scope) -> None:
    """Run the arm that is chosen, or both."""
    decide(
        process,
        truth(process, process.evaluate(node.test, scope)),
        lambda: process.block(node.body, scope),
        lambda: process.block(node.orelse, scope),
    )


@statement(ast.For, ast.AsyncFor)
def run_for(process: Process, node: ast.For, scope: Scope) -> None:
    """Go through known elements one by one; else run the body once for all rounds."""
    iterable = process.evaluate(node.iter, scope)
    values = elements(process, iterable)
    limit = EXACT_RANGE if isinstance(iterable, range) else EXACT_ROUNDS
    if values is not None and len(values) <= limit:
        _run_rounds(process, node, scope, values)
        return
    first = values[0] if values else any_element(iterable)
    certain = bool(values) or surely_nonempty(iterable)

    def round_() -> None:
        bind(process, node.target, first, scope)
        process.block(node.body, scope)

    if certain:
        run_once(process, round_, certain=True)
    else:
        branch(process, [lambda: run_once(process, round_, certain=False), lambda: None])


def steps_for(values: list[Value]) -> int:
    """Return how many statements a loop over known values may take one by one."""
    return NUMBERED_STEPS if all(isinstance(v, (int, float)) for v in values) else NAMED_STEPS


def _run_rounds(process: Process, node: ast.For, scope: Scope, values: list[Value]) -> None:
    mark = len(process.activation.tails)
    returns = len(process.activation.possible_returns)
    last = process.steps + steps_for(values)

    def round_(value: Value) -> None:
        bind(process, node.target, value, scope)
        process.block(node.body, scope)

    try:
        for value in values:
            if process.steps > last:
                run_once(process, partial(round_, value), certain=True)
                return
            try:
                round_(value)
            except Jumped as jumped:
                if jumped.kind == "break":
                    return
        process.block(node.orelse, scope)
    finally:
        _settle(process, mark, returns)


def _settle(process: Process, mark: int, returns: int, raised: bool = False) -> None:
    """End a loop: join with the worlds that left it; stay uncertain if some left the function."""
    activation = process.activation
    if len(activation.tails) > mark:
        close_tails(process, mark, raised)
        if len(activation.possible_returns) > returns:
            open_tail(process, [{}])


def run_once(process: Process, round_: Callable[[], None], certain: bool) -> None:
    """Run a loop's body once, then forget what further rounds may change."""
    mark = len(process.activation.tails)
    returns = len(process.activation.possible_returns)
    process.journal.begin()
    process.rounds += 1
    try:
        round_()
    except Jumped:
        pass
    finally:
        process.rounds -= 1
        opened = len(process.activation.possible_returns) > returns
        close_tails(process, mark)
        level: Level = process.journal.keep()
        process.journal.havoc(level, certain)
        if opened:
            open_tail(process, [{}])


@statement(ast.While)
def run_while(process: Process, node: ast.While, scope: Scope) -> None:
    """Run the body once for all rounds; it may run not at all if the condition is unknown."""
    condition = truth(process, process.evaluate(node.test, scope))
    if condition is False:
        process.block(node.orelse, scope)
        return

    def body() -> None:
        run_once(process, lambda: process.block(node.body, scope), certain=bool(condition))

    decide(process, condition, body, lambda: None)


@statement(ast.Try)
def run_try(process: Process, node: ast.Try, scope: Scope) -> None:
    """Run the body; each handler is one more way that the program may go."""
    imports = any(exceptions.handles(h, "ImportError") for h in node.handlers)
    process.imports_guarded += imports
    process.guarded += bool(node.handlers)
    process.journal.begin()
    mark = len(process.activation.tails)
    caught: Raised | None = None
    left: Returned | Jumped | None = None
    try:
        process.block(node.body, scope)
    except Raised as raised:
        caught = raised
    except (Returned, Jumped) as leaving:
        left = leaving
    finally:
        process.imports_guarded -= imports
        process.guarded -= bool(node.handlers)
        partial = len(process.activation.tails) > mark
        close_tails(process, mark, raised=caught is not None)
        level = process.journal.keep()
        if partial:
            open_tail(process, [{}])
    try:
        if caught is not None:
            _handle(process, node, scope, caught)
        else:
            _go_on(process, node, scope, level, left)
    finally:
        process.block(node.finalbody, scope)


def _handle(process: Process, node: ast.Try, scope: Scope, raised: Raised) -> None:
    for handler in node.handlers:
        if exceptions.handles(handler, raised.exception):
            if handler.name:
                process.assign_name(handler.name, UNKNOWN, scope)
            process.block(handler.body, scope)
            return
    raise raised


def _go_on(
    process: Process, node: ast.Try, scope: Scope, level: Level, left: Returned | Jumped | None
) -> None:
    """Run `else`; beside it each handler, from a state somewhere within the body."""

    def ending() -> None:
        if left is not None:
            raise left
        process.block(node.orelse, scope)

    handlers = [h for h in node.handlers if not exceptions.for_missing_libraries(h)]
    if not handlers or exceptions.only_imports(node.body):
        ending()
        return

    def arm(handler: ast.ExceptHandler) -> Callable[[], None]:
        def run() -> None:
            process.journal.havoc(level, certain=False)
            if handler.name:
                process.assign_name(handler.name, UNKNOWN, scope)
            process.block(handler.body, scope)

        return run

    branch(process, [ending, *map(arm, handlers)])


@statement(ast.Match)
def run_match(process: Process, node: ast.Match, scope: Scope) -> None:
    """Choose the case by constants where the subject is known; else run all."""
    subject = process.evaluate(node.subject, scope)
    arms: list[Callable[[], None]] = []
    for case in node.cases:
        fits = exceptions.fits(process, case, subject)
        if fits is False:
            continue

        def arm(case: ast.match_case = case) -> None:
            for name in captured(case.pattern):
                process.assign_name(name, UNKNOWN, scope)
            process.block(case.body, scope)

        arms.append(arm)
        if fits:
            break
    else:
        arms.append(lambda: None)
    if len(arms) == 1:
        arms[0]()
    else:
        branch(process, arms)
