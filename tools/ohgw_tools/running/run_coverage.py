"""RunCoverage: whether a smoke test that ended well ran what the experiment declares.

A smoke test proves nothing where it trains something else: what counts is which runs left results,
and which dataset and model those runs were configured with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ohgw_tools.bundle import Bundle
from ohgw_tools.finding import Evidence, Severity
from ohgw_tools.running.run_finding import RunFindings
from ohgw_tools.source import run_list
from ohgw_tools.source.run_list import WORDS, Run, config_paths, leaves, matches, plain, runs
from ohgw_tools.source.yaml_file import KeyPath
from ohgw_tools.subject import Subject

_STAND_IN = re.compile(
    r"placeholder|random|synthetic|dummy|fake|mock|toy(?![a-z])|base_?classifier", re.IGNORECASE
)
_NAME_KEYS = ("name", "id", "type", "path", "hf_id", "hub_id", "arch", "architecture")


class Resource(NamedTuple):
    """A kind of thing that runs name: its rule, and the keys that it is named under."""

    word: str
    rule: str
    keys: tuple[str, ...]


DATASET = Resource("dataset", "dataset-not-run", ("dataset", "datasets", "data", "dataset_name"))
MODEL = Resource(
    "model", "model-not-run", ("model", "network", "backbone", "model_name", "arch", "architecture")
)


class Named(NamedTuple):
    """A dataset or model by name, and where a configuration names it."""

    name: str
    path: str
    key: KeyPath


def report_coverage(findings: RunFindings, run_ids: tuple[str, ...]) -> None:
    """Add a finding for each variation, dataset and model that is declared and did not run.

    `run_ids` are the runs that left results; where the contract's results carry no id, every run of
    the smoke configuration counts.
    """
    subject = findings.subject
    ran = _ran(subject, run_ids)
    _report_variations(findings, ran)
    for resource in (DATASET, MODEL):
        _report_resource(findings, resource, ran)


def _ran(subject: Subject, run_ids: tuple[str, ...]) -> tuple[Run, ...]:
    configured = runs(subject, "smoke")
    pattern = subject.contract.artifacts.results
    if pattern is None or "{run_id}" not in pattern:
        return configured
    known = {run.id: run for run in configured}
    return tuple(known.get(run_id) or Run("", (), run_id, {}) for run_id in run_ids)


def _report_variations(findings: RunFindings, ran: tuple[Run, ...]) -> None:
    subject = findings.subject
    declared = subject.bundle.experiment.run_variations
    suffixes = findings.contract.variations.smoke_suffixes
    covered = {m.variation for m in matches(declared, ran, suffixes).values() if m.score >= WORDS}
    names = ", ".join(run.id for run in ran[:6]) or "nothing"
    for variation in declared:
        if variation in covered:
            continue
        findings.add(
            "variation-not-run",
            f"the smoke test ended well without running {variation}; it ran {names}",
            *_place_of_runs(subject),
            about=variation,
            evidence=[_evidence(ran)],
            data={"variation": variation, "ran": [run.id for run in ran[:20]]},
        )


def _report_resource(findings: RunFindings, resource: Resource, ran: tuple[Run, ...]) -> None:
    subject = findings.subject
    declared = _named(subject, resource, runs(subject, "full"), "full")
    used = _named(subject, resource, ran, "smoke")
    if not ran or not declared:
        return
    seen = {plain(item.name) for item in used}
    severity = _severity(subject.bundle, used)
    names = ", ".join(dict.fromkeys(item.name for item in used)) or "none"
    for name in dict.fromkeys(item.name for item in declared):
        if plain(name) in seen or _STAND_IN.search(name):
            continue
        place = (used[0].path, used[0].key) if used else _place_of_runs(subject)
        findings.add(
            resource.rule,
            f"the smoke test ended well without the {resource.word} {name}; it used {names}",
            *place,
            about=f"{resource.word} {name}",
            severity=severity,
            evidence=[_evidence(ran)],
            data={resource.word: name, "used": [item.name for item in used[:20]]},
        )


def _severity(bundle: Bundle, used: Iterable[Named]) -> Severity:
    """An error where only stand-ins ran: what has such a name, or what base runs by itself."""
    base = "\n".join(text for path, text in bundle.base.items() if path.endswith((".yaml", ".yml")))
    own = [u for u in used if not _STAND_IN.search(u.name) and not _is_word_of(u.name, base)]
    return "warning" if own else "error"


def _is_word_of(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def _named(
    subject: Subject, resource: Resource, found: Iterable[Run], role: run_list.Role
) -> list[Named]:
    """What runs name, each by its own configuration or by what stands beside the list of runs."""
    names: dict[Named, None] = {}
    for run in found:
        own = list(_names_in(resource, run.path, run.key, run.config))
        names.update(dict.fromkeys(own or _shared(subject, resource, role)))
    return list(names)


def _shared(subject: Subject, resource: Resource, role: run_list.Role) -> list[Named]:
    found: list[Named] = []
    for path in config_paths(subject, role):
        file = subject.yaml(path)
        if file is not None and isinstance(file.data, Mapping):
            found += _names_in(resource, path, (), file.data)
    return found


def _names_in(
    resource: Resource, path: str, key: KeyPath, config: Mapping[str, object]
) -> Iterable[Named]:
    for inner, value in leaves(config):
        if not isinstance(value, str) or not value.strip() or not inner:
            continue
        parent = inner[-2] if len(inner) > 1 else ""
        if inner[-1] in resource.keys or (parent in resource.keys and inner[-1] in _NAME_KEYS):
            yield Named(value, path, (*key, *inner))


def _place_of_runs(subject: Subject) -> tuple[str | None, KeyPath | int | None]:
    """Where the smoke configuration lists its runs."""
    configured = runs(subject, "smoke")
    if configured:
        return configured[0].path, configured[0].key[:-1] or 1
    paths = config_paths(subject, "smoke")
    return (paths[0], 1) if paths else (None, None)


def _evidence(ran: tuple[Run, ...]) -> Evidence:
    lines = [f"{run.id}: {', '.join(run.group) or 'no dataset or model named'}" for run in ran[:20]]
    return Evidence(
        kind="artifact", path="results", quote="\n".join(lines), note="runs with results"
    )
