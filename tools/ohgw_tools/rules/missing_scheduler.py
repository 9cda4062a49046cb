"""missing-scheduler: run variations are named for a scheduler that is not there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools import catalogue
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.run_list import ID_KEYS, ROLES, runs
from ohgw_tools.subject import Subject

NAME = "missing-scheduler"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "Run variations are named for a scheduler that neither code nor configuration mentions."

_WORD = re.compile(r"[a-z0-9+]+")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error for each scheduler of the catalogue that stands in a run variation's name
    while no identifier, string or import of the code and no value of a configuration (ids aside)
    holds its name. Comments and docstrings do not count: a name alone schedules nothing.
    """
    variations = subject.bundle.experiment.run_variations
    wanted = catalogue.named_in(
        "\n".join(v.replace("-", " ").replace("_", " ") for v in variations), catalogue.schedulers()
    )
    if not wanted:
        return
    said = _words_of_code(subject) | _words_of_configs(subject)
    for entry in wanted:
        names = {catalogue.spelling(name) for name in (entry.name, *entry.aliases)}
        if any(name in word for name in names for word in said):
            continue
        using = [v for v in variations if names & set(_WORD.findall(v.casefold()))]
        if not using or (not entry.template and not entry.nearest):
            continue
        path = subject.contract.variations.code
        path = path if path in subject.files else next(iter(subject.files), None)
        yield subject.finding(
            __name__,
            f"{', '.join(using[:8])}: the scheduler {entry.name.upper()} is in no code and no "
            "configuration, so these runs train one configuration each and search nothing",
            path,
            1,
            subject=entry.name,
            evidence=tuple(
                Evidence(kind="text", path="run_variations", quote=name) for name in using[:4]
            ),
            data={"scheduler": entry.name, "variations": list(using)},
        )


def _words_of_code(subject: Subject) -> set[str]:
    """Identifiers, strings and imported names of all Python files, without separators."""
    found: set[str] = set()
    for _, file in subject.python_files():
        found |= file.derive(_words_of_file)
    return found


def _words_of_file(file: PythonFile) -> frozenset[str]:
    spoken = {id(node.value) for node in file.nodes(ast.Expr)}
    kinds = (ast.Name, ast.Attribute, ast.FunctionDef, ast.ClassDef, ast.alias, ast.ImportFrom)
    names = {n for node in file.nodes(*kinds, ast.Constant) for n in _names(node, spoken)}
    return frozenset(map(catalogue.spelling, names))


def _names(node: ast.AST, docstrings: set[int]) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, (ast.FunctionDef | ast.ClassDef, ast.alias)):
        yield node.name
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
    elif isinstance(node, ast.Constant) and id(node) not in docstrings:
        yield str(node.value)[:200]


def _words_of_configs(subject: Subject) -> set[str]:
    found: set[str] = set()
    for role in ROLES:
        for run in runs(subject, role):
            found |= set(_values(run.config))
    return found


def _values(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield catalogue.spelling(str(name))
            yield from _values(part, str(name))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _values(part, key)
    elif isinstance(value, str) and key not in ID_KEYS:
        yield catalogue.spelling(value)
