"""KnownPackage: names that may be installed without asking, because experiments really use them.

A language model makes up package names, and strangers register them ("slopsquatting", Spracklen et
al., USENIX Security 2025). So a declared name is installed only if it is on this list, in the base
code's own declaration, or allowed by the user.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources

ALL = "*"


@cache
def known_packages() -> frozenset[str]:
    """The list, in normal form (PEP 503)."""
    place = resources.files("ohgw_tools.environments") / "known_packages.txt"
    return frozenset(place.read_text(encoding="utf-8").split())


def unknown(names: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """Those of `names` (in normal form) that are neither known nor allowed; `*` allows all."""
    more = frozenset(allowed)
    if ALL in more:
        return ()
    return tuple(sorted(frozenset(names) - known_packages() - more))
