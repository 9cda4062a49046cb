"""smaller-budget: less training, less data or other seeds than the full configuration asks for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called, is_placeholder
from ohgw_tools.editing.held_value import constants
from ohgw_tools.facts.experiment_facts import facts
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.repairing.small_run import is_budget
from ohgw_tools.source.run_list import leaves, runs

NAME = "guard-smaller-budget"
CRITERION = "preservation"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "A patch cuts budgets of the full experiment, or changes seeds or other settings."

_SEED = re.compile(r"(?:.*_)?seeds?")
_FAIR = re.compile(r".*batch_?size|.*workers|.*(?:log|save|eval|print)_(?:every|steps|interval).*")


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse smaller numbers in the full configuration, and code that cuts them for all runs."""
    for _, before, after in change.twins("full"):
        if before is None or after is None:
            continue
        old, new = dict(leaves(before.config)), dict(leaves(after.config))
        for key, value in old.items():
            if key in new and not _same(value, new[key]) and not is_placeholder(value):
                yield from _changed(change, after.path, (*after.key, *key), value, new[key])
            elif key not in new and not is_placeholder(value):
                where = ".".join(map(str, key))
                message = f"the patch takes {where} = {value!r} out of run {before.id!r}"
                yield change.finding(__name__, message, after.path, after.key or 1)
    yield from _cut_in_code(change)
    yield from _part_of_the_data(change)


def _same(old: object, new: object) -> bool:
    if old == new:
        return True
    try:
        return float(str(old)) == float(str(new))
    except ValueError:
        return False


def _changed(
    change: Change, path: str, key: tuple[str | int, ...], old: object, new: object
) -> Iterator[Finding]:
    name, where = str(key[-1]).lower(), ".".join(map(str, key))
    message = f"{where}: {new!r} in place of {old!r}"
    if _SEED.fullmatch(name):
        paired = _pairs(change, key[-1], new)
        yield change.finding(__name__, f"another seed: {message}", path, key, severe=not paired)
    elif _FAIR.fullmatch(name):
        yield change.finding(__name__, message, path, key, severe=False)
    elif is_budget(name) and _less(old, new):
        yield change.finding(__name__, f"a smaller budget: {message}", path, key)
    elif is_budget(name) and re.search(
        rf"(?<![\d.]){re.escape(str(new))}(?![\d.]*\d)", change.text
    ):
        return  # More work than before, and the experiment's text says how much.
    elif isinstance(old, int | float) or isinstance(new, int | float):
        yield change.finding(__name__, f"another setting: {message}", path, key, severe=False)


def _pairs(change: Change, key: str | int, new: object) -> bool:
    """Whether the test is described as paired, the seed is one that a run had already, and all runs
    share it now: what a paired comparison needs, and no choice of a luckier seed.
    """
    if not facts(change.before.bundle).of("pairing"):
        return False
    had = [run.config.get(str(key)) for run in runs(change.before, "full")]
    have = [run.config.get(str(key)) for run in runs(change.after, "full")]
    return new in had and all(value == new for value in have)


def _less(old: object, new: object) -> bool:
    return isinstance(old, int | float) and isinstance(new, int | float) and new < old


def _cut_in_code(change: Change) -> Iterator[Finding]:
    """Assignments such as `epochs = min(epochs, 1)` or `cfg["training"]["epochs"] = 1`."""
    for path, node in change.nodes(ast.Assign, ast.AugAssign, ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        name = next((n for t in targets if (n := _target(t)) and _is_amount(n)), None)
        if name is None or node.value is None or change.in_smoke_branch(path, node):
            continue
        if isinstance(node, ast.AugAssign) and not isinstance(node.op, ast.Div | ast.FloorDiv):
            continue
        if _is_constant(node.value) or _is_cap(node.value):
            message = f"{ast.unparse(node)} cuts {name} whatever the configuration says"
            yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.If):
        if change.in_smoke_branch(path, node) or "smoke" in ast.unparse(node.test).lower():
            continue
        stops = any(isinstance(s, ast.Break) for s in node.body)
        counted = re.search(r"(step|batch|epoch|iter|^i\b|idx)", ast.unparse(node.test))
        if stops and counted and _has_number(change, path, node.test):
            message = f"the loop ends at {ast.unparse(node.test)}, a number that no config gives"
            yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "min" and _is_cap(node):
            inner = {_target(arg) for arg in ast.walk(node) if isinstance(arg, ast.expr)}
            named = next((n for n in inner if n and _is_amount(n)), None)
            assigned = any(isinstance(a, ast.Assign) for a in change.around(path, node)[:1])
            if named and not assigned and not change.in_smoke_branch(path, node):
                message = f"{ast.unparse(node)} caps {named} whatever the configuration says"
                yield change.finding(__name__, message, path, node)


def _has_number(change: Change, path: str, test: ast.expr) -> bool:
    """Whether a condition compares with a number of the code's own: written there, or held by a
    variable, a parameter's default or an option of the command line. Patience is no budget.
    """
    if "patience" in ast.unparse(test):
        return False
    file = change.after.python(path)
    sides = [test.left, *test.comparators] if isinstance(test, ast.Compare) else [*ast.walk(test)]
    held = [c.value for side in sides if file for c in constants(file, side) if c.value != 0]
    held += [n.value for n in ast.walk(test) if isinstance(n, ast.Constant)]
    return any(type(value) is int for value in held)


def _is_amount(name: str) -> bool:
    """Whether a variable holds an amount of work; `step` and `epoch` alone are counters."""
    return is_budget(name) and not re.fullmatch(r".*(?:step|epoch|iter|iteration|update)", name)


def _part_of_the_data(change: Change) -> Iterator[Finding]:
    """Calls and splits that take a fixed part of the data: `select(range(100))`, `train[:1%]`."""
    for path, node in change.nodes(ast.Call):
        name = called(node).rpartition(".")[2] or getattr(node.func, "attr", "")
        counts = [a for a in ast.walk(node) if _is_constant(a) and isinstance(a, ast.Constant)]
        taken = name in ("select", "take", "islice", "Subset") or (
            name == "zip" and any(called(a) == "range" for a in node.args)
        )
        if taken and counts and not change.in_smoke_branch(path, node):
            message = f"{ast.unparse(node)[:120]} takes a fixed part of the data"
            yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        partial = re.search(r"\[\d*%?:\d*%?\]", text) and len(text) < 60
        if partial and not change.in_smoke_branch(path, node):
            message = f"{text!r} takes a fixed part of the data"
            yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.keyword):
        if node.arg in ("lr", "weight_decay", "momentum") and isinstance(node.value, ast.Constant):
            message = f"{ast.unparse(node)} whatever the configuration says"
            yield change.finding(__name__, message, path, node.value, severe=False)


def _target(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id.lower()
    if isinstance(node, ast.Attribute):
        return node.attr.lower()
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value).lower()
    return ""


def _is_constant(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
        and node.value > 0
    )


def _is_cap(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "min"
        and any(_is_constant(arg) and isinstance(arg.value, int) for arg in node.args)  # type: ignore[attr-defined]
    )
