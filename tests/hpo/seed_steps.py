"""The seed bundle's repair by recipes alone, statically, step by step."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from ohgw_tools import guard
from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch
from ohgw_tools.editing.patch import apply
from ohgw_tools.recipe import all_recipes

SEED = Path(__file__).parents[1] / "bundles" / "seed" / "exp-2.bundle.json"
CONTRACT = Contract.load("base-derived")
VARIATIONS = (
    "pasha-baseline",
    "pasha-ohgw-vision-tuned-eta",
    "pasha-ohgw-low-eta",
    "pasha-ohgw-noisy-data",
)


def next_patch(bundle: Bundle, findings) -> tuple[str, Patch] | None:
    for recipe in all_recipes():
        mine = tuple(
            f
            for f in findings
            if f.severity != "info" and any(fnmatchcase(f.rule, a) for a in recipe.ANSWERS)
        )
        if mine and (patch := recipe.propose(bundle, CONTRACT, mine)) is not None:
            return recipe.NAME, patch
    return None


@lru_cache(maxsize=1)
def steps():
    """(recipe, verdict before, patch, bundle after, verdict after) for each step."""
    bundle, found = load(SEED), []
    verdict = check(bundle, CONTRACT)
    for _ in range(20):
        proposed = next_patch(bundle, verdict.findings) if verdict.errors else None
        if proposed is None:
            break
        name, patch = proposed
        after = bundle.with_derived(apply(bundle.derived, patch).tree)
        refused = guard.inspect(bundle, after, patch, CONTRACT)
        assert [f for f in refused if f.severity == "error"] == [], name
        then = check(after, CONTRACT)
        found.append((name, verdict, patch, after, then))
        bundle, verdict = after, then
    return found
