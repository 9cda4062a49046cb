"""weakened-condition: a check still stands there and no longer checks what it did."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile

NAME = "guard-weakened-condition"
CRITERION = "preservation"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = (
    "A patch makes the condition of a check or of training narrower, or settles it beforehand."
)

_WORK = ("backward", "step", "fit", "partial_fit")


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse conditions that are settled beforehand (`x and False`); show checks and training steps
    whose condition now asks for more, or for another number.
    """
    for path, node in change.nodes(ast.If, ast.While, ast.IfExp, ast.Assert):
        settled = _settled(node.test)
        endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant)
        if settled is not None and not endless and not isinstance(node.test, ast.Constant):
            message = f"{ast.unparse(node.test)[:120]} is always {settled}"
            yield change.finding(__name__, message, path, node)
        elif isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant | ast.Tuple):
            message = f"{ast.unparse(node)[:120]} never fails"
            yield change.finding(__name__, message, path, node)
    for path in change.paths:
        old, new = change.before.python(path), change.after.python(path)
        if old is not None and new is not None:
            yield from _narrower(change, path, old, new)
    yield from _seldom(change)


def _settled(test: ast.expr) -> bool | None:
    """What a condition always comes to, None if that depends on anything."""
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _settled(test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        parts = [_settled(value) for value in test.values]
        if isinstance(test.op, ast.And):
            return False if False in parts else (True if set(parts) == {True} else None)
        return True if True in parts else (False if set(parts) == {False} else None)
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return _compared(test)
    return None


def _compared(test: ast.Compare) -> bool | None:
    """`x == x`, `1 == 2`, `len(x) >= 0`."""
    left, right, operator = test.left, test.comparators[0], test.ops[0]
    if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
        if isinstance(operator, ast.Eq | ast.Is):
            return bool(left.value == right.value)
        if isinstance(operator, ast.NotEq | ast.IsNot):
            return bool(left.value != right.value)
    zero = isinstance(right, ast.Constant) and right.value == 0
    if zero and called(left) == "len":
        return {ast.GtE: True, ast.Lt: False}.get(type(operator))
    return None


def _checks(file: PythonFile) -> dict[tuple[str, str], list[tuple[ast.expr, ast.AST]]]:
    """Conditions under which something is raised, and assertions, by function and outcome."""
    found: dict[tuple[str, str], list[tuple[ast.expr, ast.AST]]] = {}
    for node in file.nodes(ast.If):
        raises = [ast.unparse(s.exc) for s in node.body if isinstance(s, ast.Raise) and s.exc]
        if raises:
            key = (_owner(file, node), raises[0].partition("(")[0])
            found.setdefault(key, []).append((node.test, node))
    for checked in file.nodes(ast.Assert):
        found.setdefault((_owner(file, checked), "assert"), []).append((checked.test, checked))
    return found


def _owner(file: PythonFile, node: ast.AST) -> str:
    above = (a for a in file.ancestors(node) if isinstance(a, ast.FunctionDef))
    return next((file.qualified_name(a) for a in above), "")


def _narrower(change: Change, path: str, old: PythonFile, new: PythonFile) -> Iterator[Finding]:
    before = _checks(old)
    for key, tests in _checks(new).items():
        known = {ast.unparse(test) for test, _ in before.get(key, ())}
        now = {ast.unparse(test) for test, _ in tests}
        for test, node in tests:
            said = ast.unparse(test)
            gone = [t for t, _ in before.get(key, ()) if ast.unparse(t) not in now]
            was = next((t for t in gone if said not in known and _weaker(t, test, key[1])), None)
            if was is not None:
                message = f"a check for {ast.unparse(was)[:80]!r} is now one for {said[:80]!r}"
                yield change.finding(__name__, message, path, node, severe=False)


def _weaker(old: ast.expr, new: ast.expr, kind: str) -> bool:
    """Whether `new` is `old` with more to ask (for an assertion: with a way out), or compares the
    same thing with another number.
    """
    loose = ast.Or if kind == "assert" else ast.And
    if isinstance(new, ast.BoolOp) and isinstance(new.op, loose):
        parts = {ast.unparse(value) for value in new.values}
        olds = old.values if isinstance(old, ast.BoolOp) else [old]
        return {ast.unparse(value) for value in olds} < parts
    both = isinstance(old, ast.Compare) and isinstance(new, ast.Compare)
    if both and ast.unparse(old.left) == ast.unparse(new.left):  # type: ignore[attr-defined]
        numbers = [t.comparators[0] for t in (old, new)]  # type: ignore[attr-defined]
        return all(
            isinstance(n, ast.Constant) and isinstance(n.value, int | float) for n in numbers
        )
    return False


def _seldom(change: Change) -> Iterator[Finding]:
    """Steps of training that stood free before and now depend on a counter."""
    for path, node in change.nodes(ast.If):
        before = change.before.python(path)
        if before is None or not any(isinstance(n, ast.Mod) for n in ast.walk(node.test)):
            continue
        for call in (n for s in node.body for n in ast.walk(s) if isinstance(n, ast.Call)):
            verb = called(call).rpartition(".")[2]
            said = ast.unparse(call)
            free = [c for c in before.nodes(ast.Call) if ast.unparse(c) == said]
            if verb in _WORK and any(not _under_if(before, c) for c in free):
                message = f"{said[:80]} happens only where {ast.unparse(node.test)[:80]} now"
                yield change.finding(__name__, message, path, node, severe=False)
                break


def _under_if(file: PythonFile, node: ast.AST) -> bool:
    return any(isinstance(above, ast.If) for above in file.ancestors(node))
