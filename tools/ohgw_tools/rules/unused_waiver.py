"""unused-waiver: a waiver that waives nothing."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.subject import Subject
from ohgw_tools.waiver import waivers

NAME = "unused-waiver"
CRITERION = "consistency"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "warning"
SUMMARY = "An `ohgw: ignore` comment names no rule or gives no reason."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each waiver without a reason, and for each name that fits no rule."""
    from ohgw_tools.rule import all_rules

    names = [rule.NAME for rule in all_rules()]
    for waiver in waivers(subject):
        if not waiver.reason:
            problem = "gives no reason, so it waives nothing: write `# ohgw: ignore[rule] why`"
        elif unknown := [r for r in waiver.rules if not any(fnmatchcase(n, r) for n in names)]:
            problem = f"names no rule by {', '.join(unknown)}"
        else:
            continue
        yield subject.finding(__name__, f"this waiver {problem}", waiver.path, waiver.comment.line)
