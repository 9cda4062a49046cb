"""Comprehensions: their loops, and the containers that they make."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.branches import perhaps
from ohgw_tools.interpreter.dispatch import expression
from ohgw_tools.interpreter.flow import steps_for
from ohgw_tools.interpreter.iteration import any_element, elements, surely_nonempty
from ohgw_tools.interpreter.rounds import run_once
from ohgw_tools.interpreter.scope import Scope
from ohgw_tools.interpreter.statements import bind
from ohgw_tools.interpreter.truth import truth
from ohgw_tools.interpreter.values import ATOMS, Dict, List, Set, Value, is_plain

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

LONGEST_COMPREHENSION = 200
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def comprehend(
    process: Process, node: Comprehension, scope: Scope, emit: Callable[[Scope], None]
) -> bool:
    """Run a comprehension's loops; return whether every element was gone through for sure."""
    loops = _Loops(process, node, Scope("comprehension", scope.path, scope), emit)
    loops.run(0)
    return loops.exact


class _Loops:
    """The loops of one comprehension. `exact` until some element was not gone through for sure."""

    def __init__(
        self, process: Process, node: Comprehension, inside: Scope, emit: Callable[[Scope], None]
    ) -> None:
        self.process = process
        self.node = node
        self.inside = inside
        self.emit = emit
        self.exact = True

    def run(self, depth: int) -> None:
        """Run the loop at `depth`; within the innermost, emit an element."""
        if depth == len(self.node.generators):
            self.emit(self.inside)
            return
        process = self.process
        iterable = process.evaluate(self.node.generators[depth].iter, self.inside)
        values = elements(process, iterable)
        certain = values is not None or surely_nonempty(iterable)
        if values is None or len(values) > LONGEST_COMPREHENSION:
            one = values[0] if values else any_element(iterable)
            self._once(depth, one, certain)
            return
        last = process.steps + steps_for(values)
        for value in values:
            if process.steps > last:
                self._once(depth, value, certain)
                return
            self._round(depth, value, certain)

    def _once(self, depth: int, value: Value, certain: bool) -> None:
        """Run one round for all that are left."""
        self.exact = False
        run_once(self.process, partial(self._round, depth, value, certain), certain)

    def _round(self, depth: int, value: Value, certain: bool) -> None:
        process, generator = self.process, self.node.generators[depth]
        bind(process, generator.target, value, self.inside)
        answers = [truth(process, process.evaluate(t, self.inside)) for t in generator.ifs]
        if False in answers:
            return
        if None in answers or (not certain and depth == 0):
            self.exact = False
            perhaps(process, lambda: self.run(depth + 1))
        else:
            self.run(depth + 1)


@expression(ast.ListComp, ast.GeneratorExp)
def list_comprehension(
    process: Process, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, scope: Scope
) -> Value:
    """Return a list, for generators too."""
    items: list[Value] = []
    exact = comprehend(
        process, node, scope, lambda inside: items.append(process.evaluate(node.elt, inside))
    )
    once = isinstance(node, ast.GeneratorExp)
    return List(items, once=once) if exact else List(exact=False, once=once)


@expression(ast.SetComp)
def set_comprehension(process: Process, node: ast.SetComp, scope: Scope) -> Value:
    """Return a set."""
    listed = list_comprehension(process, node, scope)
    known = listed.exact and all(isinstance(i, ATOMS) for i in listed.items)
    return Set(set(listed.items)) if known else Set(exact=False)


@expression(ast.DictComp)
def dict_comprehension(process: Process, node: ast.DictComp, scope: Scope) -> Value:
    """Return a dict."""
    result = Dict()

    def emit(inside: Scope) -> None:
        key = process.evaluate(node.key, inside)
        value = process.evaluate(node.value, inside)
        if is_plain(key):
            result.items[key] = value
        else:
            result.exact = False

    if not comprehend(process, node, scope, emit):
        return Dict(exact=False)
    return result
