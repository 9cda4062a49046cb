"""Rule: the role of one static check, and how rules are found, chosen and explained."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from ohgw_tools import rules
from ohgw_tools.contract import Contract
from ohgw_tools.errors import ContractError, InputError
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.subject import Subject


class Rule(Protocol):
    """A module of `ohgw_tools.rules`: one check. Its page is `tests/rules/<name>.md`.

    `NAME` is the file's name with hyphens. A rule yields findings that name it; a contract may
    change their severity. `SEVERITY` is the worst that the rule gives.
    """

    NAME: str
    CRITERION: str
    KIND: IssueKind
    SEVERITY: Severity
    SUMMARY: str

    def check(self, subject: Subject) -> Iterable[Finding]:
        """Yield what is wrong with the subject. Never raises on any bundle."""
        ...


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, found by its file, in order of names."""
    names = sorted(m.name for m in pkgutil.iter_modules(rules.__path__))
    return tuple(cast(Rule, import_module(f"{rules.__name__}.{name}")) for name in names)


def chosen(contract: Contract) -> tuple[Rule, ...]:
    """Return the static rules that a contract selects and does not ignore.

    `ignore` and `severity` may name rules of the sandbox stage too, in full, for no wildcard makes
    a crash ready; `select` may not, for a run is not looked at by halves. Raises ContractError for
    a pattern or a severity that fits no rule.
    """
    wanted = contract.rules
    names = [rule.NAME for rule in all_rules()]
    _refuse_unknown(wanted.select, names)
    _refuse_unknown((*wanted.ignore, *wanted.severity), names, run_rules_too=True)
    return tuple(
        rule
        for rule in all_rules()
        if any(fnmatchcase(rule.NAME, p) for p in wanted.select)
        and not any(fnmatchcase(rule.NAME, p) for p in wanted.ignore)
    )


def narrowed(
    contract: Contract, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()
) -> Contract:
    """Return the contract with other rules selected (where given) and more of them ignored.

    Raises ContractError for a pattern that fits no rule.
    """
    update = {"select": select or contract.rules.select, "ignore": contract.rules.ignore + ignore}
    narrower = contract.model_copy(update={"rules": contract.rules.model_copy(update=update)})
    chosen(narrower)
    return narrower


def _refuse_unknown(patterns: Iterable[str], names: list[str], run_rules_too: bool = False) -> None:
    for pattern in patterns:
        if any(fnmatchcase(name, pattern) for name in names):
            continue
        by_running = [name for name in _run_rules() if name == pattern]
        if by_running and not run_rules_too:
            message = f"{pattern!r} is found by running: give it a severity, or ignore it"
            raise ContractError(f"rules: select: {message}")
        if not by_running:
            raise ContractError(f"rules: {_unknown(pattern, [*names, *_run_rules()])}")


def _run_rules() -> dict[str, str]:
    """The rules of the sandbox stage, each with its summary."""
    from ohgw_tools.running.run_finding import RULES

    return {name: rule.summary for name, rule in RULES.items()}


def page(name: str) -> str:
    """Return the page of a rule or a property as Markdown. Raises InputError for a name that is
    neither's.
    """
    from ohgw_tools.property import all_properties

    summaries = {rule.NAME: rule.SUMMARY for rule in all_rules()} | _run_rules()
    summaries |= {each.NAME: each.SUMMARY for each in all_properties()}
    if name not in summaries:
        raise InputError(_unknown(name, list(summaries)))
    here = Path(__file__).resolve()
    tests = here.parents[2] / "tests"
    packed = (here.parent / folder for folder in ("pages", "property_pages", "run_pages"))
    sources = (tests / folder for folder in ("rules", "properties", "run_rules"))
    for folder in (*packed, *sources):
        file = folder / f"{name}.md"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    raise InputError(f"{name}: {summaries[name]} Its page is missing from this installation.")


def _unknown(name: str, names: list[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, names, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "`ohgw-agent rule` lists them all"
    return f"no rule is called {name!r}; {hint}"
