"""python-syntax: a Python file that Python cannot compile."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile, SyntaxFault
from ohgw_tools.subject import Subject

NAME = "python-syntax"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A Python file does not compile."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one finding for each file that cannot be parsed or compiled."""
    for path, file in subject.python_files():
        fault = file.fault or file.derive(_compile_fault)
        if fault is None:
            continue
        kind: IssueKind = "truncation" if fault.at_end else "not-executable"
        where = file.source.line_region(fault.line, fault.column)
        yield subject.finding(
            __name__,
            f"Python cannot compile this file: {fault.message}",
            path,
            where,
            kind=kind,
            data={"message": fault.message, "truncated": fault.at_end},
        )


def _compile_fault(file: PythonFile) -> SyntaxFault | None:
    """What only the compiler sees: return outside a function, one argument twice, nonlocal."""
    if file.tree is None:
        return None
    try:
        compile(file.tree, "<bundle>", "exec", dont_inherit=True)
    except SyntaxError as error:
        line = min(max(error.lineno or 1, 1), len(file.lines))
        return SyntaxFault(line, max(error.offset or 1, 1), error.msg, False)
    except (RecursionError, MemoryError):  # deep but legal: the parser has read it
        return None
    return None
