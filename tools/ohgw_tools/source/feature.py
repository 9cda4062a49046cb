"""Feature: something that experiment code does and must not stop doing, as calls that show it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from ohgw_tools.finding import Severity
from ohgw_tools.source.definition_table import dotted
from ohgw_tools.source.python_file import PythonFile

_SAVERS = {
    *("save", "save_checkpoint", "save_pretrained", "save_model", "save_state", "save_weights"),
    *("savez", "savez_compressed"),
}
_SAVED = {
    "torch",
    "model",
    "mdl",
    "ckpt",
    "self",
    "joblib",
    "trainer",
    "accelerator",
    "np",
    "pickle",
}
_LOGS = {"info", "debug", "warning", "error", "exception", "critical", "log"}
_SEEDS = {"manual_seed", "manual_seed_all", "seed_everything", "set_seed", "set_all_seeds"}
_WRITES = {"json.dump", "json.dumps", "yaml.safe_dump", "yaml.dump", "csv.writer", "csv.DictWriter"}


class Feature(NamedTuple):
    """A feature by name: how grave its loss is, and whether a node shows it."""

    name: str
    severity: Severity
    shown_by: Callable[[ast.AST], bool]


def _called(node: ast.AST) -> tuple[str, str]:
    """Return a call's dotted name and its last part; empty for anything else."""
    if not isinstance(node, ast.Call):
        return "", ""
    name = dotted(node.func)
    last = node.func.attr if isinstance(node.func, ast.Attribute) else name
    return name, last


def _saves(node: ast.AST) -> bool:
    name, last = _called(node)
    if name in ("pickle.dump", "joblib.dump"):
        return True
    return last in _SAVERS and name.split(".")[0] in _SAVED


def _logs(node: ast.AST) -> bool:
    name, last = _called(node)
    return name == "print" or (last in _LOGS and "log" in name.lower())


def _seeds(node: ast.AST) -> bool:
    name, last = _called(node)
    return last in _SEEDS or name.endswith("random.seed")


def _last(*names: str) -> Callable[[ast.AST], bool]:
    return lambda node: _called(node)[1] in names


FEATURES: tuple[Feature, ...] = (
    Feature("saved figures", "error", _last("savefig")),
    Feature("checkpoints", "error", _saves),
    Feature("written results", "error", lambda node: _called(node)[0] in _WRITES),
    Feature("seeding", "error", _seeds),
    Feature("backward passes", "error", _last("backward")),
    Feature("optimizer steps", "error", _last("step")),
    Feature("logging", "warning", _logs),
    Feature("error handling", "warning", lambda node: isinstance(node, ast.Try)),
    Feature("learning-rate schedules", "warning", lambda node: "lr_scheduler" in _called(node)[0]),
    Feature("assertions", "info", lambda node: isinstance(node, ast.Assert)),
)


def features(file: PythonFile | None) -> Counter[str]:
    """Return how often each feature shows in a file."""
    return file.derive(_features) if file else Counter()


def _features(file: PythonFile) -> Counter[str]:
    nodes = [*file.nodes(ast.Call), *file.nodes(ast.Try), *file.nodes(ast.Assert)]
    return Counter(f.name for node in nodes for f in FEATURES if f.shown_by(node))
