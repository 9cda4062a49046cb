"""uneven-variations: one variation gets another seed, budget or metric because of its name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.editing.metric_name import is_metric, named
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.repairing.small_run import is_budget

NAME = "guard-uneven-variations"
CRITERION = "preservation"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "A patch treats one run variation better than another, by its name, in the code."

_SEEDS = re.compile(r"(?:^|\.)(?:manual_seed(?:_all)?|seed|seed_everything|set_seed)$")
_RATES = re.compile(r"(?:lr|learning_rate|weight_decay)", re.IGNORECASE)


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse seeds, budgets and metrics under a variation's name; show numbers by such names. What
    a variation differs in stands in the configuration.
    """
    variations = set(change.before.bundle.experiment.run_variations)
    if not variations:
        return
    for path, node in change.nodes(ast.If):
        favoured = _named(node.test, variations)
        touched = next((t for s in node.body if (t := _touched(s))), "") if favoured else ""
        if touched:
            message = f"{touched} is another one for {', '.join(favoured)} alone"
            yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.IfExp):
        favoured = _named(node.test, variations)
        if favoured and any(_is_number(value) for value in (node.body, node.orelse)):
            message = f"{ast.unparse(node)[:100]} is a number for {', '.join(favoured)} alone"
            yield change.finding(__name__, message, path, node, severe=False)
    for path, node in change.nodes(ast.Dict):
        keys = {k.value for k in node.keys if isinstance(k, ast.Constant)} & variations
        numbers = [v for v in node.values if _is_number(v)]
        if keys and numbers and len(numbers) == len(node.values):
            message = f"{ast.unparse(node)[:100]} holds numbers by the names of variations"
            yield change.finding(__name__, message, path, node, severe=False)


def _named(test: ast.expr, variations: set[str]) -> list[str]:
    said = [n.value for n in ast.walk(test) if isinstance(n, ast.Constant)]
    return sorted({word for word in said if isinstance(word, str)} & variations)


def _touched(statement: ast.stmt) -> str:
    """The seed, budget, rate or metric that a statement sets; empty if none."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and _SEEDS.search(called(node)):
            return f"{called(node)}()"
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in map(named, targets):
                counts = is_budget(name) and not re.fullmatch(r".*(?:step|epoch|iter)", name)
                if name and (counts or is_metric(name) or _RATES.fullmatch(name)):
                    return name
    return ""


def _is_number(node: ast.expr) -> bool:
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, int | float) and not isinstance(value, bool)
