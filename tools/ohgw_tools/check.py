"""check(): judge a bundle by the rules of a contract. Runs nothing of the bundle, asks no model."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from ohgw_tools import collector
from ohgw_tools.bundle import Bundle
from ohgw_tools.cause import grouped
from ohgw_tools.contract import Contract
from ohgw_tools.finding import Finding, numbered
from ohgw_tools.frame_room import roomy
from ohgw_tools.rule import Rule, chosen
from ohgw_tools.subject import ParseCache, Subject
from ohgw_tools.verdict import Verdict
from ohgw_tools.waiver import waived


def check(bundle: Bundle, contract: Contract, *, cache: ParseCache | None = None) -> Verdict:
    """Return the verdict of stage `static`: errors decide it, warnings and infos never do.

    `cache` keeps parsed files between calls, so that after a patch only what changed is parsed
    again. The verdict is `undecided` only where no error was found and some file is past what can
    be judged (1 MiB, 150 levels of nesting). Raises ContractError where the contract names a rule
    that does not exist.
    """
    with collector.at_rest():
        return _judged(Subject(bundle, contract, cache), contract)


@roomy
def _judged(subject: Subject, contract: Contract) -> Verdict:
    rules = chosen(contract)
    findings = waived(subject, list(_severities(contract, _found(subject, rules))))
    verdict = Verdict.of("static", grouped(numbered(findings)), _facts(subject, rules))
    unread = _unread(subject)
    if unread and verdict.status == "pass":
        return verdict.model_copy(update={"status": "undecided", "reason": unread})
    return verdict


def _found(subject: Subject, rules: Iterable[Rule]) -> Iterable[Finding]:
    for rule in rules:
        yield from rule.check(subject)


def _severities(contract: Contract, findings: Iterable[Finding]) -> Iterable[Finding]:
    """A contract's severity replaces the rule's own, but a milder finding is never made worse by
    the mere name of the rule's worst.
    """
    changed = contract.rules.severity
    for finding in findings:
        severity = changed.get(finding.rule)
        yield finding.model_copy(update={"severity": severity}) if severity else finding


def _facts(subject: Subject, rules: Iterable[Rule]) -> dict[str, JsonValue]:
    return {"rules": len(tuple(rules)), "files": len(subject.files)}


def _unread(subject: Subject) -> str:
    """Say which files could not be judged, and what to do about it; empty where all were."""
    faults = []
    for path in subject.files:
        file = subject.parsed(path)
        if file is not None and file.too_large:
            faults.append(f"{path}: {file.too_large}")
    if not faults:
        return ""
    return f"cannot judge {'; '.join(faults)}: split or simplify it"
