"""judge-tampering: a patch reaches for the judge: waivers, its files, its observer, libraries."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.finding import Finding, IssueKind, Severity

NAME = "guard-judge-tampering"
CRITERION = "preservation"
KIND: IssueKind = "structural-change"
SEVERITY: Severity = "error"
SUMMARY = "A patch adds waivers, or code that alters the judge or what it observes."

_WAIVER = re.compile(r"#\s*ohgw\s*:", re.IGNORECASE)
_FILES = re.compile(
    r"(?:^|/)(?:sitecustomize|usercustomize|conftest)\.py$|\.pth$|(?:^|/)(?:torch|numpy|yaml|json"
    r"|datasets|transformers|matplotlib|ohgw_\w+)(?:/__init__)?\.py$|\.(?:so|pyc|pyd|dll)$"
)
_HIDDEN = ("exec", "eval", "compile", "__import__")
_DISGUISED = re.compile(r"(?:^|\.)(?:b64decode|b85decode|unhexlify|marshal\.loads|decompress)$")
_ELSEWHERE = ("runpy.run_path", "runpy.run_module", "importlib.util.spec_from_file_location")
_UNHOOK = ("sys.settrace", "sys.setprofile", "threading.settrace", "gc.disable", "ctypes.CDLL")


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse waivers, modules that hide a library, replaced library functions, hidden code."""
    for path in change.paths:
        if path not in change.before.files and _FILES.search(path):
            message = f"{path} would be imported in place of, or before, what the judge relies on"
            yield change.finding(__name__, message, path, 1, subject=path)
        for number, line in change.added(path).items():
            if _WAIVER.search(line):
                message = "only people waive findings; a patch may not"
                yield change.finding(__name__, message, path, number)
    yield from _replaced_functions(change)
    yield from _calls(change)
    for path, node in change.nodes(ast.Import, ast.ImportFrom):
        names = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
        if any(name.split(".")[0].startswith("ohgw_") for name in names):
            message = f"{ast.unparse(node)}: an experiment does not know its judge"
            yield change.finding(__name__, message, path, node)


def _replaced_functions(change: Change) -> Iterator[Finding]:
    """`json.dump = ...`, `torch.optim.Optimizer.step = ...`: a function put into a library."""
    for path, node in change.nodes(ast.Assign):
        file = change.after.python(path)
        for target in node.targets:
            if isinstance(target, ast.Name) and file and _is_function(file, target):
                if isinstance(node.value, ast.Lambda) or _is_function(file, node.value):
                    message = f"{target.id}() is another function from here on"
                    yield change.finding(__name__, message, path, node)
                continue
            root: ast.AST = target
            while isinstance(root, ast.Attribute):
                root = root.value
            if not isinstance(target, ast.Attribute) or not isinstance(root, ast.Name) or not file:
                continue
            puts_function = isinstance(node.value, ast.Lambda) or _is_function(file, node.value)
            if root.id in _imported(file) and puts_function:
                message = f"{ast.unparse(target)} is replaced for the whole program"
                yield change.finding(__name__, message, path, node)


def _imported(file: object) -> set[str]:
    nodes = file.nodes(ast.Import, ast.ImportFrom)  # type: ignore[attr-defined]
    return {(a.asname or a.name).split(".")[0] for node in nodes for a in node.names}


def _is_function(file: object, value: ast.AST) -> bool:
    defined = {n.name for n in file.nodes(ast.FunctionDef)}  # type: ignore[attr-defined]
    return isinstance(value, ast.Name) and value.id in defined


def _calls(change: Change) -> Iterator[Finding]:
    for path, node in change.nodes(ast.Name):
        if node.id in ("__builtins__", "__loader__"):
            yield change.finding(__name__, f"{node.id} reaches round the language", path, node)
    for path, node in change.nodes(ast.Call):
        name = called(node)
        if name in _HIDDEN and not (
            node.args and isinstance(node.args[0], ast.Name) and name == "compile"
        ):
            message = f"{name}() hides from the judge what is run"
            yield change.finding(__name__, message, path, node)
        elif _DISGUISED.search(name) or name in _ELSEWHERE:
            message = f"{name}() may hide from the judge what is run"
            yield change.finding(__name__, message, path, node, severe=False)
        elif name in _UNHOOK:
            message = f"{name} alters what the judge observes"
            yield change.finding(__name__, message, path, node)
        elif name == "setattr" and len(node.args) == 3:
            message = f"{ast.unparse(node)[:100]} may replace a function of a library"
            yield change.finding(__name__, message, path, node, severe=False)
