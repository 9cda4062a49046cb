"""NameRegistry: dictionaries that map names to classes or functions, and names that configs use."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from ohgw_tools.source.python_file import Definition, PythonFile
from ohgw_tools.source.run_list import ROLES, leaves, runs
from ohgw_tools.subject import Subject

NAME_KEYS = ("name", "type", "arch", "architecture", "class", "kind", "method", "algorithm")
_PARENTS = ("model", "dataset", "method", "optimizer", "scheduler", "algorithm", "data", "network")


class Registry(NamedTuple):
    """A dictionary at the top of a module: keys as written, the definitions that it holds."""

    name: str
    keys: tuple[str, ...]
    targets: tuple[str, ...]
    first_line: int
    last_line: int
    last_entry_line: int

    def spelt(self, name: str) -> str:
        """Return `name` in the letter case that all keys have."""
        for form in (str.upper, str.lower):
            if all(key == form(key) for key in self.keys):
                return form(name)
        return name


def registries(file: PythonFile) -> Iterator[Registry]:
    """Yield the dictionaries of a module whose keys are texts and whose values are definitions."""
    defined = {n.name for n in (file.tree.body if file.tree else ()) if isinstance(n, Definition)}
    for node in file.tree.body if file.tree else ():
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if not isinstance(value, ast.Dict) or not isinstance(target, ast.Name) or not value.keys:
            continue
        keys = [k.value for k in value.keys if isinstance(k, ast.Constant)]
        names = [v.id for v in value.values if isinstance(v, ast.Name)]
        if len(names) < len(value.values) or not all(isinstance(key, str) for key in keys):
            continue
        if len(keys) == len(value.keys) and defined & set(names):
            last = value.values[-1].end_lineno or node.lineno
            end = node.end_lineno or node.lineno
            yield Registry(target.id, tuple(map(str, keys)), tuple(names), node.lineno, end, last)


def unregistered(file: PythonFile, registry: Registry) -> Iterator[str]:
    """Yield the definitions above a registry that are of its kind (classes or functions) and that
    no registry of the module holds.
    """
    taken = {target for other in registries(file) for target in other.targets}
    defined = {
        n.name: n for n in (file.tree.body if file.tree else ()) if isinstance(n, Definition)
    }
    kinds = {isinstance(defined[t], ast.ClassDef) for t in registry.targets if t in defined}
    for name, node in defined.items():
        above = name not in taken and node.lineno < registry.first_line
        if above and isinstance(node, ast.ClassDef) in kinds:
            yield name


def configured_names(subject: Subject) -> tuple[str, ...]:
    """Return the names of datasets, models, methods and the like that the runs ask for."""
    found: dict[str, None] = {}
    for role in ROLES:
        for run in runs(subject, role):
            for key, value in leaves(run.config):
                named = bool(key) and (
                    (str(key[-1]) in NAME_KEYS and len(key) > 1) or str(key[-1]) in _PARENTS
                )
                if named and isinstance(value, str):
                    found[value] = None
    return tuple(found)
