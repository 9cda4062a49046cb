"""Report: a judgement together with what it was made of, ready to be written down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from ohgw_tools.bundle import Bundle
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.verdict import Judgement

Status = Literal["ready", "not ready", "undecided"]
ORDER: Mapping[str, int] = {"error": 0, "warning": 1, "info": 2}


class RuleText(NamedTuple):
    """What a report says of a rule: its summary, its severity and kind, and its page if any."""

    summary: str
    severity: Severity
    kind: IssueKind
    page: str


class Report(NamedTuple):
    """A judgement, the bundle that it is of, and the contract that it was held against.

    `root` is a directory that the derived files stand in, for readers that open them there; `color`
    allows terminal colours in formats made for terminals.
    """

    judgement: Judgement
    bundle: Bundle
    contract: str
    root: Path | None = None
    color: bool = False

    @property
    def status(self) -> Status:
        """The judgement's status; a single static verdict is read as it stands."""
        return self.judgement.status

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of every stage."""
        return self.judgement.findings

    def counts(self) -> dict[str, int]:
        """How many errors decide, how many warnings and infos there are, and how many waived."""
        counts = {"error": 0, "warning": 0, "info": 0, "waived": 0}
        for finding in self.findings:
            counts["waived" if finding.waived is not None else finding.severity] += 1
        return counts

    def by_path(self) -> dict[str | None, list[Finding]]:
        """Return the findings by file, files in order, the bundle's own first; within a file a root
        cause comes before what follows from it.
        """
        groups: dict[str | None, list[Finding]] = {}
        for finding in sorted(self.findings, key=lambda f: f.path or ""):
            groups.setdefault(finding.path, []).append(finding)
        for findings in groups.values():
            findings.sort(key=_within_file)
        return groups

    def line(self, path: str | None, number: int) -> str:
        """Return one line of a derived file; empty where there is none."""
        if path is None or path not in self.bundle.derived:
            return ""
        lines = self.bundle.derived[path].split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


def is_root(finding: Finding) -> bool:
    """Whether other findings are explained by this one."""
    own = f"{finding.rule}:{finding.path}"
    return finding.cause in (own, f"{own}:{finding.subject}")


def rule_text(finding: Finding) -> RuleText:
    """Return what is known of a finding's rule; of a stage without rules, the finding's own."""
    from ohgw_tools.rule import all_rules
    from ohgw_tools.running.run_finding import RULES

    for rule in all_rules():
        if finding.rule == rule.NAME:
            return RuleText(rule.SUMMARY, rule.SEVERITY, rule.KIND, _page(rule.NAME))
    if known := RULES.get(finding.rule):
        return RuleText(known.summary, known.severity, known.kind, _page(finding.rule))
    return RuleText(finding.rule.replace("-", " "), finding.severity, finding.kind, "")


def _page(name: str) -> str:
    from ohgw_tools.errors import InputError
    from ohgw_tools.rule import page

    try:
        return page(name)
    except InputError:
        return ""


def _within_file(finding: Finding) -> tuple[bool, str, bool, int, int, str]:
    region = finding.region
    explained = finding.cause is not None and not is_root(finding)
    return (
        finding.waived is not None,
        finding.cause or "",
        explained,
        region.start_line if region else 0,
        ORDER[finding.severity],
        finding.rule,
    )
