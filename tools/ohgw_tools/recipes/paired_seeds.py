"""paired-seeds: variations that a paired test compares, under one list of seeds."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, SetKey
from ohgw_tools.finding import Finding
from ohgw_tools.source.run_list import runs
from ohgw_tools.subject import Subject

NAME = "paired-seeds"
ANSWERS = ("unpaired-seeds",)
ORDER = 111
SUMMARY = "Gives variations that a paired test compares the seed of the first of them."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Set each run's seed to that of the first run, where every variation has one run and one seed:
    which seed it is does not matter to a paired test, that it is the same does.
    """
    subject = Subject(bundle, contract)
    edits: list[Edit] = []
    answers = []
    for finding in findings:
        role = finding.data.get("role")
        seeds = finding.data.get("seeds")
        if role not in ("smoke", "full") or not isinstance(seeds, dict):
            continue
        found = runs(subject, "smoke" if role == "smoke" else "full")
        single = all(isinstance(s, list) and len(s) == 1 for s in seeds.values())
        if not single or len(found) != len(seeds) or len({run.group for run in found}) != 1:
            continue
        first = found[0].config.get("seed")
        if not isinstance(first, int):
            continue
        answers.append(finding.fingerprint)
        edits += [
            SetKey(path=run.path, key=(*run.key, "seed"), value=first)
            for run in found
            if run.config.get("seed") != first
        ]
    if not edits:
        return None
    note = "one seed for all variations that are compared seed by seed"
    return Patch(edits=tuple(edits), answers=tuple(answers), note=note)
