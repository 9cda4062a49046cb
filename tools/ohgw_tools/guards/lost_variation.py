"""lost-variation: a patch takes a run variation out of a configuration, renames or skips it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.editing.change import Change
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.run_list import ROLES, runs

NAME = "guard-lost-variation"
CRITERION = "replacement"
KIND: IssueKind = "omission"
SEVERITY: Severity = "error"
SUMMARY = "A patch deletes, renames or skips a run variation."


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse runs that are gone, and code that runs fewer of them than the configuration lists."""
    for role in ROLES:
        for variation, before, after in change.twins(role):
            if before is None:
                continue
            if after is None:
                message = f"the patch takes run variation {variation!r} out of {before.path}"
                yield change.finding(__name__, message, before.path, 1, subject=variation)
            elif before.id == variation and after.id != variation:
                message = f"the patch renames run {variation!r} to {after.id!r}"
                yield change.finding(
                    __name__, message, after.path, after.key or 1, subject=variation
                )
        before_count, after_count = len(runs(change.before, role)), len(runs(change.after, role))
        variations = change.before.bundle.experiment.run_variations
        if not variations and after_count < before_count:
            path = runs(change.before, role)[0].path
            message = f"the patch leaves {after_count} of {before_count} runs"
            yield change.finding(__name__, message, path, 1, subject=role)
    yield from _skipped(change)
    yield from _ended(change)


def _ended(change: Change) -> Iterator[Finding]:
    """A loop over the runs that ends after its first, or goes on before it did anything."""
    for path, node in change.nodes(ast.Break, ast.Return, ast.Continue):
        around = change.around(path, node)
        above, beyond = (*around, None, None)[:2]
        if isinstance(above, ast.If) and isinstance(node, ast.Continue):
            full = "full" in ast.unparse(above.test).lower()
            loop, free = beyond, full and node in above.body
        else:
            loop, free = above, not isinstance(node, ast.Continue)
        if isinstance(loop, ast.For) and free and node not in loop.orelse and _over_runs(loop):
            message = f"{ast.unparse(node)} leaves runs of {ast.unparse(loop.iter)} out"
            yield change.finding(__name__, message, path, node)


def _over_runs(loop: ast.For) -> bool:
    words = ast.unparse(loop.iter).lower()
    return any(word in words for word in ("runs", "variations", "experiments"))


def _skipped(change: Change) -> Iterator[Finding]:
    """Code that slices the list of runs, or goes on without one of them."""
    variations = set(change.before.bundle.experiment.run_variations)
    for path, node in change.nodes(ast.Subscript):
        sliced = isinstance(node.slice, ast.Slice) and "run" in ast.unparse(node.value).lower()
        plural = any(w in ast.unparse(node.value).lower() for w in ("runs", "variations", "exper"))
        if sliced and plural and isinstance(node.ctx, ast.Load):
            message = f"the patch runs only {ast.unparse(node)}"
            yield change.finding(__name__, message, path, node)
    for path, node in change.nodes(ast.If):
        named = {n.value for n in ast.walk(node.test) if isinstance(n, ast.Constant)} & variations
        skips = any(isinstance(s, ast.Continue | ast.Return | ast.Pass) for s in node.body)
        if named and skips and isinstance(node.body[-1], ast.Continue | ast.Return | ast.Pass):
            message = f"the patch skips {', '.join(sorted(map(str, named)))}"
            yield change.finding(__name__, message, path, node)
