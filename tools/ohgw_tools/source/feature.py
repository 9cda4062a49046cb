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
    shown_by: Callable[[_Shown], bool]


class _Shown(NamedTuple):
    """A node; of a call, its dotted name and that name's last part."""

    node: ast.AST
    name: str = ""
    last: str = ""


def _shown(node: ast.AST) -> _Shown:
    if not isinstance(node, ast.Call):
        return _Shown(node)
    name = dotted(node.func)
    last = node.func.attr if isinstance(node.func, ast.Attribute) else name
    return _Shown(node, name, last)


def _saves(shown: _Shown) -> bool:
    name, last = shown.name, shown.last
    if name in ("pickle.dump", "joblib.dump"):
        return True
    return last in _SAVERS and name.split(".")[0] in _SAVED


def _logs(shown: _Shown) -> bool:
    return shown.name == "print" or (shown.last in _LOGS and "log" in shown.name.lower())


def _seeds(shown: _Shown) -> bool:
    return shown.last in _SEEDS or shown.name.endswith("random.seed")


def _last(*names: str) -> Callable[[_Shown], bool]:
    return lambda shown: shown.last in names


FEATURES: tuple[Feature, ...] = (
    Feature("saved figures", "error", _last("savefig")),
    Feature("checkpoints", "error", _saves),
    Feature("written results", "error", lambda shown: shown.name in _WRITES),
    Feature("seeding", "error", _seeds),
    Feature("backward passes", "error", _last("backward")),
    Feature("optimizer steps", "error", _last("step")),
    Feature("logging", "warning", _logs),
    Feature("error handling", "warning", lambda shown: isinstance(shown.node, ast.Try)),
    Feature("learning-rate schedules", "warning", lambda shown: "lr_scheduler" in shown.name),
    Feature("assertions", "info", lambda shown: isinstance(shown.node, ast.Assert)),
)


def features(file: PythonFile | None) -> Counter[str]:
    """Return how often each feature shows in a file."""
    return file.derive(_features) if file else Counter()


def _features(file: PythonFile) -> Counter[str]:
    nodes = [*file.nodes(ast.Call), *file.nodes(ast.Try), *file.nodes(ast.Assert)]
    return Counter(f.name for shown in map(_shown, nodes) for f in FEATURES if f.shown_by(shown))
