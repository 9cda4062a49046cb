"""Memory: the attempts of a run, read back from the digests that the state holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ohgw_agent.loop_context import LoopContext
from ohgw_agent.notice import Notice
from ohgw_agent.progress import brought_back, deciding, gone, nearer
from ohgw_agent.proposer import Attempt
from ohgw_tools.edit import Patch
from ohgw_tools.verdict import Judgement, Verdict


def history(context: LoopContext, state: Mapping[str, Any]) -> tuple[Attempt, ...]:
    """Return all attempts so far, attempt 0 (the input) first, in order of their numbers."""
    attempts = (context.archive.value(Attempt, digest) for digest in state["attempts"])
    return tuple(sorted(attempts, key=lambda attempt: attempt.number))


def best_attempt(context: LoopContext, state: Mapping[str, Any]) -> Attempt:
    """Return the attempt that is nearest to ready."""
    return next(a for a in history(context, state) if a.number == state["best"])


def record_attempt(
    context: LoopContext, state: Mapping[str, Any], *, over: bool = False
) -> tuple[Attempt, str]:
    """Make an attempt of the state's verdicts and record it. Returns it and its digest. `over` says
    that its round has ended without it: it is no longer in question for the best.
    """
    verdicts = tuple(context.archive.value(Verdict, v) for v in state["verdicts"])
    judgement = Judgement(tree=state["tree"], verdicts=verdicts, required=context.required)
    parent = best_attempt(context, state) if state["attempts"] else None
    before = deciding(parent.judgement) if parent else frozenset()
    now = deciding(judgement)
    earlier = tuple(a for a in history(context, state) if a.number < state["round"])
    attempt = Attempt(
        number=state["number"],
        parent=state["parent"],
        tree=state["tree"],
        patch=context.archive.value(Patch, state["patch"]) if state["patch"] else None,
        judgement=judgement,
        fixed=tuple(sorted(gone(parent.judgement, judgement) if parent else ())),
        new=tuple(sorted(now - before)),
        kept=tuple(sorted(before & now)),
        returned=tuple(sorted(brought_back(now - before, earlier))),
        set_aside=over and judgement.status == "undecided",
    )
    best = not over and (parent is None or nearer(attempt, parent, earlier))
    _write(context, attempt, best)
    return attempt, context.archive.keep_value(attempt)


def _write(context: LoopContext, attempt: Attempt, best: bool) -> None:
    step = f"{attempt.number}/attempt"
    if context.run.recorded("attempt", step) is None:
        data: dict[str, object] = {
            "attempt": attempt.number,
            "tree": attempt.tree,
            "parent": attempt.parent,
            "status": attempt.judgement.status,
            "errors": sorted(deciding(attempt.judgement)),
            "fixed": list(attempt.fixed),
            "new": list(attempt.new),
            "kept": list(attempt.kept),
            "best": best,
        }
        if attempt.returned:
            data["returned"] = list(attempt.returned)
        if attempt.set_aside:
            data["set_aside"] = True
        context.run.append("attempt", data, step=step)
    context.tell(
        Notice(
            kind="attempt",
            number=attempt.number,
            status=attempt.judgement.status,
            errors=len(attempt.judgement.errors),
            text="best so far" if best else "",
        )
    )
