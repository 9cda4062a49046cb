"""eta-zero-is-baseline: a warm start with step size 0 leaves the run as it is without one."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.properties.warm_start_moves import warm_started
from ohgw_tools.running.probe import KeyPath, Prober, metrics_of
from ohgw_tools.source.run_list import Run
from ohgw_tools.subject import Subject

NAME = "eta-zero-is-baseline"
CRITERION = "replacement"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "A warm start changes a run even with step size 0."


def applies(subject: Subject) -> bool:
    """Whether a smoke run has a step size and a switch beside it."""
    return _switch(subject) is not None


def check(prober: Prober) -> Iterator[Finding]:
    """Run one variation with eta = 0 and with the method switched off: metrics must be equal, bit
    for bit. Where they differ, weights, random states or the order of data were disturbed.
    """
    found = _switch(prober.subject)
    assert found is not None, "check() follows applies()"
    run, key, switch = found
    off = metrics_of(prober.smoke(run, {switch: False}))
    zero = metrics_of(prober.smoke(run, {key: 0.0}))
    differing = sorted(name for name in off.keys() & zero.keys() if off[name] != zero[name])
    if differing:
        name = differing[0]
        yield prober.subject.finding(
            __name__,
            f"{run.id}: with {'.'.join(map(str, key))} = 0 {name} is {zero[name]!r}, without the "
            f"warm start {off[name]!r}: it disturbs weights or random states",
            run.path,
            (*run.key, *key),
            subject=run.id,
            data={"run": run.id, "metrics": list(differing[:20])},
        )


def _switch(subject: Subject) -> tuple[Run, KeyPath, KeyPath] | None:
    found = warm_started(subject)
    if found is None:
        return None
    run, key = found
    held: object = run.config
    for part in key[:-1]:
        held = held[part] if isinstance(held, dict) else None
    if not isinstance(held, dict) or held.get("enabled") is not True:
        return None
    return run, key, (*key[:-1], "enabled")
