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
from ohgw_tools.interpreter.joining import summary
from ohgw_tools.interpreter.journal import Level
from ohgw_tools.interpreter.names import captured
from ohgw_tools.interpreter.rounds import note_decided, run_once
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
    answer = truth(process, process.evaluate(node.test, scope))
    if answer is not None:
        note_decided(process, node.test, scope)
    decide(
        process,
        answer,
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
    any_ = any_element(iterable)
    numbered = isinstance(iterable, range)
    first = values[0] if values and not numbered else any_
    certain = bool(values) or surely_nonempty(iterable)

    def round_(value: Value) -> None:
        bind(process, node.target, value, scope)
        process.block(node.body, scope)

    def rounds() -> None:
        run_once(process, partial(round_, first), certain, partial(round_, any_))

    decide(process, True if certain else None, rounds, lambda: None)
    _run_else(process, node, scope)


def _run_else(process: Process, node: ast.For | ast.While, scope: Scope) -> None:
    """Run what follows the last round of a loop, unless it was left by a break."""
    if node.orelse:
        branch(process, [lambda: process.block(node.orelse, scope), lambda: None])


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
                any_ = summary(values)
                run_once(process, partial(round_, value), True, partial(round_, any_))
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


@statement(ast.While)
def run_while(process: Process, node: ast.While, scope: Scope) -> None:
    """Run the body once for all rounds; it may run not at all if the condition is unknown."""
    condition = truth(process, process.evaluate(node.test, scope))
    if condition is False:
        note_decided(process, node.test, scope)
        process.block(node.orelse, scope)
        return

    def round_() -> None:
        process.block(node.body, scope)

    decide(
        process, condition, lambda: run_once(process, round_, bool(condition), round_), lambda: None
    )
    _run_else(process, node, scope)


@statement(ast.Try, ast.TryStar)
def run_try(process: Process, node: ast.Try, scope: Scope) -> None:
    """Run the body; each handler is one more way that the program may go."""
    missing = Raised("ImportError", "", scope.path, node.lineno)
    imports = any(exceptions.handles(process, h, missing, scope) for h in node.handlers)
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
        if isinstance(node, ast.TryStar):  # takes parts of groups, whose parts are not followed
            caught.kinds = (exceptions.ANY,)
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
        if exceptions.handles(process, handler, raised, scope):
            _run_handler(process, handler, scope, raised)
            return
    raise raised


def _run_handler(
    process: Process, handler: ast.ExceptHandler, scope: Scope, raised: Raised | None
) -> None:
    """Run a handler; in it a bare raise, or one of the handler's name, raises `raised` again."""
    if handler.name:
        process.assign_name(handler.name, UNKNOWN, scope)
    process.handling.append((handler.name, raised))
    try:
        process.block(handler.body, scope)
    finally:
        process.handling.pop()


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
            _run_handler(process, handler, scope, None)

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
