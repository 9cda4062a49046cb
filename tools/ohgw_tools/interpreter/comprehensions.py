"""Comprehensions: their loops, and the containers that they make."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.branches import perhaps
from ohgw_tools.interpreter.dispatch import expression
from ohgw_tools.interpreter.iteration import any_element, elements, surely_nonempty
from ohgw_tools.interpreter.scope import Scope
from ohgw_tools.interpreter.statements import bind
from ohgw_tools.interpreter.truth import truth
from ohgw_tools.interpreter.values import ATOMS, UNKNOWN, Dict, List, Set, Value, is_plain

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

LONGEST_COMPREHENSION = 200
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


def comprehend(
    process: Process, node: Comprehension, scope: Scope, emit: Callable[[Scope], None]
) -> bool:
    """Run a comprehension's loops; return whether every element was gone through for sure."""
    inside = Scope("comprehension", scope.path, scope)
    exact = True

    def loop(depth: int) -> None:
        nonlocal exact
        if depth == len(node.generators):
            emit(inside)
            return
        generator = node.generators[depth]
        iterable = process.evaluate(generator.iter, inside)
        values = elements(process, iterable)
        certain = values is not None or surely_nonempty(iterable)
        if values is None or len(values) > LONGEST_COMPREHENSION:
            exact = False
            values = [values[0] if values else any_element(iterable)]
        for value in values:
            bind(process, generator.target, value, inside)
            answers = [truth(process, process.evaluate(t, inside)) for t in generator.ifs]
            if False in answers:
                continue
            if None in answers or (not certain and depth == 0):
                exact = False
                perhaps(process, lambda: loop(depth + 1))
            else:
                loop(depth + 1)

    loop(0)
    return exact


@expression(ast.ListComp, ast.GeneratorExp)
def list_comprehension(
    process: Process, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, scope: Scope
) -> Value:
    """Return a list, for generators too."""
    items: list[Value] = []
    exact = comprehend(
        process, node, scope, lambda inside: items.append(process.evaluate(node.elt, inside))
    )
    return List(items) if exact else List(exact=False, element=UNKNOWN)


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
