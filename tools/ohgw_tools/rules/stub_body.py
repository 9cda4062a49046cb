"""stub-body: a function whose body does nothing yet."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.class_table import ClassEntry, ClassTable, class_table
from ohgw_tools.source.definition_table import Defined, definitions, dotted
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "stub-body"
CRITERION = "replacement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "error"
SUMMARY = (
    "A function has no implementation: `pass`, `...`, NotImplementedError, or a docstring alone."
)


_IDLE = re.compile(r"null|no_?op|dummy|fake|silent|mock|idle|identity", re.IGNORECASE)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each stub, and for each definition that had a body in the base code.

    Left alone: abstract methods, overloads, protocols, methods that every subclass overrides,
    and what is called idle, null or silent. A method or private function with a lone `pass` may be
    an idle hook, and so may any empty method of a class that others of the bundle derive from:
    these are warnings unless their result is used.
    """
    table = class_table(subject)
    for path, file in subject.python_files():
        base = definitions(subject.python(path, base=True))
        for name, defined in definitions(file).items():
            stub = _stub(defined)
            before = base.get(name)
            emptied = before is not None and _stub(before) == "" and before.size > 3
            if not stub or not _is_unfinished(table, file, defined, emptied):
                continue
            if not emptied and stub == "`pass`" and _IDLE.search(name):
                continue
            idle = stub == "`pass`" or _is_hook(subject, table, file, defined, stub)
            sure = emptied or not idle or _is_needed(subject, defined)
            severity: Severity = "error" if sure else "warning"
            yield _finding(subject, path, defined, stub, before if emptied else None, severity)


def _finding(
    subject: Subject,
    path: str,
    defined: Defined,
    stub: str,
    before: Defined | None,
    severity: Severity,
) -> Finding:
    what = "class" if defined.is_class else "function"
    message = f"{what} {defined.name} has no body but {stub}"
    evidence = None
    base = subject.python(path, base=True)
    if before is not None and base is not None:
        message += f"; in the base code it has {before.size} statements and expressions"
        region = base.region(before.node)
        quote = base.source.line(region.start_line).strip()
        evidence = (Evidence(kind="base", path=path, region=region, quote=quote),)
    return subject.finding(
        __name__,
        message,
        path,
        defined.node,
        severity=severity,
        kind="truncation" if before is not None else None,
        subject=defined.name,
        evidence=evidence,
        data={"symbol": defined.name, "module": path, "stub": stub, "in_base": before is not None},
    )


def _stub(defined: Defined) -> str:
    """Say what the body holds instead of code; empty where it holds code."""
    match defined.body:
        case []:
            return "a docstring"
        case [ast.Pass()]:
            return "`pass`"
        case [ast.Expr(value=ast.Constant(value=value))] if value is ...:
            return "`...`"
        case [ast.Raise(exc=ast.expr() as exc)] if "NotImplementedError" in _raised(exc):
            return "`raise NotImplementedError`"
        case [ast.Return(value=ast.Name(id="NotImplemented"))] if not _is_operator(defined):
            return "`return NotImplemented`"
    return ""


def _raised(node: ast.expr) -> str:
    return dotted(node.func if isinstance(node, ast.Call) else node)


def _is_operator(defined: Defined) -> bool:
    return defined.last_name.startswith("__")


def _is_unfinished(table: ClassTable, file: PythonFile, defined: Defined, emptied: bool) -> bool:
    if isinstance(defined.node, ast.ClassDef):
        return emptied
    owner = file.parent(defined.node)
    entry = None
    if isinstance(owner, ast.ClassDef):
        bases = tuple(dotted(base).rsplit(".", 1)[-1] for base in owner.bases)
        entry = table.one(owner.name) or ClassEntry("", file, owner, bases)
    return not table.is_abstract(entry, defined.node)


def _is_hook(
    subject: Subject, table: ClassTable, file: PythonFile, defined: Defined, stub: str
) -> bool:
    """Whether a method is one that children may override: empty, or refusing what nobody calls."""
    owner = file.parent(defined.node)
    if not isinstance(owner, ast.ClassDef) or not table.leaves(owner.name):
        return False
    refuses = stub.startswith(("`raise", "`return"))
    return not refuses or defined.last_name not in subject.once(_called)


def _is_needed(subject: Subject, defined: Defined) -> bool:
    """Whether a lone `pass` is more than an idle hook: a public function, a constructor that drops
    its arguments, or something whose result is used.
    """
    if defined.last_name in subject.once(_used_results):
        return True
    if isinstance(defined.node, ast.ClassDef):
        return False
    if defined.last_name == "__init__":
        return len(defined.node.args.args) > 1
    return "." not in defined.name and not defined.last_name.startswith("_")


def _used_results(subject: Subject) -> frozenset[str]:
    """The last names of what is called for its result."""
    found: set[str] = set()
    for _, file in subject.python_files():
        found |= file.derive(_called_for_result)
    return frozenset(found)


def _called(subject: Subject) -> frozenset[str]:
    """The last names of all that is read as an attribute, or named in a string."""
    found: set[str] = set()
    for _, file in subject.python_files():
        found.update(n.attr for n in file.nodes(ast.Attribute))
        found.update(str(n.value) for n in file.nodes(ast.Constant) if isinstance(n.value, str))
    return frozenset(found)


def _called_for_result(file: PythonFile) -> frozenset[str]:
    return frozenset(
        dotted(call.func).rsplit(".", 1)[-1] or _last_attribute(call.func)
        for call in file.nodes(ast.Call)
        if not isinstance(file.parent(call), ast.Expr)
    )


def _last_attribute(node: ast.expr) -> str:
    """Return `c` for `anything.c`, whatever stands before it."""
    return node.attr if isinstance(node, ast.Attribute) else ""
