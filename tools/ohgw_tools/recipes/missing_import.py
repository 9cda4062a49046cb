"""missing-import: a name that is used without being imported, where its import is beyond doubt."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import AddImport, Patch
from ohgw_tools.finding import Finding
from ohgw_tools.source.import_guess import import_of
from ohgw_tools.subject import Subject

NAME = "missing-import"
ANSWERS = ("undefined-name",)
ORDER = 30
SUMMARY = "Adds the import of a standard, well-known or sibling name that is used without one."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Add one import for each undefined name of which the base file, another file of the bundle, a
    sibling that defines it, the standard library or convention leaves one reading only.
    """
    subject = Subject(bundle, contract)
    edits: dict[AddImport, None] = {}
    answers = []
    for finding in findings:
        symbol = str(finding.data.get("symbol", ""))
        path = finding.path or ""
        statement = import_of(subject, path, symbol) if symbol else None
        if statement is not None:
            edits[AddImport(path=path, statement=statement)] = None
            answers.append(finding.fingerprint)
    if not edits:
        return None
    note = "; ".join(dict.fromkeys(edit.statement for edit in edits))
    return Patch(edits=tuple(edits), answers=tuple(answers), note=f"added {note}")
