"""Ending: whether a run goes on after an attempt, and the reason if it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ohgw_agent.loop_context import LoopContext
from ohgw_agent.memory import best_attempt, history
from ohgw_agent.progress import nearer, repeated
from ohgw_agent.proposer import Attempt
from ohgw_agent.stop import StopReason

# A model is told once which attempt it repeated; the second time in a row ends the run.
MAX_REPEATS = 2


class Ending(NamedTuple):
    """The best attempt's number, repeats in a row, and the reason to stop, if there is one."""

    best: int
    repeats: int
    stop: StopReason | None = None
    why: str = ""


def after_attempt(context: LoopContext, attempt: Attempt, state: Mapping[str, Any]) -> Ending:
    """Compare an attempt with the best and with all earlier ones. `state` does not hold it yet.

    A round of several candidates repeats earlier attempts only if each of its candidates does.
    """
    if not state["attempts"]:
        return _ended(attempt, 0, 0)
    best = best_attempt(context, state)
    before = history(context, state)
    if nearer(attempt, best, before):
        return _ended(attempt, attempt.number, 0)
    if _by_recipe(attempt) or state["waiting"]:
        # Recipes are finitely many and each is tried once on a tree: they cannot go in circles.
        return _ended(attempt, best.number, state["repeats"])
    rounds = tuple(a for a in before if a.number < state["round"])
    candidates = (*before[len(rounds) :], attempt)
    earlier = repeated(attempt, rounds)
    if earlier is None or any(repeated(a, rounds) is None for a in candidates):
        return _ended(attempt, best.number, 0)
    repeats = state["repeats"] + 1
    if repeats >= MAX_REPEATS:
        why = f"attempt {attempt.number} repeats attempt {earlier}: same tree or same findings"
        return Ending(best.number, repeats, "stuck", why)
    return _ended(attempt, best.number, repeats)


def _ended(attempt: Attempt, best: int, repeats: int) -> Ending:
    if attempt.judgement.ready:
        return Ending(attempt.number, repeats, "ready", "every required stage passed")
    if attempt.judgement.status == "undecided" and best == attempt.number:
        open_verdict = attempt.judgement.verdicts[-1]
        broke = open_verdict.facts.get("could_not_look") == "SandboxFailed"
        stop: StopReason = "sandbox failed" if broke else "undecided"
        return Ending(best, repeats, stop, f"{open_verdict.stage}: {open_verdict.reason}")
    return Ending(best, repeats)


def _by_recipe(attempt: Attempt) -> bool:
    return attempt.patch is not None and attempt.patch.origin.startswith("recipe:")
