"""placeholder-string: a placeholder in a string that the program uses."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.placeholder import placeholders
from ohgw_tools.subject import Subject

NAME = "placeholder-string"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A string that the program uses holds a placeholder."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each string; docstrings and guards against placeholders are none."""
    for path, file in subject.python_files():
        for found in placeholders(file):
            if found.form == "string":
                line = found.region.start_line
                yield subject.finding(
                    __name__,
                    f"the program uses the placeholder {found.token!r}",
                    path,
                    found.region,
                    inherited=subject.inherited(path, line),
                    data={"token": found.token},
                )
