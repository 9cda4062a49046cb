"""default-rebuild: saved weights are loaded into a model that is made without its configuration."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import Function, PythonFile
from ohgw_tools.subject import Subject

NAME = "default-rebuild"
CRITERION = "consistency"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "warning"
SUMMARY = (
    "Saved weights are loaded into a model that is made without the arguments it was saved with."
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each function that makes a model bare and loads weights into it, where
    the same file makes the same model with arguments.
    """
    for path, file in subject.python_files():
        for function, call, made in file.derive(_rebuilds):
            yield subject.finding(
                __name__,
                f"{function} makes {made} without arguments and loads weights into it; elsewhere it"
                " is made with arguments, and weights of such a model do not fit",
                path,
                call,
                subject=f"{function}: {made}",
                inherited=subject.inherited(path, call.lineno),
                data={"function": function},
            )


def _rebuilds(file: PythonFile) -> tuple[tuple[str, ast.Call, str], ...]:
    configured = {_maker(c) for c in file.nodes(ast.Call) if c.args or c.keywords} - {""}
    if not configured:
        return ()
    loads = [
        call
        for call in file.nodes(ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "load_state_dict"
    ]
    around = {above for call in loads for above in file.ancestors(call)}
    found = []
    for function in (f for f in file.functions if f in around):
        for call in _bare_and_loaded(function):
            made = _maker(call)
            if made in configured:
                found.append((file.qualified_name(function), call, made))
    return tuple(found)


def _maker(call: ast.Call) -> str:
    """What a call makes: a class by name, or whatever stands in a registry; empty for the rest."""
    callee = call.func
    if isinstance(callee, ast.Subscript) and isinstance(callee.value, ast.Name):
        return f"{callee.value.id}[...]"
    named = isinstance(callee, ast.Name) and callee.id[:1].isupper()
    return callee.id if named and isinstance(callee, ast.Name) else ""


def _bare_and_loaded(function: Function) -> Iterator[ast.Call]:
    """Calls without arguments whose result, by the name it is given, takes a state dict."""
    nodes = list(ast.walk(function))
    loaded = {
        node.func.value.id
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "load_state_dict"
        and isinstance(node.func.value, ast.Name)
    }
    for node in nodes if loaded else ():
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[], keywords=[]) as c):
                if name in loaded:
                    yield c
