"""renamed-variation: a run whose id is not the variation's name."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.run_list import CLOSE, EXACT, ROLES, assigned, runs
from ohgw_tools.subject import Subject

NAME = "renamed-variation"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "info"
SUMMARY = "A run carries out a variation under another id."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an info for each variation that no run carries by its exact name: results may then lie
    where nobody looks for them.
    """
    for role in ROLES:
        found = runs(subject, role)
        carried_out = assigned(subject, role)
        exact = {match.variation for match in carried_out.values() if match.score == EXACT}
        for index, match in carried_out.items():
            if match.variation in exact or match.score < CLOSE:
                continue
            exact.add(match.variation)
            run = found[index]
            yield subject.finding(
                __name__,
                f"run {run.id!r} seems to carry out {match.variation!r} under another name",
                run.path,
                (*run.key, subject.contract.variations.id_key),
                subject=f"{role}:{match.variation}",
                data={"run": run.id, "variation": match.variation, "config": run.path},
            )
