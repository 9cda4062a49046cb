"""Candidate: asking for a patch, and what becomes of it on the best tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ohgw_agent.loop_context import LoopContext
from ohgw_agent.memory import best_attempt, history
from ohgw_agent.proposer import Proposer, Situation
from ohgw_tools.edit import Patch
from ohgw_tools.editing.patch import Applied, apply
from ohgw_tools.errors import PatchRejected
from ohgw_tools.finding import Finding, numbered
from ohgw_tools.guard import inspect
from ohgw_tools.tree import Tree
from ohgw_tools.verdict import Verdict


class Proposed(NamedTuple):
    """The digest of a patch, or of the verdict on an answer that cannot be read as one. `proposer`
    is who was asked, `origin` what made it.
    """

    patch: str | None = None
    refusal: str | None = None
    origin: str = ""
    proposer: str = ""


class Outcome(NamedTuple):
    """The tree after a patch, or the one before it if it was refused; the patch stage's verdict."""

    tree: str
    verdict: Verdict


def situation_of(context: LoopContext, state: Mapping[str, Any]) -> Situation:
    """Return what proposers are told of the best tree so far."""
    best = best_attempt(context, state)
    attempts = history(context, state)
    limit = context.budget.attempts
    return Situation(
        bundle=context.bundle.with_derived(context.archive.tree(best.tree)),
        contract=context.contract,
        judgement=best.judgement,
        history=attempts,
        attempts_left=None if limit is None else limit - len(attempts) + 1,
    )


def ask_proposers(
    context: LoopContext, situation: Situation, proposers: Sequence[Proposer]
) -> Proposed | None:
    """Return the first proposal, or None. Raises BudgetSpent, ModelError."""
    for proposer in proposers:
        try:
            patch = proposer.propose(situation)
        except PatchRejected as error:
            refusal = context.archive.put_value(Verdict.of("patch", _refusals(error, None)))
            return Proposed(refusal=refusal, origin=proposer.name, proposer=proposer.name)
        if patch is not None:
            digest = context.archive.put_value(patch)
            return Proposed(patch=digest, origin=patch.origin, proposer=proposer.name)
    return None


def apply_patch(
    context: LoopContext, number: int, parent: str, patch: str | None, refusal: str | None
) -> Outcome:
    """Apply a patch to the tree `parent`, or say why not, and record which."""
    if patch is None:
        assert refusal is not None, "the graph applies nothing where nothing was proposed"
        verdict = context.archive.value(Verdict, refusal)
        _write(context, number, parent, None, None, verdict)
        return Outcome(parent, verdict)
    value = context.archive.value(Patch, patch)
    before = context.archive.tree(parent)
    try:
        applied = apply(before, value)
    except PatchRejected as error:
        verdict = Verdict.of("patch", _refusals(error, value))
        _write(context, number, parent, value, None, verdict)
        return Outcome(parent, verdict)
    return _guarded(context, number, parent, value, applied)


def _guarded(
    context: LoopContext, number: int, parent: str, patch: Patch, applied: Applied
) -> Outcome:
    """Hold the guard's opinion against a patch that does apply."""
    before = context.bundle.with_derived(context.archive.tree(parent))
    after = context.bundle.with_derived(applied.tree)
    found = inspect(before, after, patch, context.contract, parsed=context.parsed)
    findings = numbered(list(found))
    notes = [note.model_dump() for note in applied.notes]
    facts: dict[str, Any] = {"notes": notes} if notes else {}
    verdict = Verdict.of("patch", findings, facts=facts)
    if verdict.status == "fail":
        _write(context, number, parent, patch, None, verdict)
        return Outcome(parent, verdict)
    tree = context.archive.keep_tree(applied.tree)
    _write(context, number, parent, patch, applied.tree, verdict, applied)
    return Outcome(tree, verdict)


def _refusals(error: PatchRejected, patch: Patch | None) -> tuple[Finding, ...]:
    return numbered(
        [
            Finding(
                rule=f"patch-{getattr(reason, 'code', 'refused')}",
                criterion="patch",
                kind="not-executable",
                severity="error",
                message=str(reason),
                path=getattr(reason, "path", None) or None,
                subject=str(reason),
            )
            for reason in error.reasons
        ]
    )


def _write(
    context: LoopContext,
    number: int,
    base: str,
    patch: Patch | None,
    tree: Tree | None,
    verdict: Verdict,
    applied: Applied | None = None,
) -> None:
    step = f"{number}/patch"
    if context.run.recorded("patch", step) is not None:
        return
    data = {
        "attempt": number,
        "patch_blob": context.archive.put_value(patch) if patch else None,
        "base_tree": base,
        "result_tree": tree,
        "origin": patch.origin if patch else "",
        "answers": list(patch.answers) if patch else [],
        "edits": len(patch.edits) if patch else 0,
        "refusals": [
            {"code": f.rule.removeprefix("patch-"), "message": f.message[:1500], "path": f.path}
            for f in verdict.errors
        ],
    }
    if applied is not None:
        data["hunks"] = [hunk.model_dump(mode="json") for hunk in applied.hunks]
        data["notes"] = [str(note)[:300] for note in applied.notes]
    actor = patch.origin if patch and patch.origin else "tool"
    verdicts = [e.seq for e in context.run.events if e.kind == "verdict" and e.data["tree"] == base]
    context.run.append("patch", data, step=step, actor=actor, cause=tuple(verdicts[-2:]))
