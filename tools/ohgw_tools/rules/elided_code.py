"""elided-code: words or dots that stand where code was left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source import wording
from ohgw_tools.source.python_file import Comment, Definition, PythonFile
from ohgw_tools.source.remark import File
from ohgw_tools.source.source_text import SourceText
from ohgw_tools.subject import Subject

NAME = "elided-code"
CRITERION = "completeness"
KIND: IssueKind = "truncation"
SEVERITY: Severity = "error"
SUMMARY = "A comment or a bare `...` stands where code was left out."


_WHOLE_FILE = 600


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each place; words such as "unchanged" count where nothing follows them."""
    for path in subject.files:
        file = subject.parsed(path)
        found = file.derive(_elided) if file else ()
        for line, words, severity in found:
            yield _finding(subject, path, line, words, severity)
        text = subject.files[path]
        if not found and len(text) < _WHOLE_FILE and _is_reference(text):
            yield _finding(subject, path, 1, text.strip()[:80], "error")


def _elided(file: File) -> tuple[tuple[int, str, Severity], ...]:
    """The places of one file: line, words and severity."""
    found: list[tuple[int, str, Severity]] = []
    for comment in file.comments:
        severity = _severity(comment, file.source)
        if severity is not None:
            found.append((comment.line, comment.text.strip("# "), severity))
    if isinstance(file, PythonFile):
        found += ((dots.lineno, "...", "error") for dots in _bare_dots(file))
    return tuple(found)


def _finding(subject: Subject, path: str, line: int, words: str, severity: Severity) -> Finding:
    return subject.finding(
        __name__,
        f"code was left out here: {words[:120]!r}",
        path,
        line,
        severity=severity,
        inherited=subject.inherited(path, line),
        data={"words": words[:200], "in_base": path in subject.base},
    )


def _severity(comment: Comment, source: SourceText) -> Severity | None:
    if wording.omission(comment.text):
        return "error"
    if wording.unchanged(comment.text) is None:
        return None
    before = source.line(comment.line)[: comment.column - 1]
    if before.strip():
        return None
    return "error" if _ends_block(comment, source) else None


def _ends_block(comment: Comment, source: SourceText) -> bool:
    """Whether nothing but comments follows in the comment's block."""
    for text in source.lines[comment.line :]:
        code = text.strip()
        if code and not code.startswith("#"):
            return len(text) - len(text.lstrip()) < comment.column - 1
    return True


def _bare_dots(file: PythonFile) -> Iterator[ast.Expr]:
    """Yield `...` as a statement, where it is neither a whole function, a class nor a handler."""
    for node in file.nodes(ast.Expr):
        if isinstance(node.value, ast.Constant) and node.value.value is ...:
            parent = file.parent(node)
            if isinstance(parent, ast.ClassDef | ast.ExceptHandler):
                continue
            if isinstance(parent, Definition) and not _follows_code(parent, node):
                continue
            yield node


def _follows_code(owner: Definition, node: ast.Expr) -> bool:
    """Whether a function holds more than its docstring and this statement."""
    rest = [s for s in owner.body if s is not node]
    return any(not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)) for s in rest)


def _is_reference(text: str) -> bool:
    """Whether a whole short file only refers to another version of itself."""
    if "[UNCHANGED]" in text:
        return True
    code = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    return len(code) <= 2 and (
        wording.unchanged(text) is not None or wording.omission(text) is not None
    )
