"""identical-variations: run variations that execute as one and the same experiment."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.interpreter.effective_config import effective, is_label
from ohgw_tools.source.run_list import ROLES, Role, Run, assigned, leaves, runs
from ohgw_tools.subject import Subject

NAME = "identical-variations"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "Two run variations differ in nothing that the code reads."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for the full configuration, a warning for the smoke test's."""
    seen: set[frozenset[str]] = set()
    for role in reversed(ROLES):
        for variations, alike in _classes(subject, role):
            if frozenset(variations) in seen:
                continue
            seen.add(frozenset(variations))
            yield _finding(subject, role, variations, alike)


def _classes(subject: Subject, role: Role) -> Iterator[tuple[list[str], list[Run]]]:
    found = runs(subject, role)
    carried_out = assigned(subject, role)
    groups: dict[object, list[int]] = {}
    for index in carried_out:
        run = found[index]
        seen = tuple(sorted((repr(k), repr(v)) for k, v in effective(subject, run).items()))
        groups.setdefault((run.group, seen), []).append(index)
    for indices in groups.values():
        variations = list(dict.fromkeys(carried_out[i].variation for i in indices))
        if len(variations) > 1:
            yield variations, [found[i] for i in indices]


def _finding(subject: Subject, role: Role, variations: list[str], alike: list[Run]) -> Finding:
    values = [dict(leaves(run.config)) for run in alike]
    keys = sorted({k for v in values for k in v if not is_label(k)}, key=repr)
    differing = [
        ".".join(map(str, k)) for k in keys if len({repr(v.get(k, "absent")) for v in values}) > 1
    ]
    if differing:
        how = f"differ only in {', '.join(differing[:5])}, which nothing reached tells apart"
    else:
        how = "have equal configurations, id and seed aside"
    last = alike[-1]
    return subject.finding(
        __name__,
        f"run variations {' and '.join(map(repr, variations))} {how}",
        last.path,
        last.key or 1,
        severity="error" if role == "full" else "warning",
        subject=" = ".join(sorted(variations)),
        data={
            "variations": [*variations],
            "keys": [*differing],
            "config": last.path,
        },
    )
