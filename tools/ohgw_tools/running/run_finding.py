"""RunFinding: findings of the sandbox stage: the rules that there are, and how one is made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import JsonValue

from ohgw_tools.contract import Contract
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.subject import Subject, Where

MAX_QUOTE = 2000


class RunRule(NamedTuple):
    """A rule of the sandbox stage: the criterion that it speaks to, and what it says."""

    criterion: str
    kind: IssueKind
    severity: Severity
    summary: str


def _crash(summary: str, severity: Severity = "error") -> RunRule:
    return RunRule("completeness", "not-executable", severity, summary)


def _hollow(summary: str, severity: Severity = "error") -> RunRule:
    return RunRule("replacement", "incomplete-replacement", severity, summary)


RULES: dict[str, RunRule] = {
    "environment": _crash("A declared dependency cannot be had, or the declaration is not one."),
    "dependency-missing": _crash("A module is imported that no declared dependency brings."),
    "dependency-broken": _crash("The declared dependencies do not work together."),
    "import-failed": _crash("A module of the bundle cannot be imported."),
    "smoke-crash": _crash("The smoke test ends with an error."),
    "smoke-timeout": _crash("The smoke test does not end in time."),
    "evaluate-crash": _crash("The evaluation of the smoke test's results ends with an error."),
    "evaluate-timeout": _crash("The evaluation of the smoke test's results does not end in time."),
    "full-crash": _crash("The full experiment, cut to a small size, ends with an error."),
    "full-timeout": _crash("The full experiment, cut to a small size, does not end in time."),
    "out-of-memory": _crash("A run needs more memory than the contract allows."),
    "too-many-processes": _crash("A run starts more processes than the contract allows."),
    "disk-full": _crash("A run writes more than the contract allows."),
    "output-flood": _crash("A run prints more than the contract allows."),
    "killed-by-filter": _crash("A run makes a system call that no experiment needs."),
    "result-missing": _crash("A run that ended well left no results."),
    "result-unreadable": _crash("The results of a run are not JSON."),
    "result-not-finite": _crash("A number among the results is not finite."),
    "result-empty": _crash("The results of a run hold no number."),
    "figure-missing": _crash("No figure was written."),
    "figure-empty": _crash("A figure is empty or not a PDF."),
    "log-missing": _crash("A run left no log."),
    "error-in-log": _crash("A run that ended well reports an error in its logs.", "warning"),
    "variation-not-run": _hollow("The smoke test ends well without running a variation."),
    "dataset-not-run": _hollow("The smoke test ends well without the declared dataset."),
    "model-not-run": _hollow("The smoke test ends well without the declared model."),
    "not-trained": _hollow("Results were written although nothing was trained.", "warning"),
    "evaluation-not-run": _hollow("The evaluation never ran.", "warning"),
    "seed-never-set": _hollow("Seeds are configured and no generator is seeded.", "warning"),
    "config-key-never-read": _hollow("A configured key was read by nobody.", "warning"),
    "flaky": _crash("The same program ends differently from one run to the next."),
    "result-not-repeatable": _crash("The same seed gives different results.", "warning"),
    "result-ignores-seed": _hollow("Another seed gives the very same results.", "warning"),
    "observation-tampered": _crash("What the observer wrote was altered.", "warning"),
}


class RunFindings:
    """Collects the findings of one stage; two of the same rule, place and subject are one."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._found: dict[tuple[str, str | None, str], Finding] = {}

    @property
    def contract(self) -> Contract:
        """The contract that the bundle is judged by."""
        return self.subject.contract

    @property
    def all(self) -> list[Finding]:
        """What was found, in order."""
        return list(self._found.values())

    @property
    def failed(self) -> bool:
        """Whether any of it decides."""
        return any(finding.severity == "error" for finding in self._found.values())

    def add(
        self,
        rule: str,
        message: str,
        path: str | None = None,
        where: Where = None,
        *,
        about: str | None = None,
        severity: Severity | None = None,
        evidence: Iterable[Evidence] = (),
        data: dict[str, JsonValue] | None = None,
    ) -> None:
        """Add a finding of `rule`. `about` is its subject, by default the line at fault."""
        facts = RULES[rule]
        known = path is not None and path in self.subject.files
        region = self.subject.region(path, where) if path and known else None
        line = self.subject.line(path, region).strip()
        quoted: tuple[Evidence, ...] = tuple(evidence)
        if path is not None and line:
            source = Evidence(kind="source", path=path, region=region, quote=line[:MAX_QUOTE])
            quoted = (source, *quoted)
        chosen = self.contract.rules.severity.get(rule, severity or facts.severity)
        finding = Finding(
            rule=rule,
            criterion=self._criterion(facts.criterion),
            kind=facts.kind,
            severity=chosen,
            message=message,
            path=path,
            region=region,
            evidence=quoted,
            subject=(line if about is None else about)[:MAX_QUOTE],
            data=data or {},
        )
        self.take(finding)

    def take(self, finding: Finding) -> None:
        """Add a finding as it is, unless the contract ignores its rule by its full name: `*` is a
        wish for no static rules, and must not make a crash ready.
        """
        if finding.rule in self.contract.rules.ignore:
            return
        self._found.setdefault((finding.rule, finding.path, finding.subject), finding)

    def _criterion(self, wanted: str) -> str:
        """The criterion, or the contract's last one where it has none of that name."""
        known = self.contract.criteria
        return wanted if wanted in known or not known else list(known)[-1]


def log(path: str, text: str, note: str = "") -> Evidence:
    """An excerpt of a stream or log as evidence; its end if it is long."""
    quote = text if len(text) <= MAX_QUOTE else f"[...]\n{text[-MAX_QUOTE:]}"
    return Evidence(kind="log", path=path, quote=quote, note=note)
