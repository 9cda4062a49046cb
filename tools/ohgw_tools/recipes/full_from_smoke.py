"""full-from-smoke: a variation that the full configuration lacks, where the bundle settles it."""

from __future__ import annotations

from typing import Any

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import AppendItem, Edit, Patch
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.small_run import shrunk
from ohgw_tools.source.run_list import EXACT, Run, leaves, matches, runs
from ohgw_tools.subject import Subject

NAME = "full-from-smoke"
ANSWERS = ("missing-variation",)
ORDER = 80
SUMMARY = (
    "Adds a run to the full configuration that the smoke configuration settles in every value."
)


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Make the missing full run from a full run and what their smoke twins differ in.

    Only where every full run whose smoke twin shares dataset and model leads to the same result,
    and no value that makes the difference is one that a smoke test cuts down. Else the experiment's
    author must say what the run is: nothing is proposed.
    """
    configs = contract.configs
    if configs is None or contract.variations.files is not None:
        return None
    subject = Subject(bundle, contract)
    full, smoke = runs(subject, "full"), runs(subject, "smoke")
    edits: list[Edit] = []
    answers = []
    for finding in findings:
        variation = str(finding.data.get("variation", ""))
        if finding.data.get("role") != "full" or not full or not isinstance(full[0].key[-1], int):
            continue
        run = _settled(subject, variation, full, smoke)
        if run is not None:
            edits.append(AppendItem(path=full[0].path, key=full[0].key[:-1], value=run))
            answers.append(finding.fingerprint)
    if not edits:
        return None
    note = "runs that the smoke configuration settles"
    return Patch(edits=tuple(edits), answers=tuple(answers), note=note)


def _settled(
    subject: Subject, variation: str, full: tuple[Run, ...], smoke: tuple[Run, ...]
) -> dict[str, Any] | None:
    variations = subject.bundle.experiment.run_variations
    suffixes = subject.contract.variations.smoke_suffixes
    small = {
        match.variation: smoke[index]
        for index, match in matches(variations, smoke, suffixes).items()
        if match.score == EXACT or smoke[index].id == match.variation
    }
    if variation not in small:
        return None
    results = []
    for index, match in matches(variations, full).items():
        twin = small.get(match.variation)
        if twin is None or twin.group != small[variation].group:
            continue
        result = _moved(dict(full[index].config), twin.config, small[variation].config)
        if result is None:
            return None
        results.append(_named(result, subject.contract.variations.id_key, variation))
    return results[0] if results and all(r == results[0] for r in results) else None


def _moved(full: dict[str, Any], twin: Any, wanted: Any) -> dict[str, Any] | None:
    """`full` with what `wanted` has otherwise than `twin`, or None if a budget is among it."""
    before, after = dict(leaves(twin)), dict(leaves(wanted))
    result = full
    for key in {*before, *after}:
        if before.get(key) == after.get(key) and (key in before) == (key in after):
            continue
        name = str(key[-1])
        if shrunk({name: 10**9}) != {name: 10**9}:
            return None
        result = _with(result, key, after[key]) if key in after else _less(result, key)
    return result


def _with(data: Any, key: tuple[Any, ...], value: Any) -> Any:
    if not key:
        return value
    inner = data if isinstance(data, dict) else {}
    return {**inner, key[0]: _with(inner.get(key[0]), key[1:], value)}


def _less(data: Any, key: tuple[Any, ...]) -> Any:
    if not isinstance(data, dict) or key[0] not in data:
        return data
    if len(key) == 1:
        return {k: v for k, v in data.items() if k != key[0]}
    return {**data, key[0]: _less(data[key[0]], key[1:])}


def _named(run: dict[str, Any], id_key: str, variation: str) -> dict[str, Any]:
    return {**run, id_key: variation} if id_key in run else run
