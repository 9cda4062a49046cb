"""random-metric: a metric that comes from a random generator."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.definition_table import dotted
from ohgw_tools.source.descent import descend
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "random-metric"
CRITERION = "enhancement"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "A metric is drawn from a random generator."


_METRIC = re.compile(
    r"(?:^|_)(?:acc|accuracy|loss|score|auc|auroc|f1|ppl|perplexity|fid|bleu|rouge|reward|ece|"
    r"metric|val_\w{1,40}|test_\w{1,40})(?:_|$|\d)",
    re.IGNORECASE,
)
_RANDOM = re.compile(
    r"random\.(?:random|uniform|gauss|normalvariate|betavariate)"
    r"|(?:np|numpy)\.random\.(?:rand|randn|uniform|normal|random)|torch\.(?:rand|randn)"
    r"|(?:rng|generator)\.(?:random|uniform|normal)"
)
_HARMLESS = {"random", "np", "numpy", "torch", "float", "min", "max", "round", "abs", "rng"}


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each assignment of a metric whose value is random but for constants."""
    for path, file in subject.python_files():
        for node, metric in file.derive(_drawn):
            yield subject.finding(
                __name__,
                f"the metric {metric!r} is drawn from a random generator",
                path,
                node,
                subject=metric,
                inherited=subject.inherited(path, node.lineno),
                data={"symbol": metric, "module": path},
            )


def _drawn(file: PythonFile) -> tuple[tuple[ast.stmt, str], ...]:
    """The assignments of metrics that are drawn, each with the metric."""
    found = []
    for node in file.nodes(ast.Assign, ast.AnnAssign, ast.AugAssign):
        targets, value = _assigned(node)
        names = [name for target in targets if (name := _name(target))]
        metric = next((name for name in names if _METRIC.search(name)), None)
        if metric is not None and value is not None and _is_random(value):
            found.append((node, metric))
    return tuple(found)


def _assigned(node: ast.stmt) -> tuple[list[ast.expr], ast.expr | None]:
    match node:
        case ast.Assign(targets=targets, value=value):
            return targets, value
        case ast.AnnAssign(target=target, value=value) | ast.AugAssign(target=target, value=value):
            return [target], value
    return [], None


def _name(target: ast.expr) -> str:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
    return ""


def _is_random(value: ast.expr) -> bool:
    """Whether nothing but a random generator and constants makes up the value."""
    calls = [n for n in descend(value) if isinstance(n, ast.Call)]
    if not any(_RANDOM.fullmatch(dotted(call.func)) for call in calls):
        return False
    names = {n.id for n in descend(value) if isinstance(n, ast.Name)}
    return len(names - _HARMLESS) <= (1 if isinstance(value, ast.BinOp) else 0)
