"""Replay: do a recorded run again from its input and its patches, and compare with the record.

Every patch is applied to its base again: the tree must come out byte for byte, and what was refused
must be refused. Then each tree is judged again, and each difference is put in a class:

identical         the same status, the same findings to the last word, the same outputs
other evidence    the same status and the same findings; other words, places, outputs, packages
different         another status, or other findings
cannot look       this stage could not be carried out now
not replayed      nobody asked for this stage (the sandbox), or it needs a model (review)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ohgw_agent.trace.fields import mapping, text
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Proposed, Said
from ohgw_agent.trace.redaction import Redactor
from ohgw_tools.errors import CouldNotLook, PatchRejected, TraceDamaged
from ohgw_tools.tree import sha256

if TYPE_CHECKING:
    from ohgw_agent.loop_context import Execution
    from ohgw_tools.tree import Tree
    from ohgw_tools.verdict import Verdict

Class = Literal["identical", "other evidence", "different", "cannot look", "not replayed"]
Judge = Callable[[str], "Verdict"]  # from the digest of a tree
OBSERVED = "/.ohgw-"  # what our observer leaves beside a program's own outputs


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

    @property
    def exit_code(self) -> int:
        """0 if faithful, 1 if not, 3 if something could not be looked at."""
        if not self.faithful:
            return 1
        return 3 if self.counts["cannot look"] else 0


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
    outcome, detail = classify(said.verdict, now)
    if outcome in ("identical", "other evidence") and said.stage == "sandbox":
        others = list(_other_evidence(said, now))
        if others:
            return Step(said.id, "other evidence", "; ".join(others))
    return Step(said.id, outcome, detail)


def _other_evidence(said: Said, now: Verdict) -> Iterator[str]:
    """What a run of the program left that it did not leave before: how its steps ended, the outputs
    that were kept, the packages and the sandbox that it ran with. Times and loads are not compared,
    nor is what the observer wrote down, which has times in it.
    """
    then = said.verdict.facts
    if _endings(then.get("steps")) != _endings(now.facts.get("steps")):
        yield "the program's steps ended otherwise"
    if then.get("packages") != now.facts.get("packages"):
        yield "other packages"
    if then.get("sandbox") != now.facts.get("sandbox"):
        yield f"run in {now.facts.get('sandbox')}, not in {then.get('sandbox')}"
    redactor = Redactor.from_environment()
    kept = {n: d for n, d in mapping(said.event.data, "blobs").items() if OBSERVED not in n}
    left = {n: sha256(redactor.content(c)) for n, c in now.blobs.items() if OBSERVED not in n}
    every = kept.keys() | left.keys()
    differing = sorted(n for n in every if kept.get(n) != left.get(n))
    if differing:
        named = ", ".join(differing[:5]) + (", ..." if len(differing) > 5 else "")
        yield f"{len(differing)} of {len(every)} kept outputs differ: {named}"


def _endings(value: object) -> object:
    """How each step ended, without its times and sizes; anything else as it is."""
    if not isinstance(value, list):
        return value
    ends = ("name", "outcome", "exit_code", "signal")
    return [{k: v.get(k) for k in ends} if isinstance(v, dict) else v for v in value]


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


def sandbox_judge(history: History, how: Execution) -> Judge:
    """Return what runs a tree's smoke test again, in the way that the run did."""
    from ohgw_tools.running.smoke import run_stage
    from ohgw_tools.verdict import Verdict

    bundle, contract = history.bundle(), history.contract()

    def judge(tree: str) -> Verdict:
        if how.sandbox is None:
            return Verdict(stage="sandbox", status="undecided", reason=how.missing)
        return run_stage(
            bundle.with_derived(history.reader.tree(tree)),
            contract,
            how.sandbox,
            environment_options=how.environment,
            allow_hosts=how.allow_hosts,
            data=how.data,
            observe=how.observe,
            deep=how.deep,
            repeat=how.repeat,
        )

    return judge


def execution(history: History, sandbox: str | None) -> Execution:
    """How the run's programs were run, with another sandbox where one is named.

    Raises TraceDamaged where the record does not say.
    """
    from ohgw_agent import crew
    from ohgw_agent.settings import Settings

    digest = text(history.start, "settings_blob")
    try:
        settings = Settings.model_validate_json(history.reader.blobs.get(digest))
    except ValueError as error:
        raise TraceDamaged(f"run {history.id}: its settings cannot be read: {error}") from error
    update = {"static_only": False, "sandbox": sandbox or settings.sandbox}
    return crew.execution(settings.model_copy(update=update))
