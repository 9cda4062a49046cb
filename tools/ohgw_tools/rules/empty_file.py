"""empty-file: a file without content."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.placeholder import docstrings
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "empty-file"
CRITERION = "completeness"
KIND: IssueKind = "truncation"
SEVERITY: Severity = "error"
SUMMARY = "A file holds nothing but blanks and comments."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each file that is empty, `__init__.py` and marker files aside."""
    for path, file in subject.parsed_files():
        if path.endswith("__init__.py") or file.error:
            continue
        if isinstance(file, PythonFile):
            documents = {id(text) for text in docstrings(file)}
            body = file.tree.body if file.tree else []
            empty = all(isinstance(s, ast.Expr) and id(s.value) in documents for s in body)
        else:
            empty = not file.data
        if empty:
            base = subject.base.get(path, "")
            yield subject.finding(
                __name__,
                "the file holds no code" if path.endswith(".py") else "the file holds no data",
                path,
                1,
                subject=path,
                data={"file": path, "in_base": bool(base.strip())},
            )
