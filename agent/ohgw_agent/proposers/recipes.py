"""RecipeProposer: the built-in repairs, tried in order, each at most once on the same tree."""

from __future__ import annotations

from fnmatch import fnmatchcase

from ohgw_agent.proposer import Situation
from ohgw_tools.edit import Patch
from ohgw_tools.finding import Finding
from ohgw_tools.recipe import Recipe, all_recipes


class RecipeProposer:
    """Answers findings by recipes, with no model."""

    name = "recipes"

    def __init__(self, recipes: tuple[Recipe, ...] | None = None) -> None:
        self._recipes = all_recipes() if recipes is None else recipes

    def propose(self, situation: Situation) -> Patch | None:
        """Return the first recipe's patch that has not been tried on this tree, or None."""
        if situation.slot > 0:
            return None
        # A list: edits that hold JSON objects have no hash.
        tried = [
            attempt.patch.edits
            for attempt in situation.history
            if attempt.patch is not None and attempt.parent == situation.judgement.tree
        ]
        for recipe in self._recipes:
            findings = _answered(recipe, situation.judgement.findings)
            if not findings:
                continue
            patch = recipe.propose(situation.bundle, situation.contract, findings)
            if patch is not None and patch.edits not in tried:
                return patch.model_copy(update={"origin": f"recipe:{recipe.NAME}"})
        return None


def _answered(recipe: Recipe, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(
        f
        for f in findings
        if f.waived is None
        and f.severity != "info"
        and any(fnmatchcase(f.rule, pattern) for pattern in recipe.ANSWERS)
    )
