"""missing-file: a file that the contract asks for is not there."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.subject import Subject

NAME = "missing-file"
CRITERION = "consistency"
KIND: IssueKind = "omission"
SEVERITY: Severity = "error"
SUMMARY = "A file that the contract asks for is missing."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each missing file that the contract or the base code names."""
    wanted = dict.fromkeys(subject.contract.files, "the contract asks for it")
    if subject.contract.has_base:
        wanted |= {path: "the base code has it" for path in subject.base if path not in wanted}
    for path, reason in wanted.items():
        if path not in subject.files:
            yield subject.finding(
                __name__,
                f"{path} is missing: {reason}",
                subject=path,
                data={"file": path, "in_base": path in subject.base},
            )
