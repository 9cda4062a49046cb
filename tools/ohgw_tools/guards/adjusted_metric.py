"""adjusted-metric: a measured value is moved, stretched or clipped before it is reported."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.editing.metric_name import is_metric, named
from ohgw_tools.finding import Finding, IssueKind, Severity

NAME = "guard-adjusted-metric"
CRITERION = "preservation"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "A patch moves, stretches or clips what was measured before it is reported."

_CLIPS = ("min", "max", "clip", "clamp", "clamp_", "clip_")
_DROPS = ("nan_to_num",)
# Factors between these two are no change of unit (percent, milli, nats to bits).
_LEAST, _MOST = 0.6, 1.4
_TOLERANCE = 1e-3
_HUGE = 1e300  # No offset of anything that is measured; beyond it a float overflows.


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse `accuracy + 0.05` and `loss * 0.9`; show `min(loss, 3.0)` and `nan_to_num(loss)`."""
    for path, node in change.nodes(ast.Assign, ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is not None and any(is_metric(named(target)) for target in targets):
            yield from _reported(change, path, node.value)
    for path, node in change.nodes(ast.AugAssign):
        if is_metric(named(node.target)):
            as_sum = ast.BinOp(left=node.target, op=node.op, right=node.value)
            if _is_moved(as_sum):
                message = f"{ast.unparse(node)[:120]} changes what was measured"
                yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            said = key.value if isinstance(key, ast.Constant) else None
            if isinstance(said, str) and is_metric(said):
                yield from _reported(change, path, value)
    for path, node in change.nodes(ast.Return):
        if node.value is not None and _measured(node.value):
            yield from _reported(change, path, node.value)


def _measured(node: ast.expr) -> bool:
    """Whether a value is a metric, or is computed from one alone and numbers."""
    if isinstance(node, ast.BinOp):
        return _measured(node.left) or _measured(node.right)
    if isinstance(node, ast.Call):
        inner = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
        return any(_measured(arg) for arg in inner)
    return is_metric(named(node))


def _reported(change: Change, path: str, value: ast.expr) -> Iterator[Finding]:
    moved = next((n for n in _outer(value) if isinstance(n, ast.BinOp) and _is_moved(n)), None)
    if moved is not None:
        message = f"{ast.unparse(moved)[:120]} changes what was measured"
        yield change.finding(__name__, message, path, value)
    clip = next((n for n in _outer(value) if isinstance(n, ast.Call) and _is_clipped(n)), None)
    if clip is not None:
        message = f"{ast.unparse(clip)[:120]} keeps a measured value within bounds; is that honest?"
        yield change.finding(__name__, message, path, value, severe=False)


def _outer(value: ast.expr) -> Iterator[ast.expr]:
    """The value and what it is made of by arithmetic, rounding and conversions; not the arguments
    of other functions: `exp(min(loss, 700))` keeps from an overflow.
    """
    yield value
    if isinstance(value, ast.BinOp):
        yield from _outer(value.left)
        yield from _outer(value.right)
    elif isinstance(value, ast.Call) and called(value) in ("float", "round", *_CLIPS):
        for argument in value.args:
            yield from _outer(argument)


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand)
        return None if inner is None else -inner
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _HUGE:
        return float(value)
    return None


def _is_moved(node: ast.BinOp) -> bool:
    """Whether a metric and a number of its own make a sum, a difference or a mild product."""
    for value, other in ((node.left, node.right), (node.right, node.left)):
        number = _number(other)
        if number is None or not _measured(value):
            continue
        if isinstance(node.op, ast.Add) or (isinstance(node.op, ast.Sub) and other is node.right):
            return abs(number) > _TOLERANCE and not number.is_integer()
        if isinstance(node.op, ast.Pow):  # a square root makes an error of a squared one
            return other is node.right and not (2 * number).is_integer()
        if isinstance(node.op, ast.Mult | ast.Div):
            return _LEAST < abs(number) < _MOST and abs(number) != 1
    return False


def _is_clipped(node: ast.Call) -> bool:
    name = called(node).rpartition(".")[2] or getattr(node.func, "attr", "")
    if name in _DROPS:
        return any(_measured(argument) for argument in node.args)
    if name not in _CLIPS:
        return False
    of = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
    bounds = [n for n in map(_number, [*of, *(k.value for k in node.keywords)]) if n is not None]
    return bool(bounds) and any(_measured(argument) for argument in of)
