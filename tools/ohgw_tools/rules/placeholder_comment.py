"""placeholder-comment: a comment that marks unfinished work."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.placeholder import placeholders
from ohgw_tools.subject import Subject

NAME = "placeholder-comment"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A comment marks unfinished work (TODO, PLACEHOLDER, [UNCHANGED])."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each marker in capitals, a warning for the plain word `placeholder`."""
    for path, file in subject.parsed_files():
        for found in placeholders(file):
            if found.form not in ("comment", "word"):
                continue
            inherited = subject.inherited(path, found.region.start_line)
            origin = ", as in the base code" if inherited else ""
            yield subject.finding(
                __name__,
                f"comment marks unfinished work: {found.token}{origin}",
                path,
                found.region,
                severity="error" if found.form == "comment" else "warning",
                inherited=inherited,
                data={"token": found.token},
            )
