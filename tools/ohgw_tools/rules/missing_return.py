"""missing-return: a function that promises a value and gives none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.class_table import last_name
from ohgw_tools.source.definition_table import Defined, definitions
from ohgw_tools.source.python_file import Definition, Function, PythonFile
from ohgw_tools.subject import Subject

NAME = "missing-return"
CRITERION = "completeness"
KIND: IssueKind = "truncation"
SEVERITY: Severity = "error"
SUMMARY = "A function that promises a value never returns one."


_NOTHING = re.compile(r"\b(?:None|NoReturn|Never|Any|Optional|Iterator|Generator|object|Self)\b")
_VALUED = {"forward", "__getitem__", "__len__"}
_SKIPPED = {"abstractmethod", "overload", "fixture", "contextmanager", "override"}


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error where the annotation, the method's name or the base code promises a value."""
    for path, file in subject.python_files():
        base = definitions(subject.python(path, base=True))
        for name, defined in definitions(file).items():
            if isinstance(defined.node, ast.ClassDef) or defined.gives_value:
                continue
            if not _is_code(defined) or _ends_otherwise(file, defined.node):
                continue
            promise = _promise(file, defined.node, base.get(name))
            if promise:
                yield subject.finding(
                    __name__,
                    f"{name} never returns a value, though {promise}",
                    path,
                    defined.node,
                    subject=name,
                    data={"symbol": name, "module": path},
                )


def _promise(file: PythonFile, node: Function, before: Defined | None) -> str:
    if node.returns is not None:
        written = ast.unparse(node.returns)
        return "" if _NOTHING.search(written) else f"its annotation promises {written}"
    if node.name in _VALUED and isinstance(file.parent(node), ast.ClassDef):
        return f"{node.name} must return one"
    if before is not None and not isinstance(before.node, ast.ClassDef):
        return "in the base code it does" if before.gives_value else ""
    return ""


def _is_code(defined: Defined) -> bool:
    """Whether the body holds more than a stub, which another rule reports."""
    match defined.body:
        case [] | [ast.Pass()] | [ast.Raise()] | [ast.Expr(value=ast.Constant())]:
            return False
    return True


def _ends_otherwise(file: PythonFile, node: Function) -> bool:
    decorators = {last_name(d) for d in node.decorator_list}
    return (
        bool(decorators & _SKIPPED)
        or node in file.derive(_generators)
        or isinstance(node.body[-1], ast.Raise | ast.While)
        or _always_exits(node.body[-1])
    )


def _generators(file: PythonFile) -> frozenset[ast.AST | None]:
    kinds = Definition | ast.Lambda
    return frozenset(
        next((above for above in file.ancestors(node) if isinstance(above, kinds)), None)
        for node in file.nodes(ast.Yield, ast.YieldFrom)
    )


def _always_exits(last: ast.stmt) -> bool:
    match last:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="exit" | "_exit"))):
            return True
        case ast.With() | ast.AsyncWith():
            return isinstance(last.body[-1], ast.Raise | ast.While)
        case ast.Try() | ast.If() | ast.For():
            return any(isinstance(inner, ast.Raise) for inner in ast.walk(last))
    return False
