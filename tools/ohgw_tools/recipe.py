"""Recipe: the role of one repair that needs no model."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Protocol, cast

from ohgw_tools import recipes
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch
from ohgw_tools.finding import Finding


class Recipe(Protocol):
    """A module of `ohgw_tools.recipes`: one repair. `ANSWERS` names the rules whose findings it can
    mend; `ORDER` sorts recipes, lowest first (restore before add before tune).
    """

    NAME: str
    ANSWERS: tuple[str, ...]
    ORDER: int
    SUMMARY: str

    def propose(
        self, bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]
    ) -> Patch | None:
        """Return the patch that mends as many of `findings` (already filtered to `ANSWERS`) as this
        recipe is certain of, or None. Deterministic; never guesses.
        """
        ...


def all_recipes() -> tuple[Recipe, ...]:
    """Return every recipe, found by its file, lowest `ORDER` first."""
    names = [m.name for m in pkgutil.iter_modules(recipes.__path__)]
    found = [cast(Recipe, import_module(f"{recipes.__name__}.{name}")) for name in names]
    return tuple(sorted(found, key=lambda recipe: (recipe.ORDER, recipe.NAME)))
