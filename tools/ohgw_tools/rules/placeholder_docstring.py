"""placeholder-docstring: a docstring or a name that speaks of a placeholder."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.placeholder import placeholders
from ohgw_tools.subject import Subject

NAME = "placeholder-docstring"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "warning"
SUMMARY = "A docstring or the name of a definition speaks of a placeholder."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each: they hint at unfinished work and do not prove it."""
    for path, file in subject.python_files():
        for found in placeholders(file):
            if found.form not in ("docstring", "name"):
                continue
            what = "docstring speaks of" if found.form == "docstring" else "definition is called"
            yield subject.finding(
                __name__,
                f"{what} {found.token!r}",
                path,
                found.region,
                inherited=subject.inherited(path, found.region.start_line),
                data={"token": found.token},
            )
