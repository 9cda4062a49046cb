"""contradictory-description: a description that contradicts itself, or what is known."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ohgw_tools.facts.contradiction import Contradiction, contradictions
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.yaml_file import YamlFile
from ohgw_tools.subject import Subject

NAME = "contradictory-description"
CRITERION = "consistency"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "warning"
SUMMARY = "The experiment's description contradicts itself."

_SETTLED = re.compile(
    r"#\s*contradiction \((?P<subject>.{1,60}?)\): (?P<choice>\S.*)", re.IGNORECASE
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each: a repair must choose, and say what it chose. Where a comment says
    it (`# Contradiction (SUBJECT): CHOICE`), an info that quotes the choice.
    """
    found = contradictions(subject.bundle)
    settled = _settled(subject) if found else {}
    for one in found:
        choice = settled.get(one.subject.casefold())
        yield _open(subject, one) if choice is None else _closed(subject, one, *choice)


def _open(subject: Subject, one: Contradiction) -> Finding:
    return subject.finding(
        __name__,
        f"the description contradicts itself: {one.message}",
        subject=one.subject,
        evidence=one.evidence,
        data={"subject": one.subject},
    )


def _closed(subject: Subject, one: Contradiction, path: str, line: int, choice: str) -> Finding:
    return subject.finding(
        __name__,
        f"the description contradicts itself: {one.message}; the code says what it does: {choice}",
        path,
        line,
        severity="info",
        subject=one.subject,
        evidence=one.evidence,
        data={"subject": one.subject, "settled": choice},
    )


def _settled(subject: Subject) -> dict[str, tuple[str, int, str]]:
    """Where comments settle contradictions, by subject."""
    found: dict[str, tuple[str, int, str]] = {}
    files: tuple[tuple[str, YamlFile | PythonFile], ...]
    files = (*subject.yaml_files(), *subject.python_files())
    for path, file in files:
        for comment in file.comments:
            match = _SETTLED.match(comment.text)
            if match is not None:
                place = (path, comment.line, match["choice"].strip()[:300])
                found.setdefault(match["subject"].casefold(), place)
    return found
