"""smoke-from-full: the smoke configuration, written from the full one, every run made small."""

from __future__ import annotations

from typing import Any

import yaml

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import AppendItem, Edit, Patch, WriteFile
from ohgw_tools.editing.yaml_text import Style, block
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.small_run import shrunk
from ohgw_tools.source.placeholder import placeholders
from ohgw_tools.source.run_list import Run, matches, runs
from ohgw_tools.subject import Subject
from ohgw_tools.tree import sha256

NAME = "smoke-from-full"
ANSWERS = (
    "missing-variation",
    "restored-base-file",
    "placeholder-value",
    "placeholder-comment",
    "missing-file",
    "empty-file",
    "yaml-syntax",
    "degenerate-file",
    "variation-not-run",
    "dataset-not-run",
    "model-not-run",
)
ORDER = 90
SUMMARY = "Writes smoke_test.yaml from full_experiment.yaml, each variation in lightweight form."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Give every run of the full configuration a small twin under the same id: the same dataset,
    model and method, with fewer epochs, samples, steps and trials.

    A smoke configuration that is sound but incomplete keeps its runs and gets the missing ones.
    Nothing is proposed where the full configuration does not parse, holds placeholders, or lacks
    the variation.
    """
    configs = contract.configs
    about = [f for f in findings if configs is not None and _is_about(f, configs.smoke)]
    if configs is None or not about or contract.variations.files is not None:
        return None
    subject = Subject(bundle, contract)
    full = subject.yaml(configs.full)
    full_runs = runs(subject, "full")
    if full is None or full.error or not full_runs or any(p.certain for p in placeholders(full)):
        return None
    if not isinstance(full.data, dict):
        return None
    edits = _missing_runs(subject, full_runs) if _is_sound(subject, about) else []
    if not edits:
        content = _written(full.data, configs.full)
        present = bundle.derived.get(configs.smoke)
        if content is None or content == present:
            return None
        over = None if present is None else sha256(present.encode())
        edits = [WriteFile(path=configs.smoke, content=content, over=over)]
    return Patch(
        edits=tuple(edits),
        answers=tuple(f.fingerprint for f in about),
        note=f"every run of {configs.full} in lightweight form",
    )


def _is_about(finding: Finding, smoke: str) -> bool:
    if finding.rule.endswith("-not-run"):
        return True
    return smoke in (finding.path, finding.data.get("file"))


def _is_sound(subject: Subject, about: list[Finding]) -> bool:
    """Whether the smoke configuration may stay, for it lacks nothing but variations."""
    return bool(runs(subject, "smoke")) and all(f.rule == "missing-variation" for f in about)


def _missing_runs(subject: Subject, full_runs: tuple[Run, ...]) -> list[Edit]:
    """Small twins of the full runs whose variation no smoke run carries out."""
    variations = subject.bundle.experiment.run_variations
    smoke = runs(subject, "smoke")
    suffixes = subject.contract.variations.smoke_suffixes
    have = {m.variation for m in matches(variations, smoke, suffixes).values()}
    fits = matches(variations, full_runs)
    holder = smoke[0].key[:-1]
    if not holder or not all(isinstance(run.key[-1], int) for run in smoke):
        return []
    return [
        AppendItem(path=smoke[0].path, key=holder, value=shrunk(dict(run.config)))
        for index, run in enumerate(full_runs)
        if index in fits and fits[index].variation not in have
    ]


def _written(data: dict[Any, Any], source: str) -> str | None:
    """The whole file. None where a value has no JSON form, which YAML text could not give back."""
    small = shrunk(data)
    lines = [
        f"# Smoke test: every run of {source} in lightweight form.",
        "# Datasets, models and methods are the same; only sizes and budgets are smaller.",
    ]
    text = "\n".join([*lines, *_spaced(block(small, 0, Style()))]) + "\n"
    return text if yaml.safe_load(text) == small else None


def _spaced(lines: list[str]) -> list[str]:
    """A blank line before each item of a top-level list, the first aside."""
    spaced: list[str] = []
    for line in lines:
        if line.startswith("  - ") and spaced and not spaced[-1].endswith(":"):
            spaced.append("")
        spaced.append(line)
    return spaced
