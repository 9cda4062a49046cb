"""Rule: the role of one static check; Subject, what it looks at."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from typing import Protocol, cast

from ohgw_tools import rules
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.subject import Subject


class Rule(Protocol):
    """A module of `ohgw_tools.rules`: one check. Its page is `tests/rules/<name>.md`.

    A rule yields findings that name it by `NAME`; a contract may change their severity.
    """

    NAME: str
    CRITERION: str
    KIND: IssueKind
    SEVERITY: Severity
    SUMMARY: str

    def check(self, subject: Subject) -> Iterable[Finding]:
        """Yield what is wrong with the subject. Never raises on any bundle."""
        ...


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, found by its file, in order of names."""
    names = sorted(m.name for m in pkgutil.iter_modules(rules.__path__))
    return tuple(cast(Rule, import_module(f"{rules.__name__}.{name}")) for name in names)
