"""Scopes: which names a function binds for itself, so that outer meanings do not hold in it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from ohgw_tools.source.python_file import Definition, PythonFile


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


def _local_names(file: PythonFile) -> Mapping[ast.AST, frozenset[str]]:
    names = {function: set(_arguments(function.args)) for function in file.functions}
    outer: dict[ast.AST | None, set[str]] = {}
    for node in file.nodes(*_BINDING):
        if isinstance(node, ast.Global | ast.Nonlocal):
            outer.setdefault(_owner(file, node), set()).update(node.names)
        elif bound := _bound(node):
            owner = _owner(file, node)
            if owner in names:
                names[owner].update(bound)
    return {function: frozenset(n - outer.get(function, set())) for function, n in names.items()}


_BINDING: tuple[type[ast.AST], ...] = (
    *(ast.Name, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom),
    *(ast.ExceptHandler, ast.Global, ast.Nonlocal, ast.MatchAs, ast.MatchStar),
)


def _owner(file: PythonFile, node: ast.AST) -> ast.AST | None:
    """The function, class or lambda that a node stands in."""
    kinds = Definition | ast.Lambda
    return next((above for above in file.ancestors(node) if isinstance(above, kinds)), None)


def _bound(node: ast.AST) -> Iterable[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return (name,)
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            return [alias.asname or alias.name.split(".")[0] for alias in aliases]
        case ast.Name():
            return ()
    bound = getattr(node, "name", None)
    return (bound,) if bound else ()


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
