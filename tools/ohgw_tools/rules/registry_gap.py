"""registry-gap: a name in a configuration that the code refuses when it gets there."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.interpreter.crash import crashes
from ohgw_tools.subject import Subject

NAME = "registry-gap"
CRITERION = "replacement"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "The configuration names a dataset, model or method that the code does not know."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error for each configured name and place that refuses it."""
    for crash in crashes(subject):
        if not crash.is_registry_gap:
            continue
        error = crash.exception
        yield subject.finding(
            __name__,
            f"{error.exception} for {crash.key} = {crash.name!r} ({crash.config}): "
            f"{error.message} — reached by the {crash.reached_by}",
            error.path,
            error.line,
            subject=f"{crash.key}={crash.name}",
            evidence=crash.evidence(subject),
            hidden_by=crash.hidden_by,
            inherited=subject.inherited(error.path, error.line),
            data={
                "name": crash.name,
                "key": crash.key,
                "config": crash.config,
                "exception": error.exception,
                "runs": list(crash.runs),
            },
        )
