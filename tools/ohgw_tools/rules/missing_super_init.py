"""missing-super-init: an nn.Module that is used before it is set up."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.definition_table import dotted
from ohgw_tools.subject import Subject

NAME = "missing-super-init"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A subclass of nn.Module sets attributes without calling super().__init__()."


_MODULES = {"nn.Module", "torch.nn.Module", "Module"}


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each `__init__` of a direct subclass of nn.Module."""
    for path, file in subject.python_files():
        for node in file.nodes(ast.ClassDef):
            init = _init(node)
            if init is None or _sets_up(init) or not _sets_attributes(init):
                continue
            yield subject.finding(
                __name__,
                f"{node.name}.__init__ sets attributes and never calls super().__init__(), "
                f"which nn.Module needs first",
                path,
                init,
                subject=node.name,
                data={"symbol": f"{node.name}.__init__", "module": path},
            )


def _init(node: ast.ClassDef) -> ast.FunctionDef | None:
    """Return the `__init__` of a class derived from nn.Module directly, dataclasses aside."""
    if not any(dotted(base) in _MODULES for base in node.bases):
        return None
    if any("dataclass" in ast.unparse(d) for d in node.decorator_list):
        return None
    inits = [m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"]
    return inits[-1] if inits else None


def _sets_up(function: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in ("__init__", "call_super_init")
        for node in ast.walk(function)
    )


def _sets_attributes(function: ast.FunctionDef) -> bool:
    this = function.args.args[0].arg if function.args.args else ""
    for node in ast.walk(function):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), ctx=ast.Store()) if owner == this:
                return True
    return False
