"""undefined-name: a name that is used and never bound."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.binding_walk import all_bound
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "undefined-name"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A name is used that nothing defines."

PACKAGE_NAMES = ("__path__",)


class _Unbound(NamedTuple):
    line: int
    column: int
    name: str
    message: str


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each use of a name that no scope binds (found with pyflakes)."""
    for path, file in subject.python_files():
        for unbound in file.derive(_unbound):
            if unbound.name in PACKAGE_NAMES and path.endswith("/__init__.py"):
                continue
            column = file.source.column(unbound.line, unbound.column)
            yield subject.finding(
                __name__,
                unbound.message,
                path,
                file.source.line_region(unbound.line, column).model_copy(
                    update={"end_column": column + len(unbound.name)}
                ),
                subject=unbound.name,
                inherited=subject.inherited(path, unbound.line),
                data={"symbol": unbound.name},
            )


def _unbound(file: PythonFile) -> tuple[_Unbound, ...]:
    if file.tree is None or all_bound(file) or _binds_by_text(file):
        return ()
    from pyflakes import checker, messages  # type: ignore[import-untyped]

    kinds = (messages.UndefinedName, messages.UndefinedLocal, messages.UndefinedExport)
    found = []
    # pyflakes hangs attributes on the nodes of the tree it is given; none of them is ours.
    for message in checker.Checker(file.tree, withDoctest=False).messages:
        if isinstance(message, kinds):
            name = str(message.message_args[0])
            text = message.message % message.message_args
            found.append(_Unbound(message.lineno, message.col, name, text))
    return tuple(sorted(found))


def _binds_by_text(file: PythonFile) -> bool:
    """Whether a module writes to its own namespace by names that stand nowhere: `exec`, or items
    of `globals()`.
    """
    for call in file.nodes(ast.Call):
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        around = file.parent(call)
        if name == "exec":
            return True
        updated = isinstance(around, ast.Attribute) and around.attr in ("update", "setdefault")
        stored = isinstance(around, ast.Subscript) and isinstance(around.ctx, ast.Store)
        if name == "globals" and (updated or stored):
            return True
    return False
