"""fails-without-data: without its dataset the experiment stops, and says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ohgw_tools import catalogue
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.running.probe import Prober
from ohgw_tools.source.run_list import Run, runs
from ohgw_tools.subject import Subject

NAME = "fails-without-data"
CRITERION = "enhancement"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "Without network and data the experiment trains on something else."


def applies(subject: Subject) -> bool:
    """Whether every run of the full configuration names a dataset that has to come from a hub."""
    entries = [catalogue.dataset(name) for name in _names(subject)]
    return bool(entries) and all(entry is not None and entry.hub is not None for entry in entries)


def check(prober: Prober) -> Iterator[Finding]:
    """Run a smoke run with the dataset section of its full twin, in the sandbox, which has neither
    network nor data: permissions that the smoke test's own section gives are gone, and the sizes of
    the rest are small. Report if it takes a step of training or ends well.
    """
    subject = prober.subject
    for run, dataset in twins(subject):
        sample = prober.attempt(run, {("dataset",): dataset})
        steps = sum(optimizer.steps for optimizer in sample.seen.optimizers)
        if not steps and not sample.execution.ok:
            continue
        name = str(dataset["name"])
        did = f"takes {steps} training steps" if steps else "ends well"
        said = sample.execution.stderr.text.strip().splitlines()[-3:]
        yield subject.finding(
            __name__,
            f"without network and without {name} the experiment {did} as the full configuration "
            "asks for it: what it trains on is not the dataset that it names",
            runs(subject, "full")[0].path,
            1,
            subject=name,
            evidence=tuple(Evidence(kind="log", path="stderr", quote=line[:240]) for line in said),
            data={"dataset": name, "steps": steps, "run": run.id},
        )


def twins(subject: Subject) -> Iterator[tuple[Run, dict[str, Any]]]:
    """Yield a smoke run for each dataset, with the dataset section of the full run of that dataset.

    Numbers that both sections hold are taken from the smoke run: they are its sizes.
    """
    seen: set[str] = set()
    smoke = runs(subject, "smoke")
    for full in runs(subject, "full"):
        wanted = full.config.get("dataset")
        if not isinstance(wanted, dict) or str(wanted.get("name")) in seen:
            continue
        for run in smoke:
            own = run.config.get("dataset")
            if isinstance(own, dict) and own.get("name") == wanted.get("name"):
                seen.add(str(wanted.get("name")))
                sizes = {k: v for k, v in own.items() if k in wanted and isinstance(v, int | float)}
                yield run, {**wanted, **sizes}
                break


def _names(subject: Subject) -> list[str]:
    found = []
    for run in runs(subject, "full"):
        dataset = run.config.get("dataset")
        name = dataset.get("name") if isinstance(dataset, dict) else dataset
        found.append(str(name))
    return found
