"""call-signature: a call that the function called cannot accept."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.class_table import last_name
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.scopes import is_shadowed, rebound
from ohgw_tools.source.siblings import imported_names
from ohgw_tools.source.signature import Signature, signatures
from ohgw_tools.subject import Subject

NAME = "call-signature"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A call does not fit the signature of the function, class or method called."


_PLAIN = {"staticmethod", "no_grad", "inference_mode", "enable_grad"}


class _Call(NamedTuple):
    node: ast.Call
    signature: Signature
    refusal: str


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each call of the bundle's own functions, classes and methods of `self`."""
    for path, file in subject.python_files():
        for call in (*_across(subject, path, file), *file.derive(_methods)):
            yield subject.finding(
                __name__,
                f"the call of {call.signature.name} cannot work: {call.refusal}",
                path,
                call.node,
                subject=ast.unparse(call.node)[:200],
                inherited=subject.inherited(path, call.node.lineno),
                data={"symbol": call.signature.name, "problem": call.refusal},
            )


def _across(subject: Subject, path: str, file: PythonFile) -> Iterator[_Call]:
    """Yield the refused calls of functions and classes, of this module and its siblings."""
    named, modules = _callables(subject, path, file)
    calls = file.derive(_by_name)
    for name in calls.keys() & (named.keys() | modules.keys()):
        for call in calls[name]:
            signature = _called(subject, file, call, named, modules)
            refusal = signature.refusal(call) if signature else ""
            if signature and refusal:
                yield _Call(call, signature, refusal)


def _by_name(file: PythonFile) -> Mapping[str, list[ast.Call]]:
    """The calls of `name(...)` and `name.attribute(...)`, by name."""
    found: dict[str, list[ast.Call]] = {}
    for call in file.nodes(ast.Call):
        match call.func:
            case ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name)):
                found.setdefault(name, []).append(call)
    return found


def _callables(
    subject: Subject, path: str, file: PythonFile
) -> tuple[dict[str, Signature], dict[str, str]]:
    """The signatures that a module's names stand for, and the modules that they stand for."""
    named = dict(signatures(file))
    modules: dict[str, str] = {}
    for wanted in imported_names(subject, path, file):
        target = subject.python(wanted.path) if wanted.path else None
        if target is None or wanted.path is None:
            named.pop(wanted.bound, None)
        elif not wanted.name:
            modules[wanted.bound] = wanted.path
        elif wanted.name in signatures(target) and wanted.name not in rebound(target):
            named[wanted.bound] = signatures(target)[wanted.name]
    for name in rebound(file):
        named.pop(name, None)
    return named, modules


def _called(
    subject: Subject,
    file: PythonFile,
    call: ast.Call,
    named: Mapping[str, Signature],
    modules: Mapping[str, str],
) -> Signature | None:
    match call.func:
        case ast.Name(id=name) if name in named:
            return None if is_shadowed(file, call, name) else named[name]
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in modules:
            target = subject.python(modules[module])
            if target is None or is_shadowed(file, call, module) or name in rebound(target):
                return None
            return signatures(target).get(name)
    return None


def _methods(file: PythonFile) -> tuple[_Call, ...]:
    """The refused calls of methods on `self`."""
    found = []
    for call in file.derive(_by_name).get("self", ()):
        signature = _method(file, call)
        refusal = signature.refusal(call) if signature else ""
        if signature and refusal:
            found.append(_Call(call, signature, refusal))
    return tuple(found)


def _method(file: PythonFile, call: ast.Call) -> Signature | None:
    """The signature of a method called on `self`, where no subclass can have changed it."""
    match call.func:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            pass
        case _:
            return None
    owner = next((a for a in file.ancestors(call) if isinstance(a, ast.ClassDef)), None)
    methods = [
        item
        for item in (owner.body if owner else ())
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and item.name == name
    ]
    if owner is None or len(methods) != 1 or _is_derived_from(file, owner.name):
        return None
    decorators = {last_name(d) for d in methods[0].decorator_list}
    if decorators - _PLAIN or _is_set(owner, name):
        return None
    skip = 0 if "staticmethod" in decorators else 1
    return Signature.of(f"{owner.name}.{name}", methods[0].args, skip)


def _is_derived_from(file: PythonFile, name: str) -> bool:
    return any(
        isinstance(base, ast.Name) and base.id == name
        for node in file.nodes(ast.ClassDef)
        for base in node.bases
    )


def _is_set(owner: ast.ClassDef, name: str) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == name and isinstance(node.ctx, ast.Store)
        for node in ast.walk(owner)
    )
