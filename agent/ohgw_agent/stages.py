"""Stages: judging one tree stage by stage, each verdict on record before it is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ohgw_agent.budget import check_time
from ohgw_agent.loop_context import LoopContext
from ohgw_agent.notice import Notice
from ohgw_tools.bundle import Bundle
from ohgw_tools.errors import CouldNotLook, RunCancelled
from ohgw_tools.verdict import Judgement, Stage, Verdict


def patch_verdict(context: LoopContext, number: int, tree: str, verdict: Verdict) -> str:
    """Record what the patch stage said. Returns the verdict's digest."""
    return _recorded(context, number, "patch", tree, lambda: verdict)


def static(context: LoopContext, number: int, tree: str) -> str:
    """Judge a tree without running it. Returns the verdict's digest."""
    from ohgw_tools.check import check

    bundle = _bundle(context, tree)

    def judge() -> Verdict:
        with context.permits.holding("judging"):
            return check(bundle, context.contract, cache=context.parsed)

    return _recorded(context, number, "static", tree, judge)


def sandbox(context: LoopContext, number: int, tree: str) -> str:
    """Run a tree's smoke test. Returns the verdict's digest. Raises BudgetSpent."""
    digest = _recorded(context, number, "sandbox", tree, lambda: _run(context, number, tree))
    wall = context.archive.value(Verdict, digest).facts.get("wall_ms", 0)
    context.ledger.charge(f"sandbox {tree}", sandbox_ms=wall if isinstance(wall, int) else 0)
    return digest


def review(context: LoopContext, number: int, tree: str, before: tuple[Verdict, ...]) -> str:
    """Ask the reviewer. Returns the verdict's digest. Raises BudgetSpent, ModelError."""
    from ohgw_agent.review import review as ask

    model = context.reviewer
    assert model is not None, "the graph asks for a review only where there is a reviewer"
    judgement = Judgement(tree=tree, verdicts=before, required=context.required)
    bundle = _bundle(context, tree)
    return _recorded(
        context,
        number,
        "review",
        tree,
        lambda: ask(bundle, context.contract, judgement, model),
    )


def _bundle(context: LoopContext, tree: str) -> Bundle:
    return context.bundle.with_derived(context.archive.tree(tree))


def _run(context: LoopContext, number: int, tree: str) -> Verdict:
    from ohgw_tools.running.smoke import run_stage

    how = context.execution
    if how.sandbox is None:
        return Verdict(stage="sandbox", status="undecided", reason=how.missing)
    check_time(context.budget, context.ledger.spend)

    def detail(text: str) -> None:
        context.tell(Notice(kind="detail", number=number, stage="sandbox", text=text))

    try:
        with context.permits.holding("sandbox"):
            return run_stage(
                _bundle(context, tree),
                context.contract,
                how.sandbox,
                environment_options=how.environment,
                allow_hosts=how.allow_hosts,
                data=how.data,
                observe=how.observe,
                deep=how.deep,
                repeat=how.repeat,
                on_progress=detail,
                cancel=context.cancel,
            )
    except RunCancelled:
        raise KeyboardInterrupt from None
    except CouldNotLook as error:
        return Verdict(stage="sandbox", status="undecided", reason=str(error))


def _recorded(
    context: LoopContext, number: int, stage: Stage, tree: str, judge: Callable[[], Verdict]
) -> str:
    """Return the digest of the verdict on record for this step; else judge and record. A tree that
    this stage has judged before in this run is not judged again: the record cites that verdict.
    """
    step = f"{number}/{stage}"
    event = context.run.recorded("verdict", step)
    if event is None:
        context.tell(Notice(kind="stage", number=number, stage=stage))
        earlier = (
            None if stage == "patch" else context.run.find("verdict", "judged", f"{stage} {tree}")
        )
        if earlier is not None:
            verdict = context.archive.value(Verdict, str(earlier.data["verdict_blob"]))
        else:
            verdict = judge()
        _write(context, step, tree, verdict, (earlier.seq,) if earlier else ())
        event = context.run.recorded("verdict", step)
        assert event is not None
    digest = str(event.data["verdict_blob"])
    verdict = context.archive.value(Verdict, digest)
    context.tell(
        Notice(
            kind="verdict",
            number=number,
            stage=stage,
            status=verdict.status,
            text=verdict.reason,
            errors=len(verdict.errors),
        )
    )
    return digest


def _write(
    context: LoopContext, step: str, tree: str, verdict: Verdict, cause: tuple[int, ...]
) -> None:
    severities = [f.severity for f in verdict.findings if f.waived is None]
    data = {
        "attempt": int(step.partition("/")[0]),
        "stage": verdict.stage,
        "tree": tree,
        "judged": f"{verdict.stage} {tree}",
        "status": verdict.status,
        "verdict_blob": context.archive.put_value(verdict),
        "counts": {s: severities.count(s) for s in ("error", "warning", "info")},
        "rules": dict(Counter(f.rule for f in verdict.errors)),
        "reason": verdict.reason[:2000],
        "blobs": {n: context.archive.put_bytes(b) for n, b in sorted(verdict.blobs.items())},
    }
    context.run.append("verdict", data, step=step, cause=cause)
