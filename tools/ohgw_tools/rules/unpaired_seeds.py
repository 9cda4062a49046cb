"""unpaired-seeds: seeds that differ between variations compared by a paired test."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.facts.experiment_facts import facts
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.run_list import ROLES, Role, Run, assigned, runs
from ohgw_tools.subject import Subject

NAME = "unpaired-seeds"
CRITERION = "consistency"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "Variations that a paired test compares do not share their seeds."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each configuration in which variations of one group differ in seed, where
    the description or strategy names a paired test.
    """
    pairing = facts(subject.bundle).of("pairing")
    if not pairing or len(subject.bundle.experiment.run_variations) < 2:
        return
    for role in ROLES:
        for group in _groups(subject, role):
            seeds = {name: sorted(r.config["seed"] for r in rs) for name, rs in group.items()}
            first = next(iter(seeds.values()))
            odd = next((name for name in seeds if seeds[name] != first), None)
            if odd is None:
                continue
            listed = ", ".join(f"{name} {values}" for name, values in seeds.items())
            run = group[odd][0]
            yield subject.finding(
                __name__,
                f"the test is paired ({pairing[0].value}), but seeds differ: {listed}",
                run.path,
                (*run.key, "seed"),
                subject=role,
                evidence=(pairing[0].evidence,),
                data={"config": run.path, "role": role, "seeds": {**seeds}},
            )
            break


def _groups(subject: Subject, role: Role) -> list[dict[str, list[Run]]]:
    """The runs with one seed each, by dataset and model, then by variation."""
    found = runs(subject, role)
    groups: dict[tuple[str, ...], dict[str, list[Run]]] = {}
    for index, match in assigned(subject, role).items():
        run = found[index]
        if isinstance(run.config.get("seed"), int):
            groups.setdefault(run.group, {}).setdefault(match.variation, []).append(run)
    return list(groups.values())
