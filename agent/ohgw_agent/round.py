"""Round: the candidates that are asked for at once, and which of them comes first.

All are judged without running before any is run. The most promising is then run, and the next only
where it did not bring the bundle nearer to ready: a run costs minutes, a judgement milliseconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ohgw_agent import stages
from ohgw_agent.budget import check_step
from ohgw_agent.candidate import Proposed, apply_patch, ask_proposers, situation_of
from ohgw_agent.loop_context import LoopContext
from ohgw_agent.memory import best_attempt, history
from ohgw_agent.progress import brought_back, deciding, rank
from ohgw_agent.proposer import Attempt
from ohgw_tools.edit import Patch
from ohgw_tools.errors import BudgetSpent, ModelError
from ohgw_tools.verdict import Judgement, Verdict


def ask_round(context: LoopContext, state: Mapping[str, Any]) -> tuple[Proposed, ...]:
    """Return the proposals of the next round, none if nobody has any. The first proposer that has
    one is asked for all; a cap or a failing server ends the asking, and what came before it counts.

    Raises BudgetSpent, ModelError where not even one came.
    """
    first = len(state["attempts"])
    known = context.run.recorded("round", f"{first}/round")
    begun = known or context.run.recorded("patch", f"{first}/patch")
    asked = range(int(known.data["candidates"]) if known else context.candidates)  # type: ignore[arg-type]
    situation, proposers, why = situation_of(context, state), context.proposers, ""
    found: list[Proposed] = []
    for slot in asked:
        try:
            if begun is None:
                check_step(context.budget, context.ledger.spend.plus(attempts=len(found)))
            turn = situation.model_copy(update={"slot": slot})
            proposed = ask_proposers(context, turn, proposers)
        except (BudgetSpent, ModelError) as error:
            if not found:
                raise
            why = str(error)
            break
        if proposed is None:
            break
        found.append(proposed)
        proposers = tuple(p for p in proposers if p.name == proposed.proposer)
    _record(context, first, found, why)
    return tuple(found)


def _record(context: LoopContext, first: int, found: Sequence[Proposed], why: str) -> None:
    """Keep how many candidates the round has: a resumed session must not ask for more."""
    step = f"{first}/round"
    if context.candidates == 1 or not found or context.run.recorded("round", step) is not None:
        return
    data = {
        "attempt": first,
        "candidates": len(found),
        "asked": context.candidates,
        "origins": [proposed.origin for proposed in found],
        "why_fewer": why[:2000],
    }
    context.run.append("round", data, step=step)


class Judged(NamedTuple):
    """A candidate after the stages that run nothing: all that the graph's state holds of it."""

    number: int
    patch: str | None
    refusal: str | None
    tree: str
    verdicts: tuple[str, ...]


def judge_round(
    context: LoopContext, state: Mapping[str, Any], candidates: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Apply every candidate to the tree that it was asked for, judge what comes out without running
    it, and return the candidates, the most promising first.
    """
    judged = [_judge(context, str(state["parent"]), each) for each in candidates]
    best, earlier = best_attempt(context, state), history(context, state)
    votes = Counter(each.tree for each in judged)
    keys = {
        each.number: (*_promise(context, each, best, earlier, votes[each.tree]), -each.number)
        for each in judged
    }
    ordered = sorted(judged, key=lambda each: keys[each.number], reverse=True)
    return [{**each._asdict(), "verdicts": list(each.verdicts)} for each in ordered]


def _judge(context: LoopContext, parent: str, candidate: Mapping[str, Any]) -> Judged:
    number, patch, refusal = (candidate[key] for key in ("number", "patch", "refusal"))
    outcome = apply_patch(context, number, parent, patch, refusal)
    verdicts = [stages.patch_verdict(context, number, outcome.tree, outcome.verdict)]
    if outcome.verdict.status == "pass":
        verdicts.append(stages.static(context, number, outcome.tree))
    return Judged(number, patch, refusal, outcome.tree, tuple(verdicts))


def _promise(
    context: LoopContext, each: Judged, best: Attempt, earlier: tuple[Attempt, ...], votes: int
) -> tuple[int, ...]:
    """Return a key that is greater the more a candidate promises: stages passed; fewer deciding
    findings, where one that the patch made counts twice and one that it brought back three times;
    how many candidates came to the same tree; fewer warnings; a smaller patch.
    """
    verdicts = tuple(context.archive.value(Verdict, v) for v in each.verdicts)
    judgement = Judgement(tree=each.tree, verdicts=verdicts, required=context.required)
    ready, passed, _, errors, warnings = rank(judgement)
    new = deciding(judgement) - deciding(best.judgement)
    held = len(new) + len(brought_back(new, earlier))
    patch = context.archive.value(Patch, each.patch) if each.patch else None
    size = sum(len(edit.model_dump_json()) for edit in patch.edits) if patch else 0
    return (ready, passed, errors - held, votes, warnings, -size)
