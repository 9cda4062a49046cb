"""warm-start-moves: the warm start moves hyper-parameters, by eta times a gradient of the data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ohgw_tools.facts.experiment_facts import texts
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.running.probe import KeyPath, Prober, Sample, metrics_of, uses_torch
from ohgw_tools.source.run_list import Run, leaves, runs
from ohgw_tools.subject import Subject

NAME = "warm-start-moves"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A hyper-gradient warm start that does not move hyper-parameters as it says."

# The step size is set far above the design's: what it moves must show in double precision.
ETA, SMALLER = 1.0, (0.01, 0.0001)
_ETA_NAMES = ("eta_h", "eta", "hyper_lr", "hypergradient_lr", "eta_hyper")
_ABOUT = re.compile(r"hyper-?\s?gradient|OHGW|hyper-?parameter[^.\n]{0,40}gradient", re.IGNORECASE)
_WATCHED = ("lr", "weight_decay", "momentum")


def applies(subject: Subject) -> bool:
    """Whether a smoke run has a step size of a hyper-gradient method that is switched on."""
    return warm_started(subject) is not None


def check(prober: Prober) -> Iterator[Finding]:
    """Run one variation with eta 0, 1 and 2, and with 1 on another mini-batch, and compare what the
    first optimizer was given.

    With eta = 0 nothing may move, and weights never may; what moves must be a hyper-parameter,
    twice as far for twice the eta, and depend on the data. Step counts are compared like with like,
    so that schedules cancel. A random nudge drawn from the data's own values would pass.
    """
    found = warm_started(prober.subject)
    assert found is not None, "check() follows applies()"
    run, key = found
    still, once, twice = (prober.smoke(run, {key: n * ETA}) for n in (0, 1, 2))
    moved = _moved(still, once)
    if not moved:
        trained = metrics_of(still) != metrics_of(once)
        what = (
            "changes the results but no learning rate, weight decay or momentum: a step on weights?"
            if trained
            else "changes nothing at all: it is ignored, or the warm start is never called"
        )
        yield _finding(prober, run, key, f"{'.'.join(map(str, key))} {what}", still, once)
        return
    if still.first and once.first and still.first.weights != once.first.weights:
        said = "the weights that training starts from change with it: it takes a step on weights"
        yield _finding(prober, run, key, said, still, once)
        return
    bent = _bent(prober, run, key, moved, _moved(still, twice))
    if bent:
        yield _finding(prober, run, key, bent, once, twice)
        return
    batch = _batch_size(run)
    if batch is None:
        return
    path, size = batch
    other = {path: max(2, size - 2) if size > 3 else size + 2}
    elsewhere = _moved(
        prober.smoke(run, {key: 0.0, **other}), prober.smoke(run, {key: ETA, **other})
    )
    same = [n for n, d in moved.items() if math.isclose(elsewhere.get(n, 0.0), d, rel_tol=1e-6)]
    if len(same) == len(moved):
        said = f"{', '.join(same)} move equally far on another mini-batch: no gradient of the data"
        yield _finding(prober, run, key, said, still, once)


def _bent(
    prober: Prober, run: Run, key: KeyPath, once: dict[str, float], twice: dict[str, float]
) -> str:
    """What does not move twice as far for twice the eta, in words; empty if all does.

    A large step may end at a bound of the search space: what looks bent is asked again with smaller
    ones, and must be straight in one of them.
    """
    ratios = {name: twice.get(name, 0.0) / distance for name, distance in once.items()}
    for eta in SMALLER:
        if all(1.8 < ratio < 2.2 for ratio in ratios.values()):
            return ""
        still, near, far = (prober.smoke(run, {key: n * eta}) for n in (0, 1, 2))
        then = _moved(still, far)
        for name, distance in _moved(still, near).items():
            if 1.8 < then.get(name, 0.0) / distance < 2.2:
                ratios[name] = 2.0
    for name, ratio in ratios.items():
        if not 1.8 < ratio < 2.2:
            return f"{name} moves {ratio:.3g} times as far for twice the eta; a gradient step: 2"
    return ""


def _finding(prober: Prober, run: Run, key: KeyPath, message: str, *samples: Sample) -> Finding:
    quotes = [
        str(sample.first.settings if sample.first else "no optimizer took a step")
        for sample in samples
    ]
    return prober.subject.finding(
        __name__,
        f"{run.id}: {message}",
        run.path,
        (*run.key, *key),
        subject=run.id,
        evidence=tuple(Evidence(kind="observation", path="optimizer", quote=q) for q in quotes),
        data={"run": run.id, "key": ".".join(map(str, key))},
    )


def warm_started(subject: Subject) -> tuple[Run, KeyPath] | None:
    """The first smoke run with a step size above 0 that nothing beside it switches off, where the
    text speaks of hyper-gradients: `eta` alone is a learning rate elsewhere.
    """
    if not uses_torch(subject) or not any(map(_ABOUT.search, texts(subject.bundle).values())):
        return None
    for run in runs(subject, "smoke"):
        values = dict(leaves(run.config))
        for key, value in values.items():
            switch = values.get((*key[:-1], "enabled"), True)
            if not key or str(key[-1]).lower() not in _ETA_NAMES or isinstance(value, bool):
                continue
            if isinstance(value, int | float) and value > 0 and switch is True:
                return run, key
    return None


def _moved(still: Sample, other: Sample) -> dict[str, float]:
    """How far each setting of the first optimizer moved, as a logarithm where it is above 0."""
    before, after = _settings(still), _settings(other)
    if still.first is None or other.first is None or still.first.name != other.first.name:
        return {}
    found = {}
    for name in _WATCHED:
        old, new = before.get(name), after.get(name)
        if isinstance(old, int | float) and isinstance(new, int | float) and old != new:
            log = old > 0 and new > 0 and name != "momentum"
            found[name] = math.log(new / old) if log else float(new - old)
    return {n: d for n, d in found.items() if abs(d) > 1e-14}


def _settings(sample: Sample) -> Mapping[str, Any]:
    return sample.first.settings if sample.first else {}


def _batch_size(run: Run) -> tuple[KeyPath, int] | None:
    for key, value in leaves(run.config):
        if key and str(key[-1]) == "batch_size" and isinstance(value, int):
            return key, value
    return None
