"""restore-call: a function that was changed on purpose gets back the output calls that it lost."""

from __future__ import annotations

import ast
import builtins
from difflib import SequenceMatcher

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceDefinition
from ohgw_tools.finding import Finding
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "restore-call"
ANSWERS = ("lost-call",)
# After restore-body, which knows more where lines were only taken away.
ORDER = 23
SUMMARY = "Puts the base code's plot, log and output statements back between those around them."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Insert each lost statement before the statement that follows it in the base code, where that
    one is still there and every name that the lost one uses is known to the function.

    All lost calls of a function come back, or none.
    """
    subject = Subject(bundle, contract)
    edits: list[Edit] = []
    answers = []
    for finding in findings:
        path, name = str(finding.data.get("module")), str(finding.data.get("symbol"))
        base, derived = subject.python(path, base=True), subject.python(path)
        if base is None or derived is None or base.tree is None or derived.tree is None:
            continue
        old, new = _function(base.tree, name), _function(derived.tree, name)
        calls = finding.data.get("calls")
        if old is None or new is None or not isinstance(calls, list):
            continue
        code = _restored(base, derived, old, new, {str(call) for call in calls})
        if code is not None:
            edits.append(ReplaceDefinition(path=path, name=name, code=code))
            answers.append(finding.fingerprint)
    if not edits:
        return None
    names = ", ".join(e.name for e in edits if isinstance(e, ReplaceDefinition))
    return Patch(edits=tuple(edits), answers=tuple(answers), note=f"output calls are back: {names}")


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[0] if len(found) == 1 and not found[0].decorator_list else None


def _restored(
    base: PythonFile,
    derived: PythonFile,
    old: ast.FunctionDef,
    new: ast.FunctionDef,
    calls: set[str],
) -> str | None:
    lost = [place for place, node in enumerate(old.body) if _called(node) in calls]
    if {_called(old.body[place]) for place in lost} != calls:
        return None
    blocks = SequenceMatcher(
        None, [ast.dump(n) for n in old.body], [ast.dump(n) for n in new.body], autojunk=False
    ).get_matching_blocks()
    same = {a + k: b + k for a, b, size in blocks for k in range(size)}
    before: dict[int, list[str]] = {}
    for place in lost:
        after = next((same[p] for p in range(place + 1, len(old.body)) if p in same), None)
        between = range(place + 1, len(old.body) if after is None else _key(same, after))
        if after is None or any(_called(old.body[p]) not in calls for p in between):
            return None
        if not _names(old.body[place]) <= _known(derived, new, after):
            return None
        node = old.body[place]
        lines = base.source.lines[node.lineno - 1 : node.end_lineno]
        before.setdefault(new.body[after].lineno, []).extend(lines)
    if old.body[0].col_offset != new.body[0].col_offset:
        return None
    found: list[str] = []
    for number in range(new.lineno, (new.end_lineno or new.lineno) + 1):
        found += before.get(number, [])
        found.append(derived.source.line(number))
    return "\n".join(found)


def _key(same: dict[int, int], value: int) -> int:
    return next(key for key, found in same.items() if found == value)


def _called(node: ast.stmt) -> str:
    """The dotted name that a statement calls, or an empty string for any other statement."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func)
    return ""


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _known(file: PythonFile, function: ast.FunctionDef, place: int) -> set[str]:
    """Names that stand for something before statement `place` of the function."""
    known = set(dir(builtins))
    known |= {a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)}
    for node in (*function.body[:place], *(file.tree.body if file.tree else ())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            known |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            known.add(node.name)
        else:
            known |= {
                n.id
                for n in ast.walk(node)
                if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
            }
    return known
