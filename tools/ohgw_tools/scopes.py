"""Scopes: which names a function binds for itself, so that outer meanings do not hold in it."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from ohgw_tools.definition_table import own_nodes
from ohgw_tools.python_file import Definition, Function, PythonFile


def is_shadowed(file: PythonFile, node: ast.AST, name: str) -> bool:
    """Whether a function, lambda or comprehension around `node` binds `name` itself."""
    local = file.derive(_local_names)
    for above in file.ancestors(node):
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            if name in local[above]:
                return True
        elif isinstance(above, ast.Lambda):
            if name in _arguments(above.args):
                return True
        elif isinstance(above, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            targets = [t for generator in above.generators for t in ast.walk(generator.target)]
            if any(isinstance(t, ast.Name) and t.id == name for t in targets):
                return True
    return False


def rebound(file: PythonFile) -> frozenset[str]:
    """Return the names that a module's top level binds by anything but one definition or import."""
    return file.derive(_rebound)


def _local_names(file: PythonFile) -> Mapping[Function, frozenset[str]]:
    return {function: _bound_in(function) for function in file.functions}


def _bound_in(function: Function) -> frozenset[str]:
    names = set(_arguments(function.args))
    outer: set[str] = set()
    for node in own_nodes(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, Definition):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(a.asname or a.name.split(".")[0] for a in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            outer.update(node.names)
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
    return frozenset(names - outer)


def _arguments(arguments: ast.arguments) -> frozenset[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return frozenset(argument.arg for argument in every)


def _rebound(file: PythonFile) -> frozenset[str]:
    counts: dict[str, int] = {}
    for definition in file.definitions:
        if isinstance(file.parent(definition), ast.Module):
            counts[definition.name] = counts.get(definition.name, 0) + 1
    stores = {
        node.id
        for node in file.nodes(ast.Name)
        if not isinstance(node.ctx, ast.Load) and _is_global(file, node)
    }
    declared = {name for node in file.nodes(ast.Global) for name in node.names}
    conditional = {
        d.name for d in file.definitions if not isinstance(file.parent(d), ast.Module | Definition)
    }
    return frozenset({n for n, c in counts.items() if c > 1} | stores | declared | conditional)


def _is_global(file: PythonFile, node: ast.AST) -> bool:
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    return not any(isinstance(above, inner) for above in file.ancestors(node))
