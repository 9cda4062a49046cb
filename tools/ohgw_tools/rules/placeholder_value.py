"""placeholder-value: a placeholder in a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.placeholder import placeholders
from ohgw_tools.subject import Subject

NAME = "placeholder-value"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A key or value of a configuration is a placeholder."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each placeholder among the keys and values of YAML and TOML files."""
    for path, file in subject.parsed_files():
        for found in placeholders(file):
            if found.form == "value":
                line = found.region.start_line
                yield subject.finding(
                    __name__,
                    f"the configuration holds the placeholder {found.token!r}",
                    path,
                    found.region,
                    inherited=subject.inherited(path, line),
                    data={"token": found.token},
                )
