"""Progress: which of two judged trees is nearer to ready; whether a candidate repeats another."""

from __future__ import annotations

from collections.abc import Sequence

from ohgw_agent.proposer import Attempt
from ohgw_tools.verdict import STAGES, Judgement, Verdict


def rank(judgement: Judgement) -> tuple[int, int, int, int, int]:
    """Return a key that is greater the nearer a tree is to ready: ready or not, stages passed,
    programs that ran to their end, fewer deciding findings, fewer warnings. A tree whose patch was
    refused ranks below all others.
    """
    statuses = {v.stage: v.status for v in judgement.verdicts}
    if statuses.get("patch") == "fail":
        return (-1, 0, 0, 0, 0)
    passed = sum(statuses.get(stage) == "pass" for stage in STAGES if stage != "patch")
    warnings = sum(f.severity == "warning" for f in judgement.findings)
    ended = sum(_programs_ended(v) for v in judgement.verdicts)
    return (int(judgement.ready), passed, ended, -len(judgement.errors), -warnings)


def better(a: Judgement, b: Judgement) -> bool:
    """Whether `a` is strictly nearer to ready than `b`."""
    return rank(a) > rank(b)


def nearer(attempt: Attempt, best: Attempt, history: Sequence[Attempt]) -> bool:
    """Whether an attempt takes the place of the best one: it ranks higher, or, where a crash hides
    whatever comes after it, it mended all that was found and came upon something else, once.
    """
    if better(attempt.judgement, best.judgement):
        return True
    both_ran = all(_failed_running(a.judgement) for a in (attempt, best))
    mended = not deciding(attempt.judgement) & deciding(best.judgement)
    as_far = rank(attempt.judgement)[:3] >= rank(best.judgement)[:3]
    return both_ran and mended and as_far and repeated(attempt, history) is None


def deciding(judgement: Judgement) -> frozenset[str]:
    """The fingerprints of the findings that decide."""
    return frozenset(f.fingerprint for f in judgement.errors)


def gone(before: Judgement, now: Judgement) -> frozenset[str]:
    """The deciding findings of `before` that are not in `now`, whose stage did look again. What a
    stage found that was not reached this time is not known to be mended; nor, where a patch was
    refused, is anything.
    """
    looked = {v.stage for v in now.verdicts if v.status != "undecided"}
    again = [f for v in before.verdicts if v.stage in looked for f in v.errors]
    return frozenset(f.fingerprint for f in again) - deciding(now)


def brought_back(new: frozenset[str], history: Sequence[Attempt]) -> frozenset[str]:
    """Return those findings of `new` that an earlier attempt had as well: mended once and undone,
    or brought in by a patch before.
    """
    seen = [deciding(a.judgement) for a in history if not a.refused]
    return new.intersection(frozenset().union(*seen))


def repeated(attempt: Attempt, history: Sequence[Attempt]) -> int | None:
    """Return the number of the earlier attempt that this one repeats, or None.

    An attempt repeats another if it has the same tree, the same set of deciding findings, or, where
    the patch was refused, the same refusals. Every period is covered: all of history is looked at.
    """
    for earlier in history:
        if attempt.refused != earlier.refused or earlier.set_aside:
            continue
        same_tree = attempt.tree == earlier.tree and not attempt.refused
        if same_tree or deciding(attempt.judgement) == deciding(earlier.judgement):
            return earlier.number
    return None


def _failed_running(judgement: Judgement) -> bool:
    return any(v.stage == "sandbox" and v.status == "fail" for v in judgement.verdicts)


def _programs_ended(verdict: Verdict) -> int:
    """How many programs of a sandbox stage ended by themselves with exit code 0."""
    steps = verdict.facts.get("steps")
    if not isinstance(steps, list):
        return 0
    return sum(isinstance(step, dict) and step.get("exit_code") == 0 for step in steps)
