"""proxy-comment: a comment or docstring that admits a simplification."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source import wording
from ohgw_tools.source.remark import File, Remark, remarks
from ohgw_tools.subject import Subject

NAME = "proxy-comment"
CRITERION = "preservation"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "warning"
SUMMARY = "A comment or docstring admits that something simpler stands in for the real thing."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each: they are evidence for a reviewer, not a verdict."""
    for path, file in subject.parsed_files():
        for remark, found in file.derive(_admissions):
            where = remark.region(file.source, found)
            yield subject.finding(
                __name__,
                f"the code itself says that it is not the real thing: {found.text!r}",
                path,
                where,
                inherited=subject.inherited(path, where.start_line),
                data={"words": found.text, "form": remark.form},
            )


def _admissions(file: File) -> tuple[tuple[Remark, wording.Match], ...]:
    return tuple(
        (remark, found) for remark in remarks(file) if (found := wording.proxy(remark.text))
    )
