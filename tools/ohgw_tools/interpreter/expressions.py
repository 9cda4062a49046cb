"""Expressions: constants, names, displays, f-strings, conditions, comprehensions."""

from __future__ import annotations

import ast
import builtins
from functools import partial
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.branches import joined, perhaps
from ohgw_tools.interpreter.dispatch import expression
from ohgw_tools.interpreter.iteration import elements
from ohgw_tools.interpreter.scope import Scope
from ohgw_tools.interpreter.statements import bind
from ohgw_tools.interpreter.truth import truth
from ohgw_tools.interpreter.values import (
    ATOMS,
    LARGEST_TUPLE,
    UNKNOWN,
    UNKNOWN_TEXT,
    Dict,
    External,
    Function,
    List,
    PathValue,
    Set,
    Value,
    is_plain,
    weight,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

BINDING = {"globals", "exec", "__dict__"}  # through which names are bound that stand nowhere
BUILTINS = {name: External("builtins." + name) for name in dir(builtins)}
MODULE_NAMES = ("__annotations__", "__spec__", "__package__", "__builtins__", "__path__")


@expression(ast.Constant)
def constant(process: Process, node: ast.Constant, scope: Scope) -> Value:
    """Return the literal."""
    return node.value


@expression(ast.Name)
def name(process: Process, node: ast.Name, scope: Scope) -> Value:
    """Look a name up: scopes outwards, then built-ins."""
    key = node.id
    each: Scope | None = scope
    while each is not None:
        if key in each.variables and (each.kind != "class" or each is scope):
            return each.variables[key]
        each = each.parent
    if key in BUILTINS:
        return BUILTINS[key]
    if key in MODULE_NAMES or _bound_somewhere(process, key, scope):
        return UNKNOWN
    raise process.error("NameError", f"name '{key}' is not defined", node)


def _bound_somewhere(process: Process, key: str, scope: Scope | None) -> bool:
    """Whether a path that was not taken, or a star import, may bind the name."""
    while scope is not None:
        if scope.node is not None and key in process.world.names(scope.path).stored(scope.node):
            return True
        if scope.parent is None:
            tree = process.world.tree(scope.path)
            if tree is None:
                return False
            names = process.world.names(scope.path)
            stored = names.stored(tree)
            return key in stored or "*" in stored or bool(BINDING & names.loaded(tree))
        scope = scope.parent
    return False


@expression(ast.Tuple)
def tuple_display(process: Process, node: ast.Tuple, scope: Scope) -> Value:
    """Return a tuple; unknown if it unpacks something unknown."""
    items = _display(process, node.elts, scope)
    if items is None or weight(tuple(items)) > LARGEST_TUPLE:
        return UNKNOWN
    return tuple(items)


@expression(ast.List)
def list_display(process: Process, node: ast.List, scope: Scope) -> Value:
    """Return a list."""
    items = _display(process, node.elts, scope)
    return List(items) if items is not None else List(exact=False)


@expression(ast.Set)
def set_display(process: Process, node: ast.Set, scope: Scope) -> Value:
    """Return a set of atoms."""
    items = _display(process, node.elts, scope)
    if items is None or not all(isinstance(i, ATOMS) for i in items):
        return Set(exact=False)
    return Set(set(items))


def _display(process: Process, nodes: list[ast.expr], scope: Scope) -> list[Value] | None:
    items: list[Value] = []
    known = True
    for node in nodes:
        if isinstance(node, ast.Starred):
            more = elements(process, process.evaluate(node.value, scope))
            known = known and more is not None
            items += more or []
        else:
            items.append(process.evaluate(node, scope))
    return items if known else None


@expression(ast.Dict)
def dict_display(process: Process, node: ast.Dict, scope: Scope) -> Value:
    """Return a dict; `**other` brings the other's items and its place in a configuration."""
    result = Dict()
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = process.evaluate(value_node, scope)
        if key_node is None:
            _spread(process, result, value)
            continue
        key = process.evaluate(key_node, scope)
        if is_plain(key):
            result.items[key] = value
        else:
            result.exact = False
    return result


def _spread(process: Process, result: Dict, value: Value) -> None:
    if isinstance(value, Dict):
        result.items.update(value.items)
        result.exact = result.exact and value.exact
        result.origin = result.origin or value.origin
    else:
        result.exact = False


@expression(ast.JoinedStr)
def format_string(process: Process, node: ast.JoinedStr, scope: Scope) -> Value:
    """Return the text if all parts are known."""
    text, known = "", True
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
            continue
        assert isinstance(part, ast.FormattedValue)
        shown = _format_part(process, part, scope)
        known = known and shown is not None
        text += shown or ""
    return text if known else UNKNOWN_TEXT


def _format_part(process: Process, part: ast.FormattedValue, scope: Scope) -> str | None:
    value = process.evaluate(part.value, scope)
    process.world.uses.touch(value)
    spec = process.evaluate(part.format_spec, scope) if part.format_spec else ""
    if isinstance(value, PathValue):
        value = value.text
    if isinstance(value, Dict | List) and spec and isinstance(spec, str) and part.conversion == -1:
        kind = "dict" if isinstance(value, Dict) else "list"
        message = f"unsupported format string passed to {kind}.__format__"
        raise process.error("TypeError", message, part)
    if not isinstance(value, ATOMS) or not isinstance(spec, str):
        return None
    shown = str(value) if isinstance(value, str) else value
    if part.conversion != -1:
        shown = str(shown) if part.conversion == ord("s") else repr(shown)
    try:
        return format(shown, spec) if len(spec) < 12 else None
    except (ValueError, TypeError, OverflowError) as error:
        raise process.error(type(error).__name__, str(error), part) from error


@expression(ast.BoolOp)
def boolean(process: Process, node: ast.BoolOp, scope: Scope) -> Value:
    """Short-circuit; operands behind an unknown one may not be evaluated."""
    stop = isinstance(node.op, ast.Or)
    unknown = False
    value: Value = UNKNOWN
    for operand in node.values:
        if unknown:
            value = perhaps(process, partial(process.evaluate, operand, scope))
        else:
            value = process.evaluate(operand, scope)
        answer = truth(process, value)
        if answer is None:
            unknown = True
        elif answer is stop:
            decided = isinstance(value, bool) and not stop
            return value if not unknown or decided else UNKNOWN
    return UNKNOWN if unknown else value


@expression(ast.IfExp)
def conditional(process: Process, node: ast.IfExp, scope: Scope) -> Value:
    """Evaluate the arm that is chosen, or the join of both."""
    answer = truth(process, process.evaluate(node.test, scope))
    if answer is not None:
        return process.evaluate(node.body if answer else node.orelse, scope)
    return joined(
        process,
        [lambda: process.evaluate(node.body, scope), lambda: process.evaluate(node.orelse, scope)],
    )


@expression(ast.Lambda)
def anonymous(process: Process, node: ast.Lambda, scope: Scope) -> Value:
    """Return a function."""
    arguments = node.args
    return Function(
        node,
        scope,
        scope.path,
        "<lambda>",
        defaults=[process.evaluate(d, scope) for d in arguments.defaults],
        keyword_defaults=[
            None if d is None else process.evaluate(d, scope) for d in arguments.kw_defaults
        ],
    )


@expression(ast.NamedExpr)
def walrus(process: Process, node: ast.NamedExpr, scope: Scope) -> Value:
    """Bind in the scope around comprehensions, and return the value."""
    value = process.evaluate(node.value, scope)
    home = scope
    while home.kind == "comprehension" and home.parent is not None:
        home = home.parent
    bind(process, node.target, value, home)
    return value


@expression(ast.Starred, ast.FormattedValue)
def inner(process: Process, node: ast.Starred, scope: Scope) -> Value:
    """Return the value within."""
    return process.evaluate(node.value, scope)


@expression(ast.Await, ast.YieldFrom, ast.Yield)
def suspended(process: Process, node: ast.Await | ast.Yield, scope: Scope) -> Value:
    """Evaluate for effect; what comes back is unknown."""
    if node.value is not None:
        process.evaluate(node.value, scope)
    return UNKNOWN
