"""missing-artifact: a file that the contract expects of a run, and that no program writes."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.interpreter import Interpretation
from ohgw_tools.interpreter.effective_config import spellings
from ohgw_tools.subject import Subject

NAME = "missing-artifact"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "No program writes a file that the contract expects of each run."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one error for each kind of file, where every write of the full program was followed."""
    found = subject.interpretation
    ids = [x.run_id for x in found.launches if x.program == "full" and x.run_id]
    crashed = any(e.launch.program == "full" for e in found.exceptions)
    if found.blind_writes or found.aborted or crashed or not ids or not found.written:
        return
    expected = subject.contract.artifacts
    if expected.results is not None:
        yield from _results(subject, found, expected.results, list(dict.fromkeys(map(str, ids))))
    ending = (expected.figures or "").rsplit("*", 1)[-1]
    named = any(ending in spelling for spelling in spellings(subject))
    if expected.figures and not named and not _written(found, expected.figures):
        yield subject.finding(
            __name__,
            f"no program writes a figure: nothing matches {expected.figures}",
            subject=expected.figures,
            data={"pattern": expected.figures},
        )


def _results(
    subject: Subject, found: Interpretation, pattern: str, ids: list[str]
) -> Iterator[Finding]:
    lacking = [i for i in ids if not _written(found, pattern.replace("{run_id}", i))]
    if not lacking:
        return
    near = sorted(w for w in found.written if w.endswith((".json", ".csv")))[:4]
    instead = (
        f"; written instead: {', '.join(near)}".replace(found.results, "{results}") if near else ""
    )
    yield subject.finding(
        __name__,
        f"no program writes {pattern} for {', '.join(lacking[:4])}{instead}",
        subject=pattern,
        data={"pattern": pattern, "runs": [*lacking[:40]]},
    )


def _written(found: Interpretation, pattern: str) -> bool:
    return any(fnmatchcase(path, f"{found.results}/{pattern}") for path in found.written)
