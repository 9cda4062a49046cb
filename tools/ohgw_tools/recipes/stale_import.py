"""stale-import: an import of a name that moved to another module, or was renamed where it is."""

from __future__ import annotations

import ast

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceText
from ohgw_tools.finding import Finding
from ohgw_tools.source.definition_table import definitions, likeness
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.siblings import absolute
from ohgw_tools.subject import Subject

NAME = "stale-import"
ANSWERS = ("sibling-import",)
ORDER = 18
SUMMARY = "Points an import at the module or the name that its target has now."

ALIKE = 0.6


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Rewrite imports where one other module defines the name, or where the base code's definition
    of it lives on under one new name (its words are the same to 60 % or more).
    """
    subject = Subject(bundle, contract)
    edits: list[Edit] = []
    answers = []
    taken: set[tuple[str, int]] = set()
    for finding in findings:
        path = finding.path or ""
        symbol, target = str(finding.data.get("symbol", "")), finding.data.get("target")
        file = subject.python(path)
        node = _statement(file, path, symbol, str(finding.data.get("module", ""))) if file else None
        if file is None or node is None or (path, node.lineno) in taken:
            continue
        new = _moved(subject, path, node, symbol, finding) or _renamed(
            subject, node, symbol, str(target)
        )
        edit = _edit(file, path, node, new) if new else None
        if edit is not None:
            taken.add((path, node.lineno))
            edits.append(edit)
            answers.append(finding.fingerprint)
    if not edits:
        return None
    return Patch(edits=tuple(edits), answers=tuple(answers), note="imports follow their names")


def _statement(file: PythonFile, path: str, symbol: str, module: str) -> ast.ImportFrom | None:
    for node in file.nodes(ast.ImportFrom):
        if absolute(path, node) == module and any(a.name == symbol for a in node.names):
            return node
    return None


def _moved(
    subject: Subject, path: str, node: ast.ImportFrom, symbol: str, finding: Finding
) -> list[ast.ImportFrom] | None:
    """The statement without the name, and one that takes it from the module that has it now."""
    elsewhere = finding.data.get("elsewhere")
    places = [str(p) for p in elsewhere] if isinstance(elsewhere, list) else []
    if len(places) != 1 or places[0] == path:
        return None
    module = next((m for m, p in subject.modules.items() if p == places[0]), None)
    if module is None:
        return None
    alias = next(a for a in node.names if a.name == symbol)
    rest = [a for a in node.names if a is not alias]
    same_folder = places[0].rpartition("/")[0] == path.rpartition("/")[0]
    if node.level and same_folder:
        moved = ast.ImportFrom(module=module.rpartition(".")[2], names=[alias], level=1)
    else:
        moved = ast.ImportFrom(module=module, names=[alias], level=0)
    kept = [ast.ImportFrom(module=node.module, names=rest, level=node.level)] if rest else []
    return [*kept, moved]


def _renamed(
    subject: Subject, node: ast.ImportFrom, symbol: str, target: str
) -> list[ast.ImportFrom] | None:
    """The statement with `new as old` for a name that the target has under another one."""
    new_name = successor(subject, target, symbol)
    if new_name is None:
        return None
    names = [
        ast.alias(name=new_name, asname=a.asname or symbol) if a.name == symbol else a
        for a in node.names
    ]
    return [ast.ImportFrom(module=node.module, names=names, level=node.level)]


def successor(subject: Subject, path: str, name: str) -> str | None:
    """Return the one new definition of a file that the base file's `name` became, or None."""
    old, new = definitions(subject.python(path, base=True)), definitions(subject.python(path))
    if name not in old or name in new:
        return None
    alike = [
        d.name
        for d in new.values()
        if d.name not in old
        and "." not in d.name
        and d.is_class == old[name].is_class
        and likeness(old[name], d) >= ALIKE
    ]
    return alike[0] if len(alike) == 1 else None


def _edit(
    file: PythonFile, path: str, node: ast.ImportFrom, new: list[ast.ImportFrom]
) -> ReplaceText | None:
    lines = file.lines[node.lineno - 1 : node.end_lineno]
    old = "\n".join(lines) + "\n"
    indent = lines[0][: node.col_offset]
    tail = lines[-1][node.end_col_offset :]
    if indent.strip() or tail.strip() or file.text.count(old) != 1:
        return None
    replace = "".join(f"{indent}{ast.unparse(statement)}\n" for statement in new)
    return ReplaceText(path=path, search=old, replace=replace)
