"""python-syntax: a Python file that Python cannot compile."""

from __future__ import annotations
import __future__

import ast
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile, SyntaxFault
from ohgw_tools.subject import Subject

NAME = "python-syntax"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A Python file does not compile."
_FUTURE = __future__.annotations.compiler_flag


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
    if file.tree is None or all(map(_compiles, _statements(file, file.tree))):
        return None
    try:
        compile(file.tree, "<bundle>", "exec", dont_inherit=True)
    except SyntaxError as error:
        line = min(max(error.lineno or 1, 1), len(file.lines))
        return SyntaxFault(line, max(error.offset or 1, 1), error.msg, False)
    except (RecursionError, MemoryError):  # deep but legal: the parser has read it
        return None
    return None


class _Statement:
    """A statement at a file's top level with the place of its lines that it takes, and what it is
    compiled under. Two are equal where their text is; neither that nor `node` is kept afterwards.
    """

    __slots__ = ("flags", "key", "node")

    def __init__(self, node: ast.stmt, text: str, flags: int) -> None:
        self.node: ast.stmt | None = node
        self.flags = flags
        digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
        self.key = (digest, node.col_offset, node.end_col_offset, flags)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Statement) and self.key == other.key


def _statements(file: PythonFile, tree: ast.Module) -> Iterator[_Statement]:
    """Yield what can be compiled by itself: after a patch, most of a file is what it was."""
    flags = 0
    start = int(ast.get_docstring(tree, clean=False) is not None)
    for place, node in enumerate(tree.body):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            known = place == start and [a.name for a in node.names] == ["annotations"]
            flags = _FUTURE if known else -1
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        yield _Statement(node, "\n".join(file.lines[first - 1 : node.end_lineno]), flags)


@lru_cache(maxsize=4096)
def _compiles(statement: _Statement) -> bool:
    """Whether a statement compiles, whatever stands before it; False where that cannot be told."""
    node, statement.node = statement.node, None
    # These hang on what stands before them.
    if node is None or statement.flags < 0 or isinstance(node, ast.Global):
        return False
    try:
        module = ast.Module([node], [])
        compile(module, "<bundle>", "exec", statement.flags, dont_inherit=True)
    except (SyntaxError, RecursionError, MemoryError):
        return False
    return True
