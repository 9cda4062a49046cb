"""HeldValue: the constants that an expression may stand for, as far as its own file says."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.source.python_file import PythonFile

_DEPTH = 4


def constants(file: PythonFile, node: ast.AST, depth: int = _DEPTH) -> Iterator[ast.Constant]:
    """Yield the constants that `node` may be: its own, those of `a if b else c` and `a or b`, the
    default of `.get(key, default)`, and those that a name or attribute is assigned in the file, has
    as a parameter's default, or as the default of an argument of the command line.
    """
    if depth == 0:
        return
    if isinstance(node, ast.Constant):
        yield node
    elif isinstance(node, ast.IfExp):
        yield from constants(file, node.body, depth - 1)
        yield from constants(file, node.orelse, depth - 1)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from constants(file, value, depth - 1)
    elif isinstance(node, ast.Call):
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        wrapped = isinstance(node.func, ast.Name) and node.func.id in ("int", "float", "str")
        if method == "get" and len(node.args) == 2:
            yield from constants(file, node.args[1], depth - 1)
        elif wrapped and node.args:
            yield from constants(file, node.args[0], depth - 1)
    elif isinstance(node, ast.Name):
        for value in file.derive(_by_name).get(node.id, ()):
            yield from constants(file, value, depth - 1)
    elif isinstance(node, ast.Attribute):
        for value in file.derive(_by_option).get(node.attr, ()):
            yield from constants(file, value, depth - 1)


def _by_name(file: PythonFile) -> dict[str, list[ast.expr]]:
    """What each name of the file is bound to: by assignments and by defaults of parameters."""
    found: dict[str, list[ast.expr]] = {}
    for node in file.nodes(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append(node.value)
    pairs = [(n.target, n.value) for n in file.nodes(ast.AnnAssign) if n.value is not None]
    pairs += [(n.target, n.value) for n in file.nodes(ast.NamedExpr)]
    for bound, value in pairs:
        if isinstance(bound, ast.Name):
            found.setdefault(bound.id, []).append(value)
    for given in file.nodes(ast.arguments):
        plain = [*given.posonlyargs, *given.args]
        late = plain[len(plain) - len(given.defaults) :]
        for parameter, default in zip(late, given.defaults, strict=True):
            found.setdefault(parameter.arg, []).append(default)
        for parameter, only in zip(given.kwonlyargs, given.kw_defaults, strict=True):
            if only is not None:
                found.setdefault(parameter.arg, []).append(only)
    return found


def _by_option(file: PythonFile) -> dict[str, list[ast.expr]]:
    """The defaults of the command line's arguments, and what attributes are assigned."""
    found: dict[str, list[ast.expr]] = {}
    for node in file.nodes(ast.Call):
        if not (isinstance(node.func, ast.Attribute) and node.func.attr == "add_argument"):
            continue
        default = next((k.value for k in node.keywords if k.arg == "default"), None)
        for flag in node.args:
            if isinstance(flag, ast.Constant) and isinstance(flag.value, str) and default:
                found.setdefault(flag.value.lstrip("-").replace("-", "_"), []).append(default)
    for assigned in file.nodes(ast.Assign):
        for target in assigned.targets:
            if isinstance(target, ast.Attribute):
                found.setdefault(target.attr, []).append(assigned.value)
    return found
