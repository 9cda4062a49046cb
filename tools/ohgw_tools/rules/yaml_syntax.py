"""yaml-syntax: a YAML file that does not parse."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.subject import Subject

NAME = "yaml-syntax"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A YAML file does not parse."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error for each file, at the place where reading stops."""
    for path, file in subject.yaml_files():
        if file.fault is not None:
            fault = file.fault
            line = min(max(fault.line, 1), len(file.lines))
            yield subject.finding(
                __name__,
                f"yaml.safe_load cannot read this file: {fault.message}",
                path,
                file.source.line_region(line, min(fault.column, len(file.lines[line - 1]) + 1)),
                subject=fault.message,
                inherited=subject.inherited(path, line),
                data={"message": fault.message},
            )
