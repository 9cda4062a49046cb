"""Defects: functions that break a good bundle in one known way; None where they do not apply."""

from __future__ import annotations

import ast
import pkgutil
import random
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import yaml

from ohgw_tools.bundle import Bundle

Change = Callable[[Bundle, random.Random], Bundle | None]
DEFECTS: dict[str, Defect] = {}
FULL, SMOKE = "config/full_experiment.yaml", "config/smoke_test.yaml"
CODE = ("src/train.py", "src/evaluate.py", "src/preprocess.py", "src/model.py", "src/main.py")


@dataclass(frozen=True)
class Defect:
    """One kind of defect. `rules` are those meant for it; `severity` the least they should give."""

    name: str
    rules: tuple[str, ...]
    change: Change
    severity: str = "error"


def defect(*rules: str, severity: str = "error") -> Callable[[Change], Change]:
    """Enter a change under its function's name."""

    def enter(change: Change) -> Change:
        name = change.__name__.replace("_", "-")
        DEFECTS[name] = Defect(name, rules, change, severity)
        return change

    return enter


def all_defects() -> list[Defect]:
    """Return every kind of defect, in order of names."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"defects.{module.name}")
    return [DEFECTS[name] for name in sorted(DEFECTS)]


def with_file(bundle: Bundle, path: str, text: str) -> Bundle | None:
    """Return the bundle with one derived file changed; None if it is the same."""
    if bundle.derived.get(path) == text:
        return None
    return bundle.with_derived(bundle.derived.with_file(path, text))


def replaced(bundle: Bundle, path: str, old: str, new: str, count: int = 1) -> Bundle | None:
    """Return the bundle with text of one file replaced; None if it is not there."""
    text = bundle.derived[path]
    return with_file(bundle, path, text.replace(old, new, count)) if old in text else None


def spliced(bundle: Bundle, path: str, start: int, end: int, lines: list[str]) -> Bundle | None:
    """Return the bundle with lines `start` to `end` (from 1, inclusive) replaced."""
    old = bundle.derived[path].splitlines()
    new = [*old[: start - 1], *lines, *old[end:]]
    return with_file(bundle, path, "\n".join(new) + "\n")


def functions(bundle: Bundle, path: str, least: int = 3) -> list[ast.FunctionDef]:
    """Return the functions and methods of a file that have at least `least` statements."""
    found = []
    for node in ast.walk(ast.parse(bundle.derived[path])):
        if (
            isinstance(node, ast.FunctionDef)
            and sum(isinstance(n, ast.stmt) for n in ast.walk(node)) > least
        ):
            found.append(node)
    return found


def body_span(node: ast.FunctionDef) -> tuple[int, int, str]:
    """Return first and last line of a body without its docstring, and the body's indentation."""
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1:
        body = body[1:]
    return body[0].lineno, node.end_lineno or node.lineno, " " * body[0].col_offset


def with_runs(
    bundle: Bundle, path: str, change: Callable[[dict, random.Random], bool], rng: random.Random
) -> Bundle | None:
    """Return the bundle with a configuration's document changed in place by `change`."""
    document = yaml.safe_load(bundle.derived[path])
    if not change(document, rng):
        return None
    return with_file(bundle, path, yaml.safe_dump(document, sort_keys=False))
