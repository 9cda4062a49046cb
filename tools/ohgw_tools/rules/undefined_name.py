"""undefined-name: a name that is used and never bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "undefined-name"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A name is used that nothing defines."


class _Unbound(NamedTuple):
    line: int
    column: int
    name: str
    message: str


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each use of a name that no scope binds (found with pyflakes)."""
    for path, file in subject.python_files():
        for unbound in file.derive(_unbound):
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
    if file.tree is None:
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
