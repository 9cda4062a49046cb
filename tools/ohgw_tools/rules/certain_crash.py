"""certain-crash: an exception that every path of a program reaches."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.interpreter.crash import Crash, crashes
from ohgw_tools.subject import Subject

NAME = "certain-crash"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A program of the bundle raises an exception whatever happens before."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error for each exception; those that other rules name are left to them."""
    for crash in crashes(subject):
        error = crash.exception
        if (
            crash.is_registry_gap
            or crash.is_result_gap
            or error.thread
            or _named_elsewhere(subject, crash)
        ):
            continue
        yield subject.finding(
            __name__,
            f"{error.exception}: {error.message} — reached by the {crash.reached_by}",
            error.path,
            error.line,
            subject=f"{error.exception}: {error.message}"[:200],
            evidence=crash.evidence(subject),
            hidden_by=crash.hidden_by,
            inherited=subject.inherited(error.path, error.line),
            data={
                "exception": error.exception,
                "runs": list(crash.runs),
                **({"name": crash.name} if crash.name else {}),
                **({"key": crash.key} if crash.key else {}),
                **({"config": crash.config} if crash.config else {}),
            },
        )


def _named_elsewhere(subject: Subject, crash: Crash) -> bool:
    """Whether a rule for broken files, missing files or imports reports the fault at its line."""
    error = crash.exception
    if error.detail.get("absent") in subject.contract.files:
        return True
    if error.detail.get("syntax") or error.exception == "SyntaxError":
        return True
    missing = error.exception in ("ImportError", "ModuleNotFoundError")
    return missing and "subprocess" not in error.message
