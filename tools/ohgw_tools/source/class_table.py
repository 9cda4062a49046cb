"""ClassTable: the classes of a bundle, their members, and what they inherit from within it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from ohgw_tools.source.definition_table import dotted
from ohgw_tools.source.python_file import Definition, Function, PythonFile
from ohgw_tools.subject import Subject

_ABSTRACT_BASES = {"ABC", "Protocol", "TypedDict", "NamedTuple", "Enum", "IntEnum", "StrEnum"}
_ABSTRACT_DECORATORS = {"abstractmethod", "abstractproperty", "abstractclassmethod", "overload"}


class ClassEntry(NamedTuple):
    """One class: the file that it stands in, its node, and the last names of its bases."""

    path: str
    file: PythonFile
    node: ast.ClassDef
    bases: tuple[str, ...]

    @property
    def methods(self) -> Mapping[str, Function]:
        """Its own methods by name."""
        return methods_of(self.node)

    @property
    def members(self) -> frozenset[str]:
        """The names that its body binds."""
        names: set[str] = set()
        for item in self.node.body:
            if isinstance(item, Definition):
                names.add(item.name)
            for inner in ast.walk(item) if not isinstance(item, Definition) else ():
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    names.add(inner.id)
        return frozenset(names)


class ClassTable:
    """The classes of a bundle by name. A name that two classes share is known to be ambiguous."""

    def __init__(self, entries: Mapping[str, tuple[ClassEntry, ...]]) -> None:
        self.entries = entries

    def one(self, name: str) -> ClassEntry | None:
        """Return the class of this name; None where there is none, or more than one."""
        found = self.entries.get(name, ())
        return found[0] if len(found) == 1 else None

    def __iter__(self) -> Iterator[ClassEntry]:
        for entries in self.entries.values():
            yield from entries

    @cached_property
    def _children(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for entry in self:
            for base in entry.bases:
                found.setdefault(base, []).append(entry.node.name)
        return {name: tuple(children) for name, children in found.items()}

    def leaves(self, name: str) -> tuple[frozenset[str], ...]:
        """Return, for each class below `name` that nothing derives from, the methods defined on the
        way down to it, those of `name` itself aside.
        """
        result: list[frozenset[str]] = []
        stack: list[tuple[str, frozenset[str], frozenset[str]]] = [
            (name, frozenset(), frozenset({name}))
        ]
        while stack and len(result) < 200:
            current, methods, seen = stack.pop()
            children = [c for c in self._children.get(current, ()) if c not in seen]
            if not children and current != name:
                result.append(methods)
            for child in children:
                own = frozenset(m for entry in self.entries[child] for m in entry.methods)
                stack.append((child, methods | own, seen | {child}))
        return tuple(result)

    def is_abstract(self, entry: ClassEntry | None, function: Function) -> bool:
        """Whether a function is meant to have no body: abstract, an overload, a protocol's, or
        overridden in every class below its own.
        """
        decorators = {last_name(d) for d in function.decorator_list}
        if decorators & _ABSTRACT_DECORATORS:
            return True
        if entry is None:
            return False
        if entry.node.keywords or set(entry.bases) & _ABSTRACT_BASES:
            return True
        below = self.leaves(entry.node.name)
        return bool(below) and all(function.name in methods for methods in below)


def methods_of(node: ast.ClassDef) -> Mapping[str, Function]:
    """Return the methods of a class by name, without those that it inherits."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {m.name: m for m in node.body if isinstance(m, kinds)}


def class_table(subject: Subject) -> ClassTable:
    """Return the classes of a bundle's derived code, read once for each subject."""
    table: ClassTable = subject.once(_table)
    return table


def last_name(node: ast.expr) -> str:
    """Return the last part of a dotted name, whatever it is called or subscripted with."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return dotted(node).rsplit(".", 1)[-1]


def _table(subject: Subject) -> ClassTable:
    found: dict[str, tuple[ClassEntry, ...]] = {}
    for path, file in subject.python_files():
        for node in file.nodes(ast.ClassDef):
            entry = ClassEntry(path, file, node, tuple(last_name(b) for b in node.bases))
            found[node.name] = (*found.get(node.name, ()), entry)
    return ClassTable(found)
