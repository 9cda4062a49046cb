"""lost-entry-point: a program that no longer starts when it is run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "lost-entry-point"
CRITERION = "consistency"
KIND: IssueKind = "structural-change"
SEVERITY: Severity = "error"
SUMMARY = "A module that is started as a program does nothing when it is."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each module that the contract or the base code starts as a program and
    that does nothing when it is started.
    """
    started = {module for program in _commands(subject) for module in program}
    for path, file in subject.python_files():
        base = subject.python(path, base=True)
        had = base is not None and base.derive(_starts)
        module = path[:-3].replace("/", ".")
        if file.tree is None or not (had or module in started) or file.derive(_starts):
            continue
        yield subject.finding(
            __name__,
            f"{path} is started as a program and does nothing then: it has no "
            f'`if __name__ == "__main__":` block',
            path,
            1,
            subject=path,
            data={"module": path, "in_base": had},
        )


def _commands(subject: Subject) -> Iterator[list[str]]:
    for program in (subject.contract.smoke, subject.contract.full):
        argv = list(program.argv)
        if "-m" in argv[:-1]:
            yield [argv[argv.index("-m") + 1]]


def _starts(file: PythonFile) -> bool:
    """Whether the module does something at its top: a main guard, or a plain call."""
    for node in file.tree.body if file.tree else ():
        if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call | ast.Await):
            return True
    return False
