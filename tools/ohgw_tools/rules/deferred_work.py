"""deferred-work: words that put work off to a later step."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source import wording
from ohgw_tools.source.remark import File, Remark, messages, remarks
from ohgw_tools.subject import Subject

NAME = "deferred-work"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "warning"
SUMMARY = "A comment, docstring or message says that the work is still to be done."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each, an info for docstrings, which often speak of the base code."""
    for path, file in subject.parsed_files():
        for remark, found in file.derive(_deferred):
            where = remark.region(file.source, found)
            yield subject.finding(
                __name__,
                f"work is put off: {found.text!r}",
                path,
                where,
                severity="info" if remark.form == "docstring" else "warning",
                inherited=subject.inherited(path, where.start_line),
                data={"words": found.text, "form": remark.form},
            )


def _deferred(file: File) -> tuple[tuple[Remark, wording.Match], ...]:
    return tuple(
        (remark, found)
        for remark in (*remarks(file), *messages(file))
        if (found := wording.deferral(remark.text))
        and not wording.marker(remark.text)
        and not (remark.form == "message" and found.text.startswith(("must", "should")))
    )
