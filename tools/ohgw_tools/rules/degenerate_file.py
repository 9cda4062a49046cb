"""degenerate-file: a file that is mostly blank lines or one line repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.subject import Subject

NAME = "degenerate-file"
CRITERION = "completeness"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "warning"
SUMMARY = "A file is mostly filler: blank lines, or one line again and again."


_LONG = 200
_BLANK = 0.75
_REPEATED = 0.5


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each file of 200 lines or more that is filler for the larger part."""
    for path, file in subject.parsed_files():
        lines = [line.strip() for line in file.lines]
        if len(lines) < _LONG:
            continue
        blank = sum(not line for line in lines) / len(lines)
        common = Counter(text for text in lines if len(text) > 2).most_common(1)
        line, count = common[0] if common else ("", 0)
        if blank >= _BLANK:
            message = f"{blank:.0%} of its {len(lines)} lines are blank"
        elif count / len(lines) >= _REPEATED:
            message = f"{count} of its {len(lines)} lines are {line[:60]!r}"
        else:
            continue
        yield subject.finding(__name__, message, path, 1, subject=path, data={"lines": len(lines)})
