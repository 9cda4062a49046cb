"""number-from-string: `lr: 1e-3` is a string in YAML 1.1, where a number was meant."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, SetKey
from ohgw_tools.editing.patch import apply
from ohgw_tools.errors import PatchRejected
from ohgw_tools.finding import Finding

NAME = "number-from-string"
ANSWERS = ("yaml-number-string",)
ORDER = 60
SUMMARY = "Writes a number such as 1e-3 so that PyYAML reads it as a number."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Set each such value to the same number; the value itself does not change."""
    edits: list[Edit] = []
    answers = []
    for finding in findings:
        key, number = finding.data.get("key"), finding.data.get("number")
        if finding.path is None or not isinstance(key, list) or not isinstance(number, float | int):
            continue
        path = tuple(part for part in key if isinstance(part, str | int))
        edit = SetKey(path=finding.path, key=path, value=float(number))
        try:
            apply(bundle.derived, Patch(edits=(edit,)))
        except PatchRejected:
            continue  # The key stands twice, or runs through an alias: that comes first.
        edits.append(edit)
        answers.append(finding.fingerprint)
    if not edits:
        return None
    note = f"{len(edits)} numbers written so that YAML 1.1 reads them as numbers"
    return Patch(edits=tuple(edits), answers=tuple(answers), note=note)
