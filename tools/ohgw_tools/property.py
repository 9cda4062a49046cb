"""Property: an executable statement about behaviour; judge(), which runs them on a bundle.

A property watches the program run, with configurations changed on purpose, and so judges any
bundle, whatever its functions are called. It proves what it reports and no more: a bundle that
passes has not shown these faults, which is less than that it has none.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Protocol, cast

from pydantic import JsonValue

from ohgw_tools import properties
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.errors import CouldNotLook
from ohgw_tools.finding import Finding, IssueKind, Severity, numbered
from ohgw_tools.running.probe import Prober
from ohgw_tools.sandbox import Interpreter, Sandbox
from ohgw_tools.subject import Subject
from ohgw_tools.verdict import Verdict


class Property(Protocol):
    """A module of `ohgw_tools.properties`: one statement."""

    NAME: str
    CRITERION: str
    KIND: IssueKind
    SEVERITY: Severity
    SUMMARY: str

    def applies(self, subject: Subject) -> bool:
        """Whether the experiment is one that the statement is about. Runs nothing."""
        ...

    def check(self, prober: Prober) -> Iterator[Finding]:
        """Yield where the bundle breaks the statement. Raises CouldNotLook and its kinds."""
        ...


def all_properties() -> tuple[Property, ...]:
    """Return every property, found by its file, in order of names."""
    names = sorted(m.name for m in pkgutil.iter_modules(properties.__path__))
    prefix = properties.__name__
    return tuple(cast(Property, import_module(f"{prefix}.{name}")) for name in names)


def judge(
    bundle: Bundle,
    contract: Contract,
    sandbox: Sandbox,
    interpreter: Interpreter,
    *,
    select: Iterable[str] = ("*",),
) -> Verdict:
    """Return a verdict of stage `sandbox` on the properties that apply, of those that `select`
    names (glob patterns). It is `undecided` where a property could not look and none failed.
    """
    subject = Subject(bundle, contract)
    patterns = tuple(select)
    asked = [
        p
        for p in all_properties()
        if any(fnmatchcase(p.NAME, pattern) for pattern in patterns) and p.applies(subject)
    ]
    findings: list[Finding] = []
    could_not: dict[str, JsonValue] = {}
    prober = Prober(subject, sandbox, interpreter)
    for one in asked:
        try:
            findings += one.check(prober)
        except CouldNotLook as error:
            could_not[one.NAME] = str(error)
    facts: dict[str, JsonValue] = {
        "properties": [p.NAME for p in asked],
        "runs": prober.count,
        "wall_ms": prober.wall_ms,
    }
    verdict = Verdict.of("sandbox", numbered(findings), {**facts, "could_not_look": could_not})
    if verdict.status == "pass" and could_not:
        reason = "; ".join(f"{name}: {why}" for name, why in could_not.items())
        return verdict.model_copy(update={"status": "undecided", "reason": reason})
    return verdict
