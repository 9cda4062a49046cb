"""result-key-gap: a key that is read from results, but that no program writes there."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.interpreter.crash import crashes
from ohgw_tools.subject import Subject

NAME = "result-key-gap"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "The evaluation reads a key of the results that the training does not write."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error for each key; the keys that are there are named."""
    seen: set[tuple[str, int, str]] = set()
    for crash in crashes(subject):
        error = crash.exception
        key = str(error.detail.get("key", ""))
        if not crash.is_result_gap or (error.path, error.line, key) in seen:
            continue
        seen.add((error.path, error.line, key))
        available = [str(k) for k in error.detail.get("available", [])]
        yield subject.finding(
            __name__,
            f"reads {key!r}, but the file written holds only {', '.join(available) or 'nothing'} — "
            f"KeyError, reached by the {crash.reached_by}",
            error.path,
            error.line,
            subject=key,
            evidence=crash.evidence(subject),
            hidden_by=crash.hidden_by,
            inherited=subject.inherited(error.path, error.line),
            data={"key": key, "available": [*available]},
        )
