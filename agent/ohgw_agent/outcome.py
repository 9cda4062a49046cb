"""Trace: what came of a run; made of the graph's last state, closing the record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from ohgw_agent.budget import Spend
from ohgw_agent.loop_context import LoopContext
from ohgw_agent.memory import best_attempt, history
from ohgw_agent.notice import Notice
from ohgw_agent.proposer import Attempt
from ohgw_agent.run_start import last
from ohgw_agent.stop import EXIT_CODES, StopReason
from ohgw_tools.bundle import Bundle
from ohgw_tools.frozen import FROZEN
from ohgw_tools.verdict import Judgement


class Trace(BaseModel):
    """What came of a run. `bundle` holds the best tree, whether it is ready or not; `judgement` is
    the last word on that tree (None if the run ended before anything was judged). `head` is the
    hash of the record's last line: kept elsewhere, it proves later that nothing was altered.
    """

    model_config = ConfigDict(**FROZEN, arbitrary_types_allowed=True)

    run_id: str
    folder: Path
    stop: StopReason
    why: str
    attempts: tuple[Attempt, ...]
    bundle: Bundle
    judgement: Judgement | None
    spend: Spend
    head: str

    @property
    def ready(self) -> bool:
        """Whether the delivered tree's last verdict is ready."""
        return self.stop == "ready" and self.judgement is not None and self.judgement.ready

    @property
    def exit_code(self) -> int:
        """The exit code that says how the run ended; 0 only if the delivered tree is ready."""
        code = EXIT_CODES[self.stop]
        return code if code != 0 or self.ready else 1


def from_state(context: LoopContext, state: Mapping[str, Any]) -> Trace:
    """Close the record with the reason to stop and return the trace."""
    attempts = history(context, state)
    best = best_attempt(context, state) if attempts else None
    tree = best.tree if best else state["tree"]
    stop: StopReason = state["stop"]
    head = _close(context, stop, state["why"], tree, best)
    trace = Trace(
        run_id=context.run.id,
        folder=context.run.folder,
        stop=stop,
        why=state["why"],
        attempts=attempts,
        bundle=context.bundle.with_derived(context.archive.tree(tree)),
        judgement=best.judgement if best else None,
        spend=context.ledger.spend,
        head=head,
    )
    context.tell(Notice(kind="stop", status=stop, text=state["why"], number=state["best"]))
    return trace


def _close(
    context: LoopContext, stop: StopReason, why: str, tree: str, best: Attempt | None
) -> str:
    """Write the last events, once, and seal the record. Returns its head."""
    end = last(context.run, "run.end")
    resumed = last(context.run, "resumed")
    if end is not None and (resumed is None or resumed.seq < end.seq):
        return context.run.events[-1].digest
    if stop == "interrupted":
        context.run.append("interrupted", {"signal": why})
    spend = context.ledger.spend.model_dump()
    context.run.append("budget", {"spend": spend, "spent": why if stop == "exhausted" else ""})
    status = best.judgement.status if best else "undecided"
    data = {
        "stop": stop,
        "message": why[:2000],
        "best_tree": tree,
        "best_attempt": best.number if best else None,
        "spend": spend,
    }
    return context.run.seal(status, data).head
