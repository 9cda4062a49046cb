"""unread-key: a configured value that no code reads."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.interpreter.effective_config import Keys, is_label, usages
from ohgw_tools.source.run_list import ROLES, Role, Run, assigned, runs
from ohgw_tools.subject import Subject

NAME = "unread-key"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "The configuration sets a key that nothing reads, so it changes nothing."

Uses = list[tuple[Run, object, str]]


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error where the key tells run variations apart, a warning where it does not."""
    crashed = {
        (e.launch.config, e.launch.run) for e in subject.interpretation.exceptions if not e.thread
    }
    seen: set[tuple[str, Keys]] = set()
    for role in ROLES:
        for key, uses in usages(subject, role).items():
            if (uses[0][0].path, key) in seen:
                continue
            seen.add((uses[0][0].path, key))
            worst = {usage for _, _, usage in uses}
            if "read" in worst or is_label(key) or not key:
                continue
            told_apart = _distinguishes(subject, role, key, uses)
            lexical = worst == {"never"}
            stopped = any((r.path, tuple(r.key)) in crashed for r, _, _ in uses)
            if lexical or (told_apart and not stopped):
                yield _finding(subject, key, uses, told_apart, lexical)


def _distinguishes(subject: Subject, role: Role, key: Keys, uses: Uses) -> bool:
    """Whether runs of the same dataset and model differ in this key, by variation."""
    found = runs(subject, role)
    named = {found[i].key: m.variation for i, m in assigned(subject, role).items()}
    values = {run.key: repr(value) for run, value, _ in uses}
    having = {named.get(run.key, run.id) for run, _, _ in uses}
    if having != {named.get(run.key, run.id) for run in found}:
        return True
    groups: dict[tuple[str, ...], dict[str, set[str]]] = {}
    for run in found:
        variation = named.get(run.key, run.id)
        held = groups.setdefault(run.group, {}).setdefault(variation, set())
        held.add(values.get(run.key, "absent"))
    return any(len({frozenset(v) for v in group.values()}) > 1 for group in groups.values())


def _finding(subject: Subject, key: Keys, uses: Uses, told_apart: bool, lexical: bool) -> Finding:
    run, value, _ = uses[0]
    name = ".".join(map(str, key))
    place = "its name stands nowhere in the code" if lexical else "no path of the program reads it"
    role = f"; it is meant to set {run.id} apart" if told_apart else ""
    ids: list[JsonValue] = [*(r.id for r, _, _ in uses[:40])]
    return subject.finding(
        __name__,
        f"{name} = {str(value)[:60]!r} is read by nothing: {place}{role}",
        run.path,
        (*run.key, *key),
        severity="error" if told_apart else "warning",
        subject=name,
        data={"key": name, "config": run.path, "runs": ids},
    )
