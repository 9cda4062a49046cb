"""zero-budget: a run that does not train at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.run_list import ROLES, Run, leaves, runs
from ohgw_tools.subject import Subject

NAME = "zero-budget"
CRITERION = "replacement"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "warning"
SUMMARY = "A run has zero epochs, steps or samples."


_AMOUNT = re.compile(
    r"(?:num_|n_|max_|train_)?(?:epochs|steps|iters|iterations|trials|samples|episodes)|batch_size"
)
_MEANT = re.compile(
    r"source|frozen|none|infer|zero.?shot|no.?(?:adapt|train|op)|eval|pretrained|static|oracle",
    re.I,
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each; an info where the run says that it only evaluates."""
    for role in ROLES:
        for run in runs(subject, role):
            for key, value in leaves(run.config):
                if not key or isinstance(value, bool) or not isinstance(value, int | float):
                    continue
                if value > 0 or value == -1 or not _AMOUNT.fullmatch(str(key[-1]).lower()):
                    continue
                name = ".".join(map(str, key))
                yield subject.finding(
                    __name__,
                    f"{name} of run {run.id!r} is {value:g}",
                    run.path,
                    (*run.key, *key),
                    severity="info" if _is_meant(run) else "warning",
                    subject=f"{run.id}:{name}",
                    data={"run": run.id, "key": list(key), "value": value},
                )


def _is_meant(run: Run) -> bool:
    words = [run.id, *(str(v) for _, v in leaves(run.config) if isinstance(v, str))]
    return bool(_MEANT.search(" ".join(words)[:2000]))
