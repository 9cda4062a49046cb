"""restore-definition: a function or class of the base code that the derived code still needs."""

from __future__ import annotations

import ast

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.base_definition import Restoration, bindings
from ohgw_tools.subject import Subject

NAME = "restore-definition"
ANSWERS = ("undefined-name", "sibling-import", "lost-definition")
ORDER = 20
SUMMARY = "Restores a lost function or class of the base code, with the imports that it needs."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Bring back what a name in the derived code refers to and the base code's file defines.

    A definition that nothing refers to any more, one that holds a placeholder, and one whose own
    needs are not met stay out.
    """
    subject = Subject(bundle, contract)
    restoration = Restoration(subject)
    wanted = [(f, place) for f in findings if (place := _needed(subject, f)) is not None]
    done = {place: restoration.add(*place) for place in dict.fromkeys(p for _, p in wanted)}
    answered = [f for f, place in wanted if done[place]]
    for finding in findings:
        if finding.rule == "lost-definition":
            place = (finding.path or "", str(finding.data.get("symbol", "")))
            if done.get(place):
                answered.append(finding)
    if not restoration.edits:
        return None
    names = ", ".join(sorted({name for (_, name), good in done.items() if good}))
    return Patch(
        edits=tuple(restoration.edits),
        answers=tuple(dict.fromkeys(f.fingerprint for f in answered)),
        note=f"restored from the base code: {names}",
    )


def _needed(subject: Subject, finding: Finding) -> tuple[str, str] | None:
    """The file and the name that the finding misses, if the base file defines it."""
    symbol = str(finding.data.get("symbol", ""))
    if finding.rule == "undefined-name":
        base = subject.python(finding.path or "", base=True)
        node = bindings(base)[symbol].node if base and symbol in bindings(base) else None
        # A lost import is `missing-import`'s to mend.
        if node is None or isinstance(node, ast.Import | ast.ImportFrom):
            return None
        return finding.path or "", symbol
    if finding.rule == "sibling-import":
        target = finding.data.get("target")
        return (str(target), symbol) if target and not finding.data.get("elsewhere") else None
    return None
