"""thread-crash: a thread whose target raises on every path, so that its work is never done."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.interpreter.crash import crashes
from ohgw_tools.subject import Subject

NAME = "thread-crash"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "The target of a thread raises whatever happens; pipes that it drains fill up and block."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error for each thread target that cannot live."""
    for crash in crashes(subject):
        error = crash.exception
        if not error.thread:
            continue
        yield subject.finding(
            __name__,
            f"the thread dies with {error.exception}: {error.message} — "
            f"reached by the {crash.reached_by}",
            error.path,
            error.line,
            subject=f"{error.exception}: {error.message}"[:200],
            evidence=crash.evidence(subject),
            data={"exception": error.exception},
        )
