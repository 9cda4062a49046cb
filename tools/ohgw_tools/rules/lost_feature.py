"""lost-feature: something that the base code does and the derived code no longer does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.feature import FEATURES, Feature, features
from ohgw_tools.subject import Subject

NAME = "lost-feature"
CRITERION = "preservation"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "error"
SUMMARY = "Figures, checkpoints, results, seeding, logging or the like of the base code are gone."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a finding for each feature that a file lost altogether while the bundle has less of it
    than the base code; its severity goes by the feature.
    """
    if not subject.contract.has_base or any(f.tree is None for _, f in subject.python_files()):
        return
    before = _total(subject, base=True)
    after = _total(subject, base=False)
    for path, base in subject.python_files(base=True):
        file = subject.python(path)
        if file is None or not file.text.strip():
            continue
        had, has = features(base), features(file)
        for feature in FEATURES:
            if not had[feature.name] or has[feature.name]:
                continue
            if after[feature.name] < before[feature.name]:
                yield _lost(subject, path, feature, had[feature.name], after[feature.name])


def _lost(subject: Subject, path: str, feature: Feature, had: int, left: int) -> Finding:
    elsewhere = f"; other files have {left}" if left else ""
    return subject.finding(
        __name__,
        f"{feature.name}: {had} in the base code of this file, none now{elsewhere}",
        path,
        1,
        severity="warning" if left and feature.severity == "error" else feature.severity,
        subject=feature.name,
        data={"feature": feature.name, "module": path, "before": had},
    )


def _total(subject: Subject, base: bool) -> Counter[str]:
    total: Counter[str] = Counter()
    for _, file in subject.python_files(base):
        total += features(file)
    return total
