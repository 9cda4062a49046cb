"""restore-file: a file of the base code that the derived code lacks or left empty."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, WriteFile
from ohgw_tools.finding import Finding
from ohgw_tools.source.placeholder import placeholders
from ohgw_tools.subject import Subject
from ohgw_tools.tree import sha256

NAME = "restore-file"
ANSWERS = ("missing-file", "empty-file")
ORDER = 10
SUMMARY = (
    "Brings back a file of the base code that is missing or empty, if it holds no placeholder."
)


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Copy the base file. One that holds a placeholder is a template, not a repair."""
    subject = Subject(bundle, contract)
    edits: list[Edit] = []
    answers = []
    for finding in findings:
        path = str(finding.data.get("file") or finding.path or "")
        base = bundle.base.get(path, "")
        parsed = subject.parsed(path, base=True)
        if not base.strip() or any(p.certain for p in placeholders(parsed)):
            continue
        present = bundle.derived.get(path)
        over = None if present is None else sha256(present.encode())
        edits.append(WriteFile(path=path, content=base, over=over))
        answers.append(finding.fingerprint)
    if not edits:
        return None
    names = ", ".join(edit.path for edit in edits)
    return Patch(edits=tuple(edits), answers=tuple(answers), note=f"restored {names} from the base")
