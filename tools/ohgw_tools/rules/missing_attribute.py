"""missing-attribute: an attribute of self that nothing sets."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.class_table import ClassEntry, ClassTable, class_table, methods_of
from ohgw_tools.source.definition_table import dotted
from ohgw_tools.source.module_members import MODULE_MEMBERS
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "missing-attribute"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A method uses an attribute of self that no code of the bundle ever sets."


_MODULES = {"nn.Module", "torch.nn.Module", "Module"}
_DATASETS = {"Dataset", "torch.utils.data.Dataset", "data.Dataset", "IterableDataset"}
_HOOKS = {"__getattr__", "__getattribute__", "__slots__", "__setattr__"}


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each, in classes all of whose bases are known."""
    table = class_table(subject)
    mentioned = subject.once(_mentioned)
    for entry in table:
        members = _members(table, entry, frozenset())
        if table.one(entry.node.name) is None or members is None or members & _HOOKS:
            continue
        for node in entry.file.derive(_uses)[entry.node]:
            name = node.attr
            if name in members or name in mentioned or name.startswith("__"):
                continue
            if _defined_below(table, entry.node.name, name):
                continue
            yield subject.finding(
                __name__,
                f"{entry.node.name} has no attribute {name!r}",
                entry.path,
                node,
                subject=f"{entry.node.name}.{name}",
                inherited=subject.inherited(entry.path, node.lineno),
                data={"symbol": name, "class": entry.node.name, "module": entry.path},
            )


def _uses(file: PythonFile) -> Mapping[ast.ClassDef, tuple[ast.Attribute, ...]]:
    """What is read of `self`, by class."""
    return {node: tuple(_uses_in(node)) for node in file.nodes(ast.ClassDef)}


def _uses_in(owner: ast.ClassDef) -> Iterator[ast.Attribute]:
    for method in methods_of(owner).values():
        decorators = {ast.unparse(d) for d in method.decorator_list}
        if decorators & {"staticmethod", "classmethod"} or not method.args.args:
            continue
        this = method.args.args[0].arg
        for node in ast.walk(method):
            match node:
                case ast.Attribute(value=ast.Name(id=name), ctx=ast.Load()) if name == this:
                    yield node


def _members(table: ClassTable, entry: ClassEntry, seen: frozenset[str]) -> frozenset[str] | None:
    """All that a class has by itself and its bases; None where a base is not known."""
    if entry.node.keywords or entry.node.decorator_list:
        return None
    members = entry.members
    for base in entry.node.bases:
        written = dotted(base)
        last = written.rsplit(".", 1)[-1]
        inner = table.one(last) if last not in seen and last != entry.node.name else None
        if written == "object" or written in _DATASETS:
            continue
        if written in _MODULES and inner is None:
            members |= MODULE_MEMBERS
        elif inner is not None:
            below = _members(table, inner, seen | {entry.node.name})
            if below is None:
                return None
            members |= below
        else:
            return None
    return members


def _defined_below(table: ClassTable, name: str, attribute: str) -> bool:
    """Whether a class derived from this one has the attribute: a template method."""
    return any(name in e.bases and attribute in e.members for e in table)


def _mentioned(subject: Subject) -> frozenset[str]:
    """The attributes that any code sets, and every string: setattr and register_buffer use them."""
    return frozenset().union(*(file.derive(_mentions) for _, file in subject.python_files()))


def _mentions(file: PythonFile) -> frozenset[str]:
    names = {n.attr for n in file.nodes(ast.Attribute) if not isinstance(n.ctx, ast.Load)}
    names |= {n.value for n in file.nodes(ast.Constant) if isinstance(n.value, str)}
    return frozenset(names)
