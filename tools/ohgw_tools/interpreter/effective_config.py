"""Effective configuration: of each run, what the code makes of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.interpretation import Comparison
from ohgw_tools.interpreter.tracking import EXTERNAL
from ohgw_tools.source.run_list import ID_KEYS, ROLES, Role, Run, leaves, runs
from ohgw_tools.source.yaml_file import KeyPath

if TYPE_CHECKING:
    from ohgw_tools.source.python_file import PythonFile
    from ohgw_tools.subject import Subject

REMARKS = ("description", "note", "notes", "comment", "comments", "tags", "seed", "title", "group")
Keys = KeyPath
Outcome = tuple[object, ...]


def spellings(subject: Subject) -> frozenset[str]:
    """Return every string, attribute, keyword and parameter of the code: all that may be a key."""
    found: frozenset[str] = subject.once(_spellings)
    return found


def _spellings(subject: Subject) -> frozenset[str]:
    return frozenset().union(*(file.derive(_in_file) for _, file in subject.python_files()))


def _in_file(file: PythonFile) -> frozenset[str]:
    found: set[str] = set()
    for node in file.nodes(ast.Constant):
        if isinstance(node.value, str) and len(node.value) < 200:
            found.add(node.value)
            found.update(node.value.split("."))
    found.update(node.attr for node in file.nodes(ast.Attribute))
    found.update(node.arg for node in file.nodes(ast.keyword) if node.arg)
    found.update(node.arg for node in file.nodes(ast.arg))
    targets = [node.target for node in file.nodes(ast.AnnAssign)]
    found.update(target.id for target in targets if isinstance(target, ast.Name))
    return frozenset(found)


def is_label(key: Keys) -> bool:
    """Whether a key at the top of a run only names or describes it."""
    return len(key) == 1 and (str(key[0]) in ID_KEYS or str(key[0]) in REMARKS)


def usages(subject: Subject, role: Role) -> dict[Keys, list[tuple[Run, object, str]]]:
    """Return how each key of the runs is used, run by run, with its value.

    `never`: its name stands nowhere in the code, and nothing around it is handed on; `unread`: no
    path of a run that was followed to its end reads it; `read` otherwise.
    """
    key = (usages, role)
    if key not in subject.memo:
        subject.memo[key] = _usages(subject, role)
    found: dict[Keys, list[tuple[Run, object, str]]] = subject.memo[key]
    return found


def _usages(subject: Subject, role: Role) -> dict[Keys, list[tuple[Run, object, str]]]:
    result: dict[Keys, list[tuple[Run, object, str]]] = {}
    named = spellings(subject)
    for run in runs(subject, role):
        for key, value in leaves(run.config):
            if key:
                usage = _usage(subject, run, key, named)
                result.setdefault(key, []).append((run, value, usage))
    return result


def _usage(subject: Subject, run: Run, key: Keys, named: frozenset[str]) -> str:
    interpretation = subject.interpretation
    full = (*run.key, *key)
    use = interpretation.configs.get(run.path)
    if use is not None and use.is_used(full, len(run.key)):
        return "read"
    if str(key[-1]) not in named:
        return "never"
    followed = interpretation.followed(run.path, tuple(run.key))
    return "unread" if followed and use is not None else "read"


def effective(subject: Subject, run: Run) -> dict[Keys, Outcome]:
    """Return what the code can tell of a run: values read, and for strings that are only compared,
    how each comparison came out.
    """
    use = subject.interpretation.configs.get(run.path)
    named = spellings(subject)
    known = {r.id for role in ROLES for r in runs(subject, role)}
    result: dict[Keys, Outcome] = {}
    for key, value in leaves(run.config):
        full = (*run.key, *key)
        compared = use.comparisons.get(full, []) if use is not None else []
        outcomes = [c for c in compared if not set(c.constants) <= known or EXTERNAL in c.constants]
        if key and is_label(key):
            internal = [c for c in outcomes if EXTERNAL not in c.constants]
            if internal:
                result[key] = _outcome(internal, value)
        elif _usage(subject, run, key, named) == "read":
            external = any(EXTERNAL in c.constants for c in compared)
            only = isinstance(value, str) and compared and not external
            result[key] = _outcome(compared, value) if only else ("value", repr(value))
    return result


def _outcome(compared: list[Comparison], value: object) -> Outcome:
    """Two strings are told apart by where a comparison matched, and with what."""
    parts = set()
    for each in compared:
        what: object = each.constants if len(each.constants) == 1 else value
        parts.add((each.path, each.line, each.matched, what if each.matched else None))
    return ("compared", tuple(sorted(map(repr, parts))))
