"""swallowed-failure: an error is caught and nothing comes of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile

NAME = "guard-swallowed-failure"
CRITERION = "consistency"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "A patch catches every error and goes on, or ends with success after a failure."

_WIDE = {"Exception", "BaseException", "RuntimeError", "OSError", "KeyError", "ValueError"}
_EVERYTHING = {"Exception", "BaseException"}
_SHELL = re.compile(r"(?:\|\||;)\s*(?:true\b|:\s*$|exit\s+0\b)")


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse handlers that catch everything and do not raise; narrower ones are shown."""
    for path, node in change.nodes(ast.ExceptHandler):
        caught = _caught(node)
        if any(isinstance(inner, ast.Raise) for inner in ast.walk(node)):
            continue
        wide = node.type is None or bool(caught & _EVERYTHING)
        idle = all(isinstance(s, ast.Pass | ast.Continue | ast.Break) for s in node.body)
        if wide:
            message = "the patch catches every error and goes on"
            yield change.finding(__name__, message, path, node)
        elif caught & _WIDE or idle:
            what = ", ".join(sorted(caught))
            message = f"the patch catches {what} and goes on; is the failure dealt with?"
            yield change.finding(__name__, message, path, node, severe=False)
    yield from _suppressed(change)
    yield from _silent(change)
    yield from _false_success(change)
    yield from _unchecked(change)


def _caught(node: ast.ExceptHandler) -> set[str]:
    if node.type is None:
        return set()
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return {ast.unparse(kind).split(".")[-1] for kind in kinds}


def _suppressed(change: Change) -> Iterator[Finding]:
    """`suppress(Exception)`, under whatever name it was imported."""
    for path, node in change.nodes(ast.Call):
        above = next(iter(change.around(path, node)), None)
        named = {ast.unparse(arg).split(".")[-1] for arg in node.args}
        if called(node).endswith("suppress") or (
            isinstance(above, ast.withitem) and named & _EVERYTHING
        ):
            what = {ast.unparse(arg).split(".")[-1] for arg in node.args}
            message = f"the patch suppresses {', '.join(sorted(what))}"
            yield change.finding(__name__, message, path, node, severe=bool(what & _EVERYTHING))


def _silent(change: Change) -> Iterator[Finding]:
    """Errors that end in a `finally`, in an `__exit__` or in a shell."""
    for path, node in change.nodes(ast.Return, ast.Break, ast.Continue):
        inner: ast.AST = node
        for above in change.around(path, node):
            if isinstance(above, ast.Try) and inner in above.finalbody:
                message = f"{ast.unparse(node)[:80]} in a finally drops whatever error there was"
                yield change.finding(__name__, message, path, node)
            if isinstance(above, ast.FunctionDef):
                value = node.value if isinstance(node, ast.Return) else None
                if above.name == "__exit__" and isinstance(value, ast.Constant) and value.value:
                    message = "the context swallows every error: its __exit__ returns a true value"
                    yield change.finding(__name__, message, path, node)
                break
            inner = above
    for path, node in change.nodes(ast.Constant):
        if isinstance(node.value, str) and _SHELL.search(node.value[:1000]):
            message = f"{node.value[:80]!r} succeeds whatever happens"
            yield change.finding(__name__, message, path, node)


def _false_success(change: Change) -> Iterator[Finding]:
    for path, node in change.nodes(ast.Raise):
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        arguments = node.exc.args if isinstance(node.exc, ast.Call) else []
        success = all(isinstance(a, ast.Constant) and a.value in (0, None) for a in arguments)
        if isinstance(raised, ast.Name) and raised.id == "SystemExit" and success:
            message = f"the patch ends the program with {ast.unparse(node)}, a success"
            yield change.finding(__name__, message, path, node, severe=False)
    for path, node in change.nodes(ast.Call):
        name = called(node)
        given = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if name == "os._exit" or (name in ("sys.exit", "exit", "quit") and given in (0, None)):
            inside = [type(a) for a in change.around(path, node)]
            severe = name == "os._exit" or ast.ExceptHandler in inside or ast.Try in inside
            message = f"the patch ends the program with {ast.unparse(node)}, a success"
            yield change.finding(__name__, message, path, node, severe=severe)


def _unchecked(change: Change) -> Iterator[Finding]:
    """Checks of the code before that are gone: raise, assert, `check=True`, return codes."""
    for path in change.paths:
        old, new = change.before.python(path), change.after.python(path)
        if old is None or new is None or old.tree is None or new.tree is None:
            continue
        lost = _checks(old) - _checks(new)
        if lost > 0 and not _only_stubs(old.tree, new.tree, lost):
            message = f"the patch takes {lost} checks (raise, assert, check=True) away"
            yield change.finding(__name__, message, path, 1, severe=False, subject="checks")


def _checks(file: PythonFile) -> int:
    asked = (
        isinstance(k.value, ast.Constant) and k.value.value is True
        for k in file.nodes(ast.keyword)
        if k.arg == "check"
    )
    return sum(1 for _ in file.nodes(ast.Raise, ast.Assert)) + sum(asked)


def _only_stubs(old: ast.Module, new: ast.Module, lost: int) -> bool:
    """Whether what went are stubs (`raise NotImplementedError`), as a repair should."""
    return _stubs(old) - _stubs(new) >= lost


def _stubs(tree: ast.Module) -> int:
    return sum(
        isinstance(n, ast.Raise) and n.exc is not None and "NotImplemented" in ast.unparse(n.exc)
        for n in ast.walk(tree)
    )
