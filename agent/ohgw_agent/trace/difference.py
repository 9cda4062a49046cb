"""Difference: two runs side by side: where they part, what each mended, what each cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ohgw_agent.trace.event import Json
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Candidate

if TYPE_CHECKING:
    from ohgw_tools.finding import Finding

SETTINGS = (
    "experiment", "version", "rules_digest", "required", "sandbox", "proposers", "models", "python",
    "platform", "budget", "contract", "bundle",
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """`settings` names what the runs were begun with differently, with both values. `parted` says
    at which attempt they differ first, and in what; None if they never do. Findings are those of
    the delivered trees: `fixed` are A's alone, `regressed` B's alone though B had mended them
    before or A had met and mended them, `new` B's alone and never seen in A, `shared` are in both.
    """

    settings: Mapping[str, tuple[Json, Json]]
    parted: int | None
    parted_in: str
    fixed: tuple[Finding, ...]
    new: tuple[Finding, ...]
    regressed: tuple[Finding, ...]
    shared: tuple[Finding, ...]
    same_tree: bool
    spend: tuple[Mapping[str, Json], Mapping[str, Json]]

    @property
    def same(self) -> bool:
        """Whether both took the same way to the same tree."""
        return self.parted is None and self.same_tree


def compare(a: History, b: History) -> Difference:
    """Compare two runs. Raises TraceDamaged."""
    ours, theirs = _final(a), _final(b)
    seen_in_a = {print_ for attempt in a.attempts for print_ in attempt.errors}
    mended_in_b = {print_ for attempt in b.attempts for print_ in attempt.listed("fixed")}
    only_b = [print_ for print_ in theirs if print_ not in ours]
    back = {print_ for print_ in only_b if print_ in seen_in_a or print_ in mended_in_b}
    parted, parted_in = _first_divergence(a, b)
    return Difference(
        settings=_settings(a, b),
        parted=parted,
        parted_in=parted_in,
        fixed=tuple(ours[print_] for print_ in ours if print_ not in theirs),
        new=tuple(theirs[print_] for print_ in only_b if print_ not in back),
        regressed=tuple(theirs[print_] for print_ in only_b if print_ in back),
        shared=tuple(ours[print_] for print_ in ours if print_ in theirs),
        same_tree=a.final_tree == b.final_tree,
        spend=(a.spend(), b.spend()),
    )


def _final(history: History) -> dict[str, Finding]:
    return history.best.errors if history.best is not None else {}


def _settings(a: History, b: History) -> dict[str, tuple[Json, Json]]:
    found: dict[str, tuple[Json, Json]] = {}
    for key in SETTINGS:
        left, right = a.start.get(key), b.start.get(key)
        if isinstance(left, dict) and isinstance(right, dict):
            for name in sorted(set(left) | set(right)):
                if left.get(name) != right.get(name):
                    found[f"{key}.{name}"] = (left.get(name), right.get(name))
        elif left != right:
            found[key] = (left, right)
    return found


def _first_divergence(a: History, b: History) -> tuple[int | None, str]:
    for ours, theirs in zip(a.attempts, b.attempts, strict=False):
        what = _differs(ours, theirs)
        if what:
            return ours.number, what
    left, right = len(a.attempts), len(b.attempts)
    if left != right:
        return min(left, right), f"one went on: {left} attempts and {right}"
    return None, ""


def _differs(ours: Candidate, theirs: Candidate) -> str:
    if ours.refused != theirs.refused:
        return "a patch was refused in one of them"
    if ours.tree != theirs.tree:
        origins = [c.patch.origin if c.patch else "the input" for c in (ours, theirs)]
        return f"other trees, made by {origins[0]} and {origins[1]}"
    stages = [[(said.stage, said.status) for said in c.verdicts] for c in (ours, theirs)]
    if stages[0] != stages[1]:
        words = [", ".join(f"{stage} {status}" for stage, status in s) for s in stages]
        return f"the same tree, judged otherwise: {words[0]}; and {words[1]}"
    if set(ours.errors) != set(theirs.errors):
        return "the same tree, other findings"
    return ""
