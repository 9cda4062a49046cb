"""short-budget: a full configuration that does far less than the description says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ohgw_tools.facts.experiment_facts import DESCRIPTION, Fact, facts
from ohgw_tools.facts.fact_pattern import FactKind
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.run_list import Run, leaves, runs
from ohgw_tools.source.wording import proxy
from ohgw_tools.source.yaml_file import KeyPath
from ohgw_tools.subject import Subject

NAME = "short-budget"
CRITERION = "replacement"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "The full configuration trains far less than the description says."


_SHARE = 0.5
_KEYS: tuple[tuple[FactKind, re.Pattern[str]], ...] = (
    ("epochs", re.compile(r"(?:num_|n_|max_|total_|train_|training_)?epochs")),
    ("updates", re.compile(r"(?:num_|max_|total_|train_|training_)?(?:steps|updates|iterations)")),
    (
        "sequence-length",
        re.compile(r"(?:max_)?seq(?:uence)?_len(?:gth)?|block_size|context_len(?:gth)?"),
    ),
)
_ASIDE = re.compile(r"warm|pre_?train|source|schedul|every|smoke|search|proxy|patience|adapt|probe")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each key whose value is below half of what the description states, the
    smallest of its statements counting.
    """
    known = facts(subject.bundle)
    for kind, pattern in _KEYS:
        stated = [f for f in known.of(kind, text=DESCRIPTION) if float(f.value) > 0]
        if not stated:
            continue
        wanted = min(stated, key=lambda fact: float(fact.value))
        short: dict[KeyPath, list[tuple[Run, float]]] = {}
        for run in runs(subject, "full"):
            for key, value in leaves(run.config):
                if _is_short(key, value, pattern, float(wanted.value)):
                    short.setdefault(key, []).append((run, float(str(value))))
        for key, found in short.items():
            yield _finding(subject, wanted, key, found)


def _finding(
    subject: Subject, wanted: Fact, key: KeyPath, found: list[tuple[Run, float]]
) -> Finding:
    run, value = found[0]
    name = ".".join(map(str, key))
    said = _admission(subject, run, key)
    count = f" in {len(found)} runs" if len(found) > 1 else ""
    return subject.finding(
        __name__,
        f"{name} is {value:g}{count}; the description says {float(wanted.value):g}",
        run.path,
        (*run.key, *key),
        subject=name,
        evidence=(wanted.evidence, *said),
        data={
            "key": list(key),
            "value": value,
            "described": float(wanted.value),
            "config": run.path,
            "runs": [r.id for r, _ in found],
        },
    )


def _is_short(key: KeyPath, value: object, pattern: re.Pattern[str], wanted: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not key:
        return False
    if not pattern.fullmatch(str(key[-1]).lower()) or not 0 < value < _SHARE * wanted:
        return False
    return not any(_ASIDE.search(str(part).lower()) for part in key)


def _admission(subject: Subject, run: Run, key: KeyPath) -> tuple[Evidence, ...]:
    """The comment beside the value, where it admits that the value was cut."""
    file = subject.yaml(run.path)
    region = file.region((*run.key, *key)) if file else None
    for comment in file.comments if file and region else ():
        if region and comment.line == region.start_line and proxy(comment.text):
            return (Evidence(kind="source", path=run.path, quote=comment.text[:200]),)
    return ()
