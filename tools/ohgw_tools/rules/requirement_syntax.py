"""requirement-syntax: a requirement line that installers cannot read."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.project_table import PATH, is_plain_requirement, project_file, requirements
from ohgw_tools.subject import Subject

NAME = "requirement-syntax"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A requirement breaks PEP 508."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each line that `packaging` refuses."""
    file = project_file(subject)
    for requirement in requirements(file) if file else ():
        if not isinstance(requirement.text, str):
            continue
        problem = _problem(requirement.text)
        if problem:
            line = _line(file.lines if file else [], requirement.text)
            yield subject.finding(
                __name__,
                f"the requirement {requirement.text[:120]!r} cannot be read: {problem}",
                PATH,
                line or requirement.key,
                subject=requirement.text[:200],
                data={"requirement": requirement.text, "key": list(requirement.key)},
            )


def _problem(text: str) -> str:
    if is_plain_requirement(text):
        return ""
    from packaging.requirements import InvalidRequirement
    from packaging.requirements import Requirement as Parsed

    try:
        Parsed(text)
    except InvalidRequirement as error:
        return str(error).split("\n")[0]
    return ""


def _line(lines: list[str], text: str) -> int:
    return next((number for number, line in enumerate(lines, 1) if text in line), 0)
