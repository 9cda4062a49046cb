"""heavy-smoke-test: a smoke run as heavy as the full one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.run_list import Run, assigned, leaves, matches, runs
from ohgw_tools.source.yaml_file import KeyPath
from ohgw_tools.subject import Subject

NAME = "heavy-smoke-test"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A smoke run is as heavy as the full run of its variation."


_KNOB = re.compile(
    r"limit|max_|num_|n_|subset|fast|debug|smoke|samples|steps|size|epochs|batches|trials|dim|"
    r"channels|layers|hidden|depth|width|len|length|seq|budget|images|episodes|iters|iterations|"
    r"replicates|fraction|ratio|tiny|dry|mini|hours|minutes|timeout",
    re.IGNORECASE,
)
_EPOCHS = re.compile(r"(?:num_|n_|max_)?epochs")
_MANY = 20


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error where nothing is smaller than in the full run, a warning for many epochs."""
    variations = subject.bundle.experiment.run_variations
    smoke, full = runs(subject, "smoke"), runs(subject, "full")
    if not smoke or not full or smoke[0].path == full[0].path:
        return
    cut_in_code = subject.once(_code_knows_smoke)
    shared = _shared_is_lighter(subject, smoke[0], full[0])
    of_full: dict[str, list[Run]] = {}
    for index, match in matches(variations, full).items():
        of_full.setdefault(match.variation, []).append(full[index])
    for index, match in assigned(subject, "smoke").items():
        run = smoke[index]
        rivals = of_full.get(match.variation, [])
        peers = [other for other in rivals if other.group == run.group] or rivals
        if peers and not shared and not any(_is_lighter(run, other) for other in peers):
            yield subject.finding(
                __name__,
                f"smoke run {run.id!r} is as heavy as the full run {peers[0].id!r}: no size, count "
                f"or limit is smaller",
                run.path,
                run.key,
                severity="warning" if cut_in_code else "error",
                subject=run.id,
                data={"run": run.id, "full": peers[0].id, "config": run.path},
            )
            continue
        for key, value in leaves(run.config):
            if key and _EPOCHS.fullmatch(str(key[-1])) and _is_many(value):
                yield subject.finding(
                    __name__,
                    f"smoke run {run.id!r} trains for {value} epochs",
                    run.path,
                    (*run.key, *key),
                    severity="warning",
                    subject=f"{run.id}:epochs",
                    data={"run": run.id, "key": list(key), "config": run.path},
                )


def _is_many(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > _MANY


def _shared_is_lighter(subject: Subject, smoke: Run, full: Run) -> bool:
    """Whether what stands beside the list of runs is lighter: defaults that all runs share."""
    documents = []
    for run in (smoke, full):
        file = subject.yaml(run.path)
        data = file.data if file and isinstance(file.data, dict) else {}
        top = str(run.key[0]) if run.key else ""
        documents.append(dict(leaves({k: v for k, v in data.items() if str(k) != top})))
    return _has_less(documents[0], documents[1])


def _code_knows_smoke(subject: Subject) -> bool:
    """Whether code other than the command line speaks of smoke tests: it may cut the run itself."""
    return any(file.derive(_speaks_of_smoke) for _, file in subject.python_files())


def _speaks_of_smoke(file: PythonFile) -> bool:
    return any("smoke" in node.id.lower() for node in file.nodes(ast.Name))


def _is_lighter(run: Run, other: Run) -> bool:
    if run.group != other.group:
        return True
    return _has_less(dict(leaves(run.config)), dict(leaves(other.config)))


def _has_less(mine: dict[KeyPath, object], theirs: dict[KeyPath, object]) -> bool:
    for key in mine.keys() | theirs.keys():
        one, two = mine.get(key), theirs.get(key)
        name = str(key[-1]) if key else ""
        if key in mine and key not in theirs and _KNOB.search(name):
            return True
        if _is_number(one) and _is_number(two) and one < two and _KNOB.search(name):  # type: ignore[operator]
            return True
        if isinstance(one, list) and isinstance(two, list) and len(one) < len(two):
            return True
        if isinstance(one, str) and isinstance(two, str) and one != two and len(key) > 1:
            return True
    return False


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
