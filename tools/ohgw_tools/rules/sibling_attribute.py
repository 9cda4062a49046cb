"""sibling-attribute: an attribute that a module of the bundle does not have."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.definition_table import dotted
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.scopes import is_shadowed, rebound
from ohgw_tools.source.siblings import exports, imported_names
from ohgw_tools.subject import Subject

NAME = "sibling-attribute"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "An attribute is taken from a module of the bundle that does not define it."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each, where the name can mean nothing but the module."""
    assigned = subject.once(_assigned)
    for path, file in subject.python_files():
        modules = {
            wanted.bound: wanted.path
            for wanted in imported_names(subject, path, file)
            if wanted.path is not None and not wanted.name and wanted.path != path
        }
        for node in file.nodes(ast.Attribute) if modules else ():
            target = modules.get(_module(node))
            if target is None or not isinstance(node.ctx, ast.Load):
                continue
            if _known(subject, target, node.attr) or node.attr in assigned:
                continue
            if _is_other(file, node):
                continue
            yield subject.finding(
                __name__,
                f"{target} does not define {node.attr!r}",
                path,
                node,
                subject=f"{target}:{node.attr}",
                inherited=subject.inherited(path, node.lineno),
                data={"symbol": node.attr, "module": target, "target": target},
            )


def _module(node: ast.Attribute) -> str:
    """Return `a.b` for the node `a.b.c`."""
    return dotted(node.value)


def _is_other(file: PythonFile, node: ast.Attribute) -> bool:
    root: ast.expr = node.value
    while isinstance(root, ast.Attribute):
        root = root.value
    name = root.id if isinstance(root, ast.Name) else ""
    return name in rebound(file) or _shadowed_by_other(file, node, name)


def _shadowed_by_other(file: PythonFile, node: ast.AST, name: str) -> bool:
    """Whether a function around the node binds the name, other than by importing the module."""
    for above in file.ancestors(node):
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = [n for n in ast.walk(above) if isinstance(n, ast.Import | ast.ImportFrom)]
            if any((a.asname or a.name) == name for n in inner for a in n.names):
                return False
    return is_shadowed(file, node, name)


def _known(subject: Subject, target: str, name: str) -> bool:
    file = subject.python(target)
    if file is None or name.startswith("__"):
        return True
    known = exports(file)
    package = target.removesuffix("__init__.py").removesuffix(".py").replace("/", ".").rstrip(".")
    return known.open or name in known.names or f"{package}.{name}" in subject.modules


def _assigned(subject: Subject) -> frozenset[str]:
    """The attributes that any code of the bundle sets."""
    return frozenset().union(*(file.derive(_set_here) for _, file in subject.python_files()))


def _set_here(file: PythonFile) -> frozenset[str]:
    nodes = file.nodes(ast.Attribute)
    return frozenset(node.attr for node in nodes if not isinstance(node.ctx, ast.Load))
