"""contradictory-description: a description that contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.facts.contradiction import contradictions
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.subject import Subject

NAME = "contradictory-description"
CRITERION = "consistency"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "warning"
SUMMARY = "The experiment's description contradicts itself."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each: a repair must choose, and say what it chose."""
    for found in contradictions(subject.bundle):
        yield subject.finding(
            __name__,
            f"the description contradicts itself: {found.message}",
            subject=found.subject,
            evidence=found.evidence,
            data={"subject": found.subject},
        )
