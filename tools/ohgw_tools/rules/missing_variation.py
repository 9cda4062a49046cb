"""missing-variation: a run variation that a configuration has no run for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.run_list import CLOSE, ROLES, VALUE, Role, Run, assigned, config_paths, runs
from ohgw_tools.subject import Subject

NAME = "missing-variation"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = "A configuration has no run for a run variation of the experiment."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one finding for each variation that a configuration lacks.

    Counting comes first: with fewer runs than variations some are missing, whatever their names.
    With enough runs, names decide, and an unnamed run to spare makes the finding milder.
    """
    variations = tuple(dict.fromkeys(subject.bundle.experiment.run_variations))
    for role in ROLES if variations else ():
        paths = config_paths(subject, role)
        if not paths or any((file := subject.yaml(p)) is None or file.error for p in paths):
            continue
        found = runs(subject, role)
        if found:
            yield from _uncovered(subject, role, variations, found)
        else:
            yield from _unnamed(subject, role, variations, paths[0])
        if subject.contract.variations.files is not None:
            return


def _uncovered(
    subject: Subject, role: Role, variations: tuple[str, ...], found: tuple[Run, ...]
) -> Iterator[Finding]:
    carried_out = assigned(subject, role)
    # Where runs are too few, a run that merely holds a word of the variation is not its run.
    least = CLOSE if len(found) < len(variations) else 0.0
    covered = {match.variation for match in carried_out.values() if match.score >= least}
    missing = [v for v in variations if v not in covered]
    spare = sum(i not in carried_out or carried_out[i].score < VALUE for i in range(len(found)))
    unknown = [run.id for i, run in enumerate(found) if i not in carried_out]
    severity: Severity = "error"
    if len(found) >= len(variations) and spare >= len(missing):
        severity = "warning" if unknown else "info"
    ids = ", ".join(run.id for run in found[:8])
    for variation in missing:
        yield subject.finding(
            __name__,
            f"run variation {variation!r} has no run in the {role} configuration, "
            f"which has {len(found)} for {len(variations)} variations: {ids}",
            found[0].path,
            found[0].key[:1] or 1,
            severity=severity,
            subject=variation,
            data={"variation": variation, "config": found[0].path, "role": role},
        )


def _unnamed(
    subject: Subject, role: Role, variations: tuple[str, ...], path: str
) -> Iterator[Finding]:
    """No list of runs: variations may still be named in the configuration's text or in code."""
    known = subject.once(_code_strings)
    missing = [v for v in variations if v not in known and v not in subject.files[path]]
    for variation in missing:
        yield subject.finding(
            __name__,
            f"run variation {variation!r} is named neither in the {role} configuration, "
            f"which lists no runs, nor in the code",
            path,
            1,
            severity="error" if len(missing) == len(variations) else "warning",
            subject=variation,
            data={"variation": variation, "config": path, "role": role},
        )


def _code_strings(subject: Subject) -> frozenset[str]:
    return frozenset().union(*(file.derive(_strings) for _, file in subject.python_files()))


def _strings(file: PythonFile) -> frozenset[str]:
    return frozenset(n.value for n in file.nodes(ast.Constant) if isinstance(n.value, str))
