"""Replay: do a recorded run again from its input and its patches, and compare with the record.

Every patch is applied to its base again: the tree must come out byte for byte, and what was refused
must be refused. Then each tree is judged again, and each difference is put in a class:

identical         the same status, the same findings, to the last word
other evidence    the same status and the same findings, other words, places or measures
different         another status, or other findings
cannot look       this stage could not be carried out now
not replayed      nobody asked for this stage (the sandbox), or it needs a model (review)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Proposed, Said
from ohgw_tools.errors import CouldNotLook, PatchRejected

if TYPE_CHECKING:
    from ohgw_tools.tree import Tree
    from ohgw_tools.verdict import Verdict

Class = Literal["identical", "other evidence", "different", "cannot look", "not replayed"]
Judge = Callable[[str], "Verdict"]  # from the digest of a tree


@dataclass(frozen=True)
class Step:
    """One thing that was done again. `name` is `p3` or `v5`; `detail` says what differs."""

    name: str
    outcome: Class
    detail: str = ""


@dataclass(frozen=True)
class Replayed:
    """What came of it. `trees` counts those rebuilt byte for byte, `trees_recorded` all."""

    steps: tuple[Step, ...]
    trees: int
    trees_recorded: int

    @property
    def counts(self) -> Counter[str]:
        """How many steps ended in which class."""
        return Counter(step.outcome for step in self.steps)

    @property
    def faithful(self) -> bool:
        """Whether every tree came out byte for byte and nothing was judged differently."""
        return self.trees == self.trees_recorded and not self.counts["different"]


def replay(history: History, judges: dict[str, Judge]) -> Replayed:
    """Do the run again. `judges` by stage; a stage without one is not replayed.

    Raises TraceError if the input held a secret, since only its redacted form was kept.
    """
    history.reader.tree(history.input_tree)
    patches = [_again(history, patch) for patch in history.patches.values()]
    verdicts = [_judged_again(said, judges) for said in history.verdicts if said.stage != "patch"]
    made = [patch for patch in history.patches.values() if patch.result_tree is not None]
    rebuilt = sum(
        step.outcome == "identical"
        for step, patch in zip(patches, history.patches.values(), strict=True)
        if patch.result_tree is not None
    )
    return Replayed((*patches, *verdicts), rebuilt, len(made))


def _again(history: History, recorded: Proposed) -> Step:
    from ohgw_tools.editing.patch import apply

    if recorded.patch is None:
        return Step(recorded.id, "identical", "an answer that is no patch")
    base = history.reader.tree(recorded.base_tree)
    try:
        after = apply(base, recorded.patch).tree
    except PatchRejected as error:
        if recorded.result_tree is None:
            return Step(recorded.id, "identical", "refused again")
        return Step(recorded.id, "different", f"is refused now: {error}")
    if recorded.result_tree is None:
        return _guarded_again(history, recorded, after)
    if after.digest == recorded.result_tree:
        return Step(recorded.id, "identical", "the same tree, byte for byte")
    return Step(recorded.id, "different", f"another tree: {after.digest[:12]}")


def _guarded_again(history: History, recorded: Proposed, after: Tree) -> Step:
    """A patch that applies and was refused all the same: the guard must still refuse it."""
    from ohgw_tools.guard import inspect

    bundle = history.bundle()
    before = bundle.with_derived(history.reader.tree(recorded.base_tree))
    found = inspect(before, bundle.with_derived(after), recorded.patch, history.contract())
    rules = sorted({f.rule for f in found if f.severity == "error" and f.waived is None})
    if rules:
        return Step(recorded.id, "identical", f"refused by the guard again: {', '.join(rules)}")
    return Step(recorded.id, "different", "was refused then, and applies now")


def _judged_again(said: Said, judges: dict[str, Judge]) -> Step:
    judge = judges.get(said.stage)
    tree = str(said.event.data.get("tree"))
    if judge is None:
        return Step(said.id, "not replayed", f"stage {said.stage}")
    try:
        now = judge(tree)
    except CouldNotLook as error:
        return Step(said.id, "cannot look", str(error))
    return Step(said.id, *classify(said.verdict, now))


def classify(then: Verdict, now: Verdict) -> tuple[Class, str]:
    """Compare two verdicts of one tree."""
    if now.status == "undecided" != then.status:
        return "cannot look", now.reason
    if then.status != now.status:
        return "different", f"{then.status} then, {now.status} now"
    before = Counter((f.fingerprint, f.severity) for f in then.findings)
    after = Counter((f.fingerprint, f.severity) for f in now.findings)
    if before != after:
        gone, new = before - after, after - before
        return "different", f"{gone.total()} findings gone, {new.total()} new"
    return ("identical", "") if then.findings == now.findings else ("other evidence", "")


def static_judge(history: History) -> Judge:
    """Return what judges a tree by the rules of now and the contract of then."""
    from ohgw_tools.check import check

    bundle, contract = history.bundle(), history.contract()
    return lambda tree: check(bundle.with_derived(history.reader.tree(tree)), contract)


def sandbox_judge(history: History, backend: str) -> Judge:
    """Return what runs a tree's smoke test again. Raises SandboxUnavailable."""
    from ohgw_tools.running.smoke import run_stage
    from ohgw_tools.sandbox_choice import choose

    bundle, contract, sandbox = history.bundle(), history.contract(), choose(backend)
    return lambda tree: run_stage(bundle.with_derived(history.reader.tree(tree)), contract, sandbox)
