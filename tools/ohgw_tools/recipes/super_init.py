"""super-init: a torch module that assigns in __init__ without calling super().__init__() first."""

from __future__ import annotations

import ast

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceDefinition
from ohgw_tools.finding import Finding
from ohgw_tools.source.definition_table import definitions
from ohgw_tools.subject import Subject

NAME = "super-init"
ANSWERS = ("missing-super-init",)
ORDER = 35
SUMMARY = "Calls super().__init__() first in the __init__ of a torch module that leaves it out."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Put the call before the first statement, after a docstring."""
    subject = Subject(bundle, contract)
    edits: list[Edit] = []
    answers = []
    for finding in findings:
        path, name = finding.path or "", str(finding.data.get("symbol", ""))
        file = subject.python(path)
        defined = definitions(file).get(name)
        if file is None or defined is None or not isinstance(defined.node, ast.FunctionDef):
            continue
        body = defined.body
        first = body[0] if body else None
        if first is None or first.lineno == defined.node.lineno:
            continue
        if "super" in defined.called() or "super().__init__" in ast.unparse(defined.node):
            continue
        node = defined.node
        start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        lines = file.lines[start - 1 : node.end_lineno]
        indent = " " * first.col_offset
        at = first.lineno - start
        code = "\n".join([*lines[:at], f"{indent}super().__init__()", *lines[at:]]) + "\n"
        edits.append(ReplaceDefinition(path=path, name=name, code=code))
        answers.append(finding.fingerprint)
    if not edits:
        return None
    note = "super().__init__() called before anything is assigned"
    return Patch(edits=tuple(edits), answers=tuple(answers), note=note)
