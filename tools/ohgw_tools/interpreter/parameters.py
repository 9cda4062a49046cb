"""Parameters: binding arguments as Python does, with the TypeErrors of wrong calls."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.values import UNKNOWN, Dict, Function, List, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope


def bind_parameters(
    process: Process,
    function: Function,
    scope: Scope,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> None:
    """Bind arguments to the parameters of `function` in `scope`."""
    arguments: ast.arguments = function.node.args
    names = process.world.names(function.path).parameters(arguments)
    places, only = names.places, names.only
    bound = scope.variables
    if len(positional) > len(places) and arguments.vararg is None:
        if complete:
            message = f"{function.name}() takes {len(places)} positional arguments"
            given = f"{message} but {len(positional)} were given"
            raise process.error("TypeError", given, node)
        positional = positional[: len(places)]
    bound.update(zip(places, positional, strict=False))
    if arguments.vararg is not None:
        rest = positional[len(places) :]
        bound[arguments.vararg.arg] = tuple(rest) if complete else List(exact=False)
    _bind_keywords(process, function, names.by_keyword, scope, keywords, node, complete)
    _bind_defaults(function, places, only, bound, complete)
    missing = [p for p in (*places, *only) if p not in bound]
    if missing and complete:
        shown = " and ".join(repr(m) for m in missing)
        message = f"{function.name}() missing {len(missing)} required argument(s): {shown}"
        raise process.error("TypeError", message, node)
    bound.update(dict.fromkeys(missing, UNKNOWN))


def _bind_keywords(
    process: Process,
    function: Function,
    names: frozenset[str],
    scope: Scope,
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> None:
    arguments: ast.arguments = function.node.args
    extra: dict[str, Value] = {}
    for name, value in keywords.items():
        if name in names:
            if name in scope.variables and complete:
                message = f"{function.name}() got multiple values for argument '{name}'"
                raise process.error("TypeError", message, node)
            scope.variables[name] = value
            process.world.uses.touch(value)
        elif arguments.kwarg is not None:
            extra[name] = value
        else:
            message = f"{function.name}() got an unexpected keyword argument '{name}'"
            raise process.error("TypeError", message, node)
    if arguments.kwarg is not None:
        scope.variables[arguments.kwarg.arg] = Dict(extra, exact=complete)


def _bind_defaults(
    function: Function,
    places: tuple[str, ...],
    only: tuple[str, ...],
    bound: dict[str, Value],
    complete: bool,
) -> None:
    defaults = function.defaults
    for name, value in zip(places[len(places) - len(defaults) :], defaults, strict=True):
        if name not in bound:
            bound[name] = value if complete else UNKNOWN
    nodes = function.node.args.kw_defaults
    for name, value, node in zip(only, function.keyword_defaults, nodes, strict=True):
        if name not in bound and node is not None:
            bound[name] = value if complete else UNKNOWN
