"""shortened-run: caps that were not there: new limits in a configuration, slices, time limits."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ohgw_tools import catalogue
from ohgw_tools.editing.change import Change, called
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.repairing.known_data import FULL_ROWS
from ohgw_tools.source.run_list import leaves

NAME = "guard-shortened-run"
CRITERION = "preservation"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "A patch puts a limit on steps, samples or time that the experiment does not have."

_CAP = re.compile(
    r"(?:max|limit|num|n)_?(?:train|eval|val|valid|validation|test)?_?"
    r"(?:steps|samples|batches|examples|rows|instances|iters|iterations)"
    r"|limit|truncate(?:_\w+)?|subset_size|\w*_fraction|max_(?:seconds|minutes|hours|time)"
)
_SHORT = re.compile(r"fast_dev_run|debug(?:_mode|_run)?|dry_run|quick(?:_run)?|fast(?:_mode)?")
_PART = re.compile(r"\[\d*%?:\d*%?\]")
_DATA = re.compile(
    r"(?:\w+_)?(?:data|datasets?|samples|examples|rows|records|train|test|val|validation)"
    r"(?:_(?:data|set|dataset|split|df))?"
)
_CLOCK = re.compile(r"\btime\.(?:time|monotonic|perf_counter)|elapsed|deadline|time_limit")
_SEEN = re.compile(r"\b(?:\w+_)?(?:count|seen|total|done|processed|samples|examples|tokens)\b")
_ALARMS = ("signal.alarm", "signal.setitimer", "threading.Timer")
_MOST_HELD_OUT = 0.5


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse new caps in the full configuration; show limits of time and parts of data in code."""
    yield from _new_caps(change)
    for path, node in change.nodes(ast.If):
        stops = any(isinstance(s, ast.Break | ast.Return) for s in node.body)
        test = ast.unparse(node.test)
        counted = _SEEN.search(test) and any(
            isinstance(n, ast.Constant) and type(n.value) is int and n.value > 1
            for n in ast.walk(node.test)
        )
        if stops and _in_loop(change, path, node) and (_CLOCK.search(test) or counted):
            message = f"the loop ends at {test[:100]}, which no configuration says"
            yield from _shown(change, message, path, node)
    for path, node in change.nodes(ast.Subscript):
        cut = isinstance(node.slice, ast.Slice) and _is_count(node.slice.upper)
        if cut and _DATA.fullmatch(_last_name(node.value)) and isinstance(node.ctx, ast.Load):
            message = f"{ast.unparse(node)[:100]} is a part of the data"
            yield from _shown(change, message, path, node)
    for path, node in change.nodes(ast.Call):
        if called(node) in _ALARMS:
            message = f"{ast.unparse(node)[:100]} ends the program by the clock"
            yield from _shown(change, message, path, node)
        elif _takes_part(node):
            message = f"{ast.unparse(node)[:100]} leaves most of the data out"
            yield from _shown(change, message, path, node)


def _shown(change: Change, message: str, path: str, node: ast.AST) -> Iterator[Finding]:
    if not change.in_smoke_branch(path, node):
        yield change.finding(__name__, message, path, node, severe=False)


def _new_caps(change: Change) -> Iterator[Finding]:
    """Keys and values that only the full configuration after the patch has."""
    for _, before, after in change.twins("full"):
        if before is None or after is None:
            continue
        old = dict(leaves(before.config))
        for key, value in leaves(after.config):
            if old.get(key) == value:
                continue
            name, where = str(key[-1]).lower(), ".".join(map(str, key))
            message = f"{where} = {value!r} cuts the full experiment"
            part = isinstance(value, str) and _PART.search(value)
            if part or (key not in old and _SHORT.fullmatch(name) and value is True):
                yield change.finding(__name__, message, after.path, (*after.key, *key))
            elif key not in old and _CAP.fullmatch(name) and _is_said(change, value) is False:
                stream = _is_whole_stream(after.config, name, value)
                severe = not (stream or _is_asked(change, name))
                place = (*after.key, *key)
                yield change.finding(__name__, message, after.path, place, severe=severe)


def _is_asked(change: Change, name: str) -> bool:
    """Whether the code cannot do without the key, so that a repair may have to give it."""
    asked = re.compile(rf"""\[\s*["']{re.escape(name)}["']\s*\]""")
    return any(asked.search(text) for text in change.before.files.values())


def _is_whole_stream(config: Mapping[str, Any], name: str, value: object) -> bool:
    """Whether this is how much is read of a corpus that is streamed: no epoch of it ever ends."""
    dataset = config.get("dataset")
    entry = catalogue.dataset(str(dataset.get("name"))) if isinstance(dataset, dict) else None
    streamed = entry is not None and entry.hub is not None and entry.hub.streamed
    return streamed and name == "max_rows" and isinstance(value, int) and value >= FULL_ROWS


def _is_said(change: Change, value: object) -> bool | None:
    """Whether the experiment's own text says this number; None for what is no limit."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return None
    digits = re.sub(r"(?<=\d),(?=\d)", "", change.text)
    return bool(re.search(rf"(?<![\d.]){re.escape(str(value))}(?![\d.]*\d)", digits))


def _in_loop(change: Change, path: str, node: ast.AST) -> bool:
    for above in change.around(path, node):
        if isinstance(above, ast.For | ast.While | ast.AsyncFor):
            return True
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef):
            return False
    return False


def _takes_part(node: ast.Call) -> bool:
    """`shard(50, 0)`, a split that holds most back, `filter` by a remainder."""
    verb = node.func.attr if isinstance(node.func, ast.Attribute) else called(node)
    given = {k.arg: k.value for k in node.keywords}
    if verb == "shard":
        return any(_is_count(a) for a in [*node.args, *given.values()])
    if verb in ("train_test_split", "random_split"):
        held, kept = _number(given.get("test_size")), _number(given.get("train_size"))
        return _MOST_HELD_OUT < held < 1 or 0 < kept < _MOST_HELD_OUT
    return verb == "filter" and any(
        isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mod) and _is_count(n.right)
        for n in ast.walk(node)
    )


def _number(node: ast.expr | None) -> float:
    value = node.value if isinstance(node, ast.Constant) else None
    return float(value) if isinstance(value, int | float) else 0.0


def _is_count(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value > 1


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value).lower()
    if isinstance(node, ast.Name):
        return node.id.lower()
    return node.attr.lower() if isinstance(node, ast.Attribute) else ""
