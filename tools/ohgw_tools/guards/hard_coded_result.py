"""hard-coded-result: a metric is written down instead of measured."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.editing.metric_name import is_metric, named
from ohgw_tools.finding import Finding, IssueKind, Severity

NAME = "guard-hard-coded-result"
CRITERION = "preservation"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "A patch writes results down, makes them up, or ships them as files."

_SHIPPED = re.compile(
    r"(?:^|/)(?:results?|metrics?|history|summary)[^/]*\.(?:json|csv|pkl|npz?|pdf|txt)$"
)
_PAIR = re.compile(r"""["'](\w{1,40})["']\s*:\s*\[?\s*-?\d+\.\d""")
_SAID = re.compile(r"\b(\w{1,40})\s{0,3}[=:]?\s{0,3}-?\d+\.\d")
_LOGS = re.compile(r"(?:^|\.)(?:print|info|warn|warning|debug|log|write)$")
_NEUTRAL = (0, 1, -1, float("inf"), float("-inf"))


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse constants and random numbers as metrics, and files of results."""
    for path in change.paths:
        if path not in change.before.files and _SHIPPED.search(path):
            message = f"the patch ships {path}, a file of results"
            yield change.finding(__name__, message, path, 1, subject=path)
    for path, node in change.nodes(ast.Assign, ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            name = named(target)
            if name and is_metric(name) and node.value is not None and _is_made_up(node.value):
                message = f"{ast.unparse(node)[:120]} is no measurement"
                yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            said = key.value if isinstance(key, ast.Constant) else None
            if isinstance(said, str) and is_metric(said) and _is_made_up(value):
                message = f"{said!r}: {ast.unparse(value)[:80]} is no measurement"
                yield change.finding(__name__, message, path, value)
    yield from _given(change)
    yield from _written_out(change)
    for path, node in change.nodes(ast.Return):
        owner = next((a for a in change.around(path, node) if isinstance(a, ast.FunctionDef)), None)
        measures = owner is not None and re.search(
            r"eval|metric|accuracy|score|test|loss", owner.name
        )
        if measures and node.value is not None and _is_made_up(node.value):
            message = f"{ast.unparse(node)[:120]} is no measurement"
            yield change.finding(__name__, message, path, node)


def _given(change: Change) -> Iterator[Finding]:
    """`dict(accuracy=0.93)`, `row.setdefault("accuracy", 0.93)`, `row.get("accuracy", 0.93)`."""
    for path, node in change.nodes(ast.Call):
        verb = node.func.attr if isinstance(node.func, ast.Attribute) else called(node)
        pairs = [(k.arg, k.value) for k in node.keywords] if verb in ("dict", "update") else []
        if verb in ("setdefault", "get", "pop") and len(node.args) == 2:
            key = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            pairs = [(str(key), node.args[1])]
        for name, value in pairs:
            if name and is_metric(name) and _is_made_up(value):
                message = f"{name} = {ast.unparse(value)[:80]} is no measurement"
                yield change.finding(__name__, message, path, value)


def _written_out(change: Change) -> Iterator[Finding]:
    """Results as text: in JSON that the code holds, and in lines that look like a log."""
    for path, node in change.nodes(ast.Constant):
        text = node.value[:2000] if isinstance(node.value, str) else ""
        above = next(iter(change.around(path, node)), None)
        if isinstance(above, ast.Expr) or not text:  # a docstring
            continue
        shown = isinstance(above, ast.Call) and _LOGS.search(called(above))
        found = _PAIR.findall(text) if not shown else [*_PAIR.findall(text), *_SAID.findall(text)]
        metric = next((word for word in found if is_metric(word)), None)
        if metric is not None:
            message = f"{text[:80]!r} says what {metric} is, and nothing measured it"
            yield change.finding(__name__, message, path, node)


def _is_formula(node: ast.expr) -> bool:
    """Whether a value is computed from numbers and loop counters alone: `3.0 - 0.1 * epoch`."""
    leaves = [n for n in ast.walk(node) if isinstance(n, ast.Constant | ast.Name | ast.Call)]
    counters = ("epoch", "step", "i", "t", "it", "idx", "epochs", "steps")
    return (
        any(isinstance(n, ast.Constant) and isinstance(n.value, float) for n in leaves)
        and all(
            isinstance(n, ast.Constant) or (isinstance(n, ast.Name) and n.id in counters)
            for n in leaves
        )
        and not any(isinstance(n, ast.Subscript | ast.Attribute) for n in ast.walk(node))
    )


def _is_made_up(node: ast.expr) -> bool:
    """Whether a value is a number of its own, or drawn at random."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and re.match(
            r"^(?:random\.|np\.random\.|numpy\.random\.|torch\.rand)", called(inner)
        ):
            return True
    if isinstance(node, ast.Call) and called(node) in ("float", "round", "int") and node.args:
        return _is_made_up(node.args[0])
    if isinstance(node, ast.UnaryOp):
        return _is_made_up(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_formula(node)
    if isinstance(node, ast.List | ast.Tuple):
        return len(node.elts) > 1 and all(_is_made_up(item) for item in node.elts)
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
        and node.value not in _NEUTRAL
    )
