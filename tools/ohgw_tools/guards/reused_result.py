"""reused-result: what is reported lay on disk, or is written where nothing was run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile

NAME = "guard-reused-result"
CRITERION = "preservation"
KIND: IssueKind = "omission"
SEVERITY: Severity = "warning"
SUMMARY = "A patch returns results that lay on disk, or makes writing them depend on something new."

_EXISTS = re.compile(r"\.(?:exists|isfile|is_file)\(|(?:^|\b)cache", re.IGNORECASE)
_WORKS = re.compile(r"train|eval|fit|main|run")
_WRITES = re.compile(r"(?:^|\.)(?:dump|write_text|savez?|to_csv|to_json|savefig)$")
_CACHES = ("joblib.Memory", "Memory", "shelve.open")


def inspect(change: Change) -> Iterator[Finding]:
    """Show cached results, writes at the program's end, and writes that now depend on something."""
    for path, node in change.nodes(ast.Return):
        around = change.around(path, node)
        owner = next((a for a in around if isinstance(a, ast.FunctionDef)), None)
        tests = [ast.unparse(a.test) for a in around if isinstance(a, ast.If)]
        works = owner is not None and _WORKS.search(owner.name)
        if works and node.value is not None and any(map(_EXISTS.search, tests)):
            message = f"{owner.name if owner else ''} returns what lies on disk and runs nothing"
            yield change.finding(__name__, message, path, node, severe=False)
    for path, node in change.nodes(ast.Call):
        if called(node) in ("atexit.register", "weakref.finalize"):
            message = f"{called(node)} does something when nobody looks any more"
            yield change.finding(__name__, message, path, node, severe=False)
        elif called(node) in _CACHES:
            message = f"{called(node)} keeps results from one run to the next"
            yield change.finding(__name__, message, path, node, severe=False)
    for path, node in change.nodes(ast.If):
        before = change.before.python(path)
        if before is not None and "smoke" not in ast.unparse(node.test).lower():
            yield from _now_depends(change, path, node, before)


def _now_depends(change: Change, path: str, node: ast.If, before: PythonFile) -> Iterator[Finding]:
    """Writing that stood free before and stands under this condition now."""
    free = before.derive(_free_writes)
    for call in (n for s in node.body for n in ast.walk(s) if isinstance(n, ast.Call)):
        said = ast.unparse(call) if free and _WRITES.search(_verb(call)) else ""
        if said in free:
            message = f"{said[:80]} happens only where {ast.unparse(node.test)[:80]} now"
            yield change.finding(__name__, message, path, node, severe=False)
            return


def _free_writes(file: PythonFile) -> frozenset[str]:
    """Calls that write something and stand under no condition, as text."""
    return frozenset(
        ast.unparse(call)
        for call in file.nodes(ast.Call)
        if _WRITES.search(_verb(call))
        and not any(isinstance(above, ast.If) for above in file.ancestors(call))
    )


def _verb(node: ast.Call) -> str:
    return called(node) or (f".{node.func.attr}" if isinstance(node.func, ast.Attribute) else "")
