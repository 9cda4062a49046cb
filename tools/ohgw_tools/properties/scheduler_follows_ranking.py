"""scheduler-follows-ranking: a scheduler stops early, promotes the best, and PASHA grows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ohgw_tools import catalogue
from ohgw_tools.errors import CouldNotLook
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.running.batch import TrialPoint
from ohgw_tools.running.probe import KeyPath, Prober, Ranking, Setting, uses_torch
from ohgw_tools.source.run_list import Run, leaves, runs
from ohgw_tools.subject import Subject

NAME = "scheduler-follows-ranking"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A scheduler that does not do what its name says of rankings and resources."

TRIALS, MOST = 8, 8  # trials, and the largest resource of one
_JUDGED = ("asha", "pasha", "successive-halving", "hyperband")
_WARM = re.compile(r"ohgw|warm|hyper", re.IGNORECASE)
_SIZES: tuple[tuple[str, int], ...] = (
    (r"(?:max|num|n|total|train|training)?_?epochs?|max_resource|max_t|max_budget|r_max", MOST),
    (r"(?:max|num|n|total)_?(?:trials|configs|configurations|candidates)|trials", TRIALS),
    (r"min_epochs?|grace_period|min_resource|min_t|min_budget|r_min|rung_epochs", 1),
    (r"reduction_factor|halving_factor|rf", 2),
)


class Job(NamedTuple):
    """A piece of a trial's training, from one level to another, and the ranks that led to it: how
    many of those seen at the level that it started from were better, and how many there were.
    """

    trial: int
    start: int
    end: int
    better: int = 0
    seen: int = 0


def applies(subject: Subject) -> bool:
    """Whether a smoke run carries out a scheduler whose rule is known."""
    return uses_torch(subject) and bool(_scheduled(subject))


def check(prober: Prober) -> Iterator[Finding]:
    """Run one variation of each scheduler with eight trials of at most eight epochs, and let the
    evaluations say first that better trials are better throughout, then that the order turns round
    at each doubling.

    Under the first order a scheduler must stop most trials early and go on with the better ones;
    PASHA must keep below the largest resource, and go further under the second.
    """
    for name, run in _scheduled(prober.subject).items():
        stable = _jobs(prober, run, "stable")
        said = _stable_fault(name, stable)
        if not said and name == "pasha":
            unstable = _jobs(prober, run, "unstable")
            most, then = (max(job.end for job in jobs) for jobs in (stable, unstable))
            if then <= most:
                said = (
                    f"under an unstable ranking trials get {then} epochs, no more than the {most} "
                    "under a stable one: PASHA grows its maximum resource"
                )
        if said:
            quote = ", ".join(f"{j.trial}: {j.start}-{j.end}" for j in stable[:24])
            yield prober.subject.finding(
                __name__,
                f"{run.id}: {said}",
                run.path,
                run.key,
                subject=name,
                evidence=(Evidence(kind="observation", path="jobs", quote=quote),),
                data={"scheduler": name, "run": run.id, "jobs": [list(j) for j in stable[:64]]},
            )


def _stable_fault(name: str, jobs: list[Job]) -> str:
    """What is wrong with the jobs under a stable ranking; empty if nothing is."""
    trials = {job.trial for job in jobs}
    reached = {t: max(j.end for j in jobs if j.trial == t) for t in trials}
    full = sum(end >= MOST for end in reached.values())
    if full == len(trials):
        return f"all {full} trials train to the end, {MOST} epochs: no {name.upper()} does that"
    if full > len(trials) // 2:
        return f"{full} of {len(trials)} trials train to the end: {name.upper()} stops most early"
    # Of n trials the better half goes on, the one in the middle with it.
    worse = [job for job in jobs if job.seen >= 2 and 2 * job.better > job.seen - 1]
    if worse and name != "hyperband":
        job = worse[0]
        return (
            f"trial {job.trial} goes on after epoch {job.start} although {job.better} of the "
            f"{job.seen} seen there were better: what goes on is not the best"
        )
    if name == "pasha" and full:
        return (
            f"{full} of {len(trials)} trials got all {MOST} epochs, though all rankings "
            "agree: that is ASHA; PASHA keeps to its second rung"
        )
    return ""


def _jobs(prober: Prober, run: Run, ranking: Ranking) -> list[Job]:
    """Run, and put together who trained how far when. Raises CouldNotLook."""
    sample = prober.smoke(run, _changes(run), Setting(ranking=ranking))
    points = sample.seen.trials
    if not points or not sample.seen.scripted:
        raise CouldNotLook(f"evaluations of {run.id} cannot be told from its training")
    if len({p.trial for p in points}) < TRIALS // 2:
        raise CouldNotLook(f"{run.id} starts too few trials to see its scheduler at work")
    return _joined(points)


def _joined(points: tuple[TrialPoint, ...]) -> list[Job]:
    """One job for each stretch of evaluations of the same trial."""
    found: list[Job] = []
    levels: dict[int, int] = {}
    values: dict[int, dict[int, float]] = {}  # of each level: quality by trial
    for point in points:
        start = levels.get(point.trial, 0)
        if found and found[-1].trial == point.trial and found[-1].end == start:
            found[-1] = found[-1]._replace(end=point.level)
        else:
            held = values.get(start, {})
            own = held.get(point.trial, 0.0)
            better = sum(value > own for value in held.values())
            found.append(Job(point.trial, start, point.level, better, len(held)))
        levels[point.trial] = point.level
        values.setdefault(point.level, {})[point.trial] = point.quality
    return found


def _changes(run: Run) -> dict[KeyPath, object]:
    """The sizes of the search, by the usual names of their keys. Raises CouldNotLook."""
    found: dict[KeyPath, object] = {}
    kinds = set()
    for key, value in leaves(run.config):
        if not key or isinstance(value, bool) or not isinstance(value, int):
            continue
        for pattern, size in _SIZES:
            if re.fullmatch(pattern, str(key[-1]), re.IGNORECASE):
                found[key] = size
                kinds.add(pattern)
                break
    if len(kinds & {_SIZES[0][0], _SIZES[1][0]}) < 2:
        raise CouldNotLook(f"{run.id} has no keys for the number of trials and their epochs")
    return found


def _scheduled(subject: Subject) -> dict[str, Run]:
    """One smoke run for each scheduler, one without a warm start where there is one."""
    found: dict[str, Run] = {}
    for run in sorted(runs(subject, "smoke"), key=lambda run: bool(_WARM.search(run.id))):
        for name in _names(run):
            if name in _JUDGED:
                found.setdefault(name, run)
    return found


def _names(run: Run) -> Iterator[str]:
    said = [str(v) for k, v in leaves(run.config) if k and "scheduler" in ".".join(map(str, k))]
    entries = [entry for text in said if (entry := catalogue.scheduler(text)) is not None]
    if not entries:
        words = run.id.replace("-", " ").replace("_", " ")
        entries = list(catalogue.named_in(words, catalogue.schedulers()))
    yield from (entry.name for entry in entries[:1])
