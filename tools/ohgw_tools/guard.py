"""guard(): whether a patch changes what is not its to change, or gets round a failure.

Frozen facts are what makes the experiment the experiment: its variations, datasets, models,
metrics, seeds, budgets and the base code's functions; and the judge itself. An error refuses the
patch; a warning lets it through to the review, with the reason. Nothing here runs the code.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from ohgw_tools import guards
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch
from ohgw_tools.editing.change import Change
from ohgw_tools.finding import Finding, IssueKind, Severity, numbered
from ohgw_tools.subject import ParseCache


class Guard(Protocol):
    """A module of `ohgw_tools.guards`: one way to cheat. Its cases are in `tests/guard/`."""

    NAME: str
    CRITERION: str
    KIND: IssueKind
    SEVERITY: Severity
    SUMMARY: str

    def inspect(self, change: Change) -> Iterable[Finding]:
        """Yield what the change does that it should not. Never raises on any bundle."""
        ...


@cache
def all_guards() -> tuple[Guard, ...]:
    """Return every guard, found by its file, in order of names."""
    names = sorted(m.name for m in pkgutil.iter_modules(guards.__path__))
    return tuple(cast(Guard, import_module(f"{guards.__name__}.{name}")) for name in names)


def inspect(
    before: Bundle,
    after: Bundle,
    patch: Patch | None,
    contract: Contract,
    *,
    parsed: ParseCache | None = None,
) -> tuple[Finding, ...]:
    """Return what is wrong with going from `before` to `after`: errors refuse the patch, warnings
    are for the reviewer. The findings are about `after`; the same two bundles give the same ones.
    `parsed` holds files that were parsed before, and keeps those that are parsed now.
    """
    change = Change(before, after, patch, contract, parsed)
    if not change.paths:
        return ()
    return numbered([finding for guard in all_guards() for finding in guard.inspect(change)])
