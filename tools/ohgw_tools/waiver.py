"""Waiver: a comment `ohgw: ignore[rule] reason` that takes findings out of the verdict.

A waiver stands at the end of the line at fault or alone on the line above it; `ignore-file[rule]`
holds for the whole file. It names its rules (`*` fits any) and gives a reason: one without a reason
waives nothing. Waived findings stay in the report, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from ohgw_tools.finding import Finding
from ohgw_tools.source.python_file import Comment
from ohgw_tools.subject import Subject

_WAIVER = re.compile(
    r"#\s*ohgw:\s*ignore(?P<file>-file)?\[(?P<rules>[^\]\s][^\]]*)\](?P<reason>.*)"
)


class Waiver(NamedTuple):
    """One waiver: the rules that it names, for one line (None is the whole file), and why."""

    path: str
    line: int | None
    rules: tuple[str, ...]
    reason: str
    comment: Comment

    def fits(self, finding: Finding) -> bool:
        """Whether the finding stands where the waiver holds, and its rule is named."""
        if finding.path != self.path or not self.reason:
            return False
        if not any(fnmatchcase(finding.rule, pattern) for pattern in self.rules):
            return False
        if self.line is None:
            return True
        return finding.region is not None and finding.region.start_line == self.line


def waivers(subject: Subject) -> Iterator[Waiver]:
    """Yield the waivers in the comments of every derived file."""
    for path in subject.files:
        if "ohgw:" not in subject.files[path]:
            continue
        file = subject.parsed(path)
        for comment in file.comments if file else ():
            if match := _WAIVER.search(comment.text):
                assert file is not None
                alone = not file.lines[comment.line - 1][: comment.column - 1].strip()
                line = _target(file.lines, comment.line) if alone else comment.line
                names = tuple(name.strip() for name in match["rules"].split(","))
                reason = match["reason"].strip(" \t:-")
                yield Waiver(path, None if match["file"] else line, names, reason, comment)


def waived(subject: Subject, findings: list[Finding]) -> list[Finding]:
    """Return the findings with the reason of the first waiver that fits each."""
    found = list(waivers(subject))
    if not found:
        return findings
    result = []
    for finding in findings:
        reason = next((w.reason for w in found if w.fits(finding)), None)
        result.append(finding.model_copy(update={"waived": reason}) if reason else finding)
    return result


def _target(lines: list[str], number: int) -> int:
    """The line that a waiver alone on its line speaks of: the next one that is not a comment."""
    for following in range(number + 1, len(lines) + 1):
        text = lines[following - 1].strip()
        if text and not text.startswith("#"):
            return following
    return number
