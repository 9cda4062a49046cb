"""fails-without-data: without its dataset the full experiment stops, and says so."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools import catalogue
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.probe import Prober
from ohgw_tools.run_list import runs
from ohgw_tools.subject import Subject

NAME = "fails-without-data"
CRITERION = "enhancement"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "Without network and data the full experiment trains on something else."

SECONDS = 120.0


def applies(subject: Subject) -> bool:
    """Whether every run of the full configuration names a dataset that has to come from a hub."""
    entries = [catalogue.dataset(name) for name in _names(subject)]
    return bool(entries) and all(entry is not None and entry.hub is not None for entry in entries)


def check(prober: Prober) -> Iterator[Finding]:
    """Run the full experiment in the sandbox, which has neither network nor data, and report if it
    takes a step of training or ends well. A run that is still looking for its data when the time
    is up has shown neither.
    """
    sample = prober.full(SECONDS)
    steps = sum(optimizer.steps for optimizer in sample.seen.optimizers)
    if not steps and not sample.execution.ok:
        return
    subject = prober.subject
    names = ", ".join(sorted(set(_names(subject))))
    did = f"took {steps} training steps" if steps else "ended well"
    warned = sample.execution.stderr.text.strip().splitlines()[-3:]
    yield subject.finding(
        __name__,
        f"without network and without {names} the full experiment {did}: what it trained on is not "
        "the dataset that it names",
        runs(subject, "full")[0].path,
        1,
        subject=names,
        evidence=tuple(Evidence(kind="log", path="stderr", quote=line[:240]) for line in warned),
        data={"datasets": [*sorted(set(_names(subject)))], "steps": steps},
    )


def _names(subject: Subject) -> list[str]:
    found = []
    for run in runs(subject, "full"):
        dataset = run.config.get("dataset")
        name = dataset.get("name") if isinstance(dataset, dict) else dataset
        found.append(str(name))
    return found
