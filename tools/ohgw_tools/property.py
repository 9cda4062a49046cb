"""Property: an executable statement about behaviour; look() and judge() ask them of a bundle.

A property watches the program run, with configurations changed on purpose, and so judges any
bundle, whatever its functions are called. It proves what it reports and no more: a bundle that
passes has not shown these faults, which is less than that it has none.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from pydantic import JsonValue

from ohgw_tools import properties
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.errors import ContractError, CouldNotLook, RunCancelled
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


def chosen(patterns: Iterable[str]) -> tuple[Property, ...]:
    """Return the properties that glob patterns name.

    Raises ContractError for a pattern that fits none.
    """
    wanted = tuple(patterns)
    for pattern in wanted:
        if not any(fnmatchcase(one.NAME, pattern) for one in all_properties()):
            names = ", ".join(one.NAME for one in all_properties())
            raise ContractError(f"properties: {pattern!r} names none of {names}")
    return tuple(p for p in all_properties() if any(fnmatchcase(p.NAME, w) for w in wanted))


class Looked(NamedTuple):
    """What properties found, which of them applied, and which could not look, with the reason."""

    findings: tuple[Finding, ...]
    asked: tuple[str, ...]
    could_not: dict[str, str]

    @property
    def reason(self) -> str:
        """Why the whole is undecided; empty where every property could look."""
        return "; ".join(f"{name}: {why}" for name, why in self.could_not.items())


def look(prober: Prober, patterns: Iterable[str]) -> Looked:
    """Ask the properties that apply, of those that glob patterns name. Raises RunCancelled,
    ContractError.
    """
    findings: list[Finding] = []
    could_not: dict[str, str] = {}
    asked = [one for one in chosen(patterns) if one.applies(prober.subject)]
    for one in asked:
        prober.label = one.NAME
        try:
            findings += one.check(prober)
        except RunCancelled:
            raise
        except CouldNotLook as error:
            could_not[one.NAME] = str(error)
    return Looked(tuple(findings), tuple(one.NAME for one in asked), could_not)


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
    prober = Prober.of(Subject(bundle, contract), sandbox, interpreter)
    looked = look(prober, select)
    facts: dict[str, JsonValue] = {
        "properties": [*looked.asked],
        "runs": prober.count,
        "wall_ms": prober.wall_ms,
        "could_not_look": {**looked.could_not},
    }
    verdict = Verdict.of("sandbox", numbered([*looked.findings]), facts)
    if verdict.status == "pass" and looked.reason:
        return verdict.model_copy(update={"status": "undecided", "reason": looked.reason})
    return verdict
