"""missing-scheduler: run variations are named for a scheduler that is not there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools import catalogue
from ohgw_tools.catalogue import SchedulerEntry
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.run_list import ID_KEYS, ROLES, runs
from ohgw_tools.subject import Subject

NAME = "missing-scheduler"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "Run variations are named for a scheduler that neither code nor configuration mentions."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error for each scheduler of the catalogue that stands in a run variation's name
    while no identifier, string or import of the code and no value of a configuration (ids aside)
    holds its name. Comments and docstrings do not count: a name alone schedules nothing.
    """
    variations = subject.bundle.experiment.run_variations
    using = _using(variations)
    if not using:
        return
    said = _words_of_code(subject) | _words_of_configs(subject)
    for name, named in using.items():
        entry = catalogue.scheduler(name)
        if entry is None or (not entry.template and not entry.nearest) or _is_said(entry, said):
            continue
        path = subject.contract.variations.code
        path = path if path in subject.files else next(iter(subject.files), None)
        yield subject.finding(
            __name__,
            f"{', '.join(named[:8])}: the scheduler {entry.name.upper()} is in no code and no "
            "configuration, so these runs train one configuration each and search nothing",
            path,
            1,
            subject=entry.name,
            evidence=tuple(
                Evidence(kind="text", path="run_variations", quote=variation)
                for variation in named[:4]
            ),
            data={"scheduler": entry.name, "variations": list(named)},
        )


def _using(variations: tuple[str, ...]) -> dict[str, list[str]]:
    """The variations by the scheduler that they are named for."""
    found: dict[str, list[str]] = {}
    for variation in variations:
        words = variation.replace("-", " ").replace("_", " ")
        for entry in catalogue.named_in(words, catalogue.schedulers()):
            found.setdefault(entry.name, []).append(variation)
    return found


def _is_said(entry: SchedulerEntry, said: set[str]) -> bool:
    """Whether a word holds one of the scheduler's names, and not within that of another: PASHA does
    not say ASHA. Names of up to three letters are to be found in too many words.
    """
    names = _spelt(entry)
    longer = {
        other
        for one in catalogue.schedulers()
        if one.name != entry.name
        for other in _spelt(one)
        if any(name in other for name in names)
    }
    for word in said:
        left = word
        for other in longer:
            left = left.replace(other, " ")
        if word in names or any(name in left for name in names if len(name) > 3):
            return True
    return False


def _spelt(entry: SchedulerEntry) -> set[str]:
    return {catalogue.spelling(name) for name in (entry.name, *entry.aliases)}


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
