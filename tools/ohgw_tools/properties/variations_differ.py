"""variations-differ: every variation leaves finite results of its own, from the same seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ohgw_tools.facts.experiment_facts import facts
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.running.probe import Prober, metric_numbers, numbers
from ohgw_tools.source.run_list import WORDS, Run, leaves, matches, runs
from ohgw_tools.subject import Subject

NAME = "variations-differ"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A variation does not run, leaves no finite result, or leaves the result of another."

_MOST_PAIRS = 6


def applies(subject: Subject) -> bool:
    """Whether the experiment declares variations that leave results of their own."""
    pattern = subject.contract.artifacts.results
    return len(subject.bundle.experiment.run_variations) > 1 and "{run_id}" in (pattern or "")


def check(prober: Prober) -> Iterator[Finding]:
    """Look at what the whole smoke test leaves. Where the text states a paired comparison, each
    variation is run alone as well, and all must seed their libraries alike at first.
    """
    subject = prober.subject
    smoke = {run.id: run for run in runs(subject, "smoke")}
    results = prober.results()
    found = tuple(smoke[run_id] for run_id in results)
    declared = subject.bundle.experiment.run_variations
    suffixes = subject.contract.variations.smoke_suffixes
    ran = {m.variation for m in matches(declared, found, suffixes).values() if m.score >= WORDS}
    missing = [variation for variation in declared if variation not in ran]
    for variation in missing:
        said = f"{variation} leaves no results in the smoke test; {_listed(results)} do"
        yield _finding(subject, None, said, variation)
    yield from _not_finite(subject, smoke, results)
    yield from _equal(subject, smoke, results)
    if not missing and facts(subject.bundle).of("pairing"):
        yield from _unpaired(prober, found)


def _not_finite(
    subject: Subject, smoke: Mapping[str, Run], results: Mapping[str, Any]
) -> Iterator[Finding]:
    for run_id, left in results.items():
        bad = [name for name, value in numbers(left) if not math.isfinite(value)]
        if bad:
            said = f"{run_id} leaves {bad[0]} that is not finite"
            yield _finding(subject, smoke[run_id], said, run_id, bad[:8])
        elif not metric_numbers(left):
            said = f"{run_id} leaves no metric but times and sizes"
            yield _finding(subject, smoke[run_id], said, run_id)


def _equal(
    subject: Subject, smoke: Mapping[str, Run], results: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield the pairs of variations whose metrics are all equal, to the last bit."""
    seen: dict[tuple[tuple[str, float], ...], str] = {}
    for run_id, left in results.items():
        key = tuple(sorted(metric_numbers(left).items()))
        first = seen.setdefault(key, run_id)
        if first != run_id and key and _settings(smoke[first]) != _settings(smoke[run_id]):
            said = f"{run_id} and {first} leave the same {len(key)} metrics: one of them is not run"
            yield _finding(subject, smoke[run_id], said, f"{run_id} {first}", [n for n, _ in key])


def _settings(run: Run) -> dict[str, Any]:
    """What is configured beside the run's name and scheduler: what is configured alike may end
    alike, and two schedulers may find the same best of a smoke test's few trials. Whether they are
    two is judged by scheduler-follows-ranking.
    """
    own = {".".join(map(str, key)): value for key, value in leaves(run.config)}
    return {k: v for k, v in own.items() if v != run.id and "scheduler" not in k.lower()}


def _unpaired(prober: Prober, found: tuple[Run, ...]) -> Iterator[Finding]:
    """Yield the runs whose first seeds are not those of the first run of the same group."""
    first: dict[tuple[str, ...], tuple[str, dict[str, str]]] = {}
    for run in found[:_MOST_PAIRS]:
        seeds: dict[str, str] = {}
        for text in prober.smoke(run).seen.seeds:
            library, _, value = text.partition(":")
            seeds.setdefault(library, value)
        other, expected = first.setdefault(run.group, (run.id, seeds))
        unlike = sorted(n for n in seeds.keys() & expected.keys() if seeds[n] != expected[n])
        if unlike:
            name = unlike[0]
            said = (
                f"{run.id} seeds {name} with {seeds[name]}, {other} with {expected[name]}: they "
                "are compared pair by pair and are no pairs"
            )
            yield _finding(prober.subject, run, said, run.id, unlike)


def _finding(
    subject: Subject, run: Run | None, message: str, about: str, names: list[str] | None = None
) -> Finding:
    quote = ", ".join(names or ())[:200]
    evidence = (Evidence(kind="observation", path="results", quote=quote),) if quote else ()
    configs = subject.contract.configs
    return subject.finding(
        __name__,
        message,
        run.path if run else (configs.smoke if configs else None),
        run.key if run else None,
        subject=about,
        evidence=evidence,
        data={"run": about},
    )


def _listed(results: Mapping[str, Any]) -> str:
    return ", ".join(list(results)[:6]) or "none"
