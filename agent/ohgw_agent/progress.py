"""Progress: which of two judged trees is nearer to ready; whether a candidate repeats another."""

from __future__ import annotations

from collections.abc import Sequence

from ohgw_agent.proposer import Attempt
from ohgw_tools.verdict import STAGES, Judgement


def rank(judgement: Judgement) -> tuple[int, int, int, int]:
    """Return a key that is greater the nearer a tree is to ready: ready or not, stages passed,
    fewer deciding findings, fewer warnings. A tree whose patch was refused ranks below all others.
    """
    statuses = {v.stage: v.status for v in judgement.verdicts}
    if statuses.get("patch") == "fail":
        return (-1, 0, 0, 0)
    passed = sum(statuses.get(stage) == "pass" for stage in STAGES if stage != "patch")
    warnings = sum(f.severity == "warning" for f in judgement.findings)
    return (int(judgement.ready), passed, -len(judgement.errors), -warnings)


def better(a: Judgement, b: Judgement) -> bool:
    """Whether `a` is strictly nearer to ready than `b`."""
    return rank(a) > rank(b)


def deciding(judgement: Judgement) -> frozenset[str]:
    """The fingerprints of the findings that decide."""
    return frozenset(f.fingerprint for f in judgement.errors)


def repeated(attempt: Attempt, history: Sequence[Attempt]) -> int | None:
    """Return the number of the earlier attempt that this one repeats, or None.

    An attempt repeats another if it has the same tree, the same set of deciding findings, or, where
    the patch was refused, the same refusals. Every period is covered: all of history is looked at.
    """
    for earlier in history:
        if _refused(attempt) != _refused(earlier):
            continue
        same_tree = attempt.tree == earlier.tree and not _refused(attempt)
        if same_tree or deciding(attempt.judgement) == deciding(earlier.judgement):
            return earlier.number
    return None


def _refused(attempt: Attempt) -> bool:
    return any(v.stage == "patch" and v.status == "fail" for v in attempt.judgement.verdicts)
