"""TrainScript: the parts of a training script that recipes build on, found by its syntax."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ohgw_tools.subject import Subject


@dataclass(frozen=True)
class TrainScript:
    """A module whose `main` reads one run's configuration and trains it.

    `data` and `models` are the names that the script gives its sibling modules, `data_path` and
    `model_path` their files; `cfg`, `run_dir` and `device` are variables of `main`. `first` is the
    line of the first statement of `main` that asks for data.
    """

    path: str
    main: ast.FunctionDef
    functions: dict[str, ast.FunctionDef]
    data: str
    data_path: str
    models: str
    model_path: str
    cfg: str
    first: int


def find(subject: Subject) -> TrainScript | None:
    """Return the bundle's training script, or None where the parts are not plain to see."""
    for path, file in subject.python_files():
        if file.tree is None:
            continue
        functions = {n.name: n for n in file.tree.body if isinstance(n, ast.FunctionDef)}
        main = functions.get("main")
        siblings = _siblings(file.tree)
        data = _owner(main, "get_dataloader") if main else None
        models = _owner(main, "create_model") if main else None
        if main is None or data is None or models is None or not {data, models} <= set(siblings):
            continue
        folder = path.rpartition("/")[0]
        data_path, model_path = (f"{folder}/{siblings[m]}.py".lstrip("/") for m in (data, models))
        cfg = _loaded(main)
        assigned = set(_assigned(main))
        if not {data_path, model_path} <= set(subject.files) or cfg is None:
            continue
        if not {"run_dir", "device", "run_id"} <= assigned:
            continue
        first = _first_use(main, data)
        if first is not None:
            return TrainScript(
                path, main, functions, data, data_path, models, model_path, cfg, first
            )
    return None


def _siblings(tree: ast.Module) -> dict[str, str]:
    """Sibling modules by the name that they are bound to (`from . import model as mdl`)."""
    return {
        alias.asname or alias.name: alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and not node.module and node.level == 1
        for alias in node.names
    }


def _owner(function: ast.FunctionDef, method: str) -> str | None:
    """The one name that `method` is called on."""
    owners = {
        node.func.value.id
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == method
        and isinstance(node.func.value, ast.Name)
    }
    return owners.pop() if len(owners) == 1 else None


def _loaded(main: ast.FunctionDef) -> str | None:
    """The variable that holds what `yaml.safe_load` read."""
    for node in ast.walk(main):
        value = getattr(node, "value", None)
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(value, ast.Call):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if ast.unparse(value.func) == "yaml.safe_load" and isinstance(target, ast.Name):
            return target.id
    return None


def _assigned(main: ast.FunctionDef) -> list[str]:
    found = []
    for node in main.body:
        if isinstance(node, ast.Assign):
            found += [t.id for t in node.targets if isinstance(t, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(node.target.id)
    return found


def _first_use(main: ast.FunctionDef, data: str) -> int | None:
    for node in main.body:
        if f"{data}.get_dataloader" in ast.unparse(node):
            return node.lineno
    return None
