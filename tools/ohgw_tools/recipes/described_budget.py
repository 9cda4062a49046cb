"""described-budget: a budget that was cut against the description, set to what is described."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceText, SetKey
from ohgw_tools.finding import Finding
from ohgw_tools.source.run_list import runs
from ohgw_tools.subject import Subject

NAME = "described-budget"
ANSWERS = ("short-budget",)
# Before the search is written: its rungs need the described epochs.
ORDER = 92
SUMMARY = "Sets a budget of the full configuration to the number that the description states."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Set the key in each run that has it; a comment beside it that admits the cut goes."""
    subject = Subject(bundle, contract)
    edits: list[Edit] = []
    answers = []
    for finding in findings:
        key, wanted = finding.data.get("key"), finding.data.get("described")
        named = finding.data.get("runs")
        if not isinstance(key, list) or not isinstance(wanted, int | float):
            continue
        value = int(wanted) if float(wanted) == int(wanted) else float(wanted)
        for run in runs(subject, "full"):
            if (
                run.path == finding.data.get("config")
                and isinstance(named, list)
                and run.id in named
            ):
                path = (*run.key, *(k if isinstance(k, int) else str(k) for k in key))
                edits.append(SetKey(path=run.path, key=path, value=value))
        edits += _without_admission(subject, finding, value)
        answers.append(finding.fingerprint)
    if not edits:
        return None
    note = "budgets as the description states them"
    return Patch(edits=tuple(edits), answers=tuple(answers), note=note)


def _without_admission(subject: Subject, finding: Finding, value: float) -> list[Edit]:
    """Take away the comments that admit the cut: after the mend they would be untrue."""
    edits: list[Edit] = []
    for evidence in finding.evidence:
        if evidence.kind != "source" or evidence.path not in subject.files:
            continue
        comment = evidence.quote.strip()
        lines = [x for x in subject.files[evidence.path].split("\n") if x.endswith(comment)]
        if len(lines) == 1 and comment.startswith("#"):
            kept = lines[0].removesuffix(comment).rstrip()
            head, colon, _ = kept.rpartition(":")
            old = f"{head}{colon} {value}"
            edits.append(ReplaceText(path=evidence.path, search=f"{old}  {comment}", replace=old))
    return edits
