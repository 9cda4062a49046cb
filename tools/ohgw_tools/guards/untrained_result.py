"""untrained-result: results are written although nothing was trained or evaluated."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.editing.metric_name import named
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.subject import Subject

NAME = "guard-untrained-result"
CRITERION = "preservation"
KIND: IssueKind = "omission"
SEVERITY: Severity = "error"
SUMMARY = "A patch takes training or evaluation away, or writes results without them."

_WORK = re.compile(r"(?:^|\.)(backward|step|fit|partial_fit|zero_grad|minimize)$")
_WRITES = re.compile(r"(?:^|\.)(?:dump|write_text|savez?|to_csv|to_json)$")


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse code that trains less than before, and results written in a branch for smoke tests."""
    before, after = _work(change.before), _work(change.after)
    for verb in sorted(before):
        if after[verb] < before[verb]:
            path = next(
                (p for p in change.paths if f"{verb}(" in change.before.files.get(p, "")), None
            )
            message = f"calls of {verb}(): {after[verb]} where there were {before[verb]}"
            yield change.finding(__name__, message, path, 1, severe=after[verb] == 0, subject=verb)
    for path, node in change.nodes(ast.Call):
        if _WRITES.search(called(node)) and change.in_smoke_branch(path, node):
            message = "results are written in a branch for the smoke test alone"
            yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.If, ast.While):
        if isinstance(node.test, ast.Constant) and not node.test.value:
            message = f"code that never runs: {ast.unparse(node.test)}"
            yield change.finding(__name__, message, path, node)
    yield from _early_returns(change)
    yield from _no_gradient(change)
    yield from _lost_calls(change)


def _no_gradient(change: Change) -> Iterator[Finding]:
    """Training that moves nothing: a loss times zero, or cut off from the weights."""
    for path, node in change.nodes(ast.BinOp):
        sides = [s.value for s in (node.left, node.right) if isinstance(s, ast.Constant)]
        loss = any("loss" in ast.unparse(side).lower() for side in (node.left, node.right))
        if isinstance(node.op, ast.Mult) and loss and any(s == 0 and s is not False for s in sides):
            message = f"{ast.unparse(node)[:80]} trains nothing"
            yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.Assign):
        said = ast.unparse(node)
        cut = ".detach()" in said and "requires_grad" in said
        if cut and any("loss" in named(target).lower() for target in node.targets):
            message = f"{said[:100]} cuts the loss off from the weights"
            yield change.finding(__name__, message, path, node)
        if any(map(_is_rate, node.targets)) and ast.unparse(node.value) in ("0", "0.0"):
            message = f"{said[:100]}: with a rate of zero nothing is trained; where is it raised?"
            yield change.finding(__name__, message, path, node, severe=False)


def _is_rate(target: ast.expr) -> bool:
    """Whether a target is the learning rate of an optimizer's group: `group["lr"]`."""
    key = target.slice if isinstance(target, ast.Subscript) else None
    return isinstance(key, ast.Constant) and key.value in ("lr", "learning_rate")


def _work(subject: Subject) -> Counter[str]:
    found: Counter[str] = Counter()
    for _, file in subject.python_files():
        for node in file.nodes(ast.Call):
            match = _WORK.search(called(node) or _attribute(node))
            if match and "scheduler" not in ast.unparse(node.func):
                found[match.group(1)] += 1
    return found


def _attribute(node: ast.Call) -> str:
    return f".{node.func.attr}" if isinstance(node.func, ast.Attribute) else ""


def _early_returns(change: Change) -> Iterator[Finding]:
    """`if smoke: return` in a function that trains or evaluates."""
    for path, node in change.nodes(ast.Return):
        owner = next((a for a in change.around(path, node) if isinstance(a, ast.FunctionDef)), None)
        works = owner is not None and re.search(r"train|eval|fit|main|run", owner.name)
        if works and change.in_smoke_branch(path, node):
            message = f"{owner.name if owner else ''} ends early in the smoke test"
            yield change.finding(__name__, message, path, node)


def _lost_calls(change: Change) -> Iterator[Finding]:
    """Functions of the bundle that train or evaluate, and that nothing calls any more."""
    before, after = _called(change.before), _called(change.after)
    for name in sorted(before - after):
        if re.search(r"train|evaluat|fit_", name):
            message = f"nothing calls {name}() any more"
            path = change.paths[0]
            yield change.finding(__name__, message, path, 1, severe=False, subject=name)


def _called(subject: Subject) -> set[str]:
    defined = {f.name for _, file in subject.python_files() for f in file.functions}
    names = {
        called(node).split(".")[-1]
        for _, file in subject.python_files()
        for node in file.nodes(ast.Call)
    }
    return names & defined
