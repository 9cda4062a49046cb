"""Defined: the functions and classes of a file by qualified name, with what compares them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from ohgw_tools.source.descent import descend
from ohgw_tools.source.python_file import Definition, PythonFile

SIMILAR = 0.5


class Defined:
    """One function or class of a file: its node, its size, and the words that it is made of."""

    def __init__(self, file: PythonFile, name: str, node: Definition) -> None:
        self._file = file
        self.name = name
        self.node = node

    @property
    def last_name(self) -> str:
        """The name without what it is a member of."""
        return self.name.rsplit(".", 1)[-1]

    @property
    def is_class(self) -> bool:
        """Whether it is a class."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def size(self) -> int:
        """How many statements and expressions it holds, docstrings and annotations included."""
        return self._file.sizes[self.node]

    @property
    def body_size(self) -> int:
        """How many statements and expressions its body holds, without the docstring."""
        return sum(self._file.sizes[statement] for statement in self.body)

    @property
    def body(self) -> list[ast.stmt]:
        """Its statements without the docstring."""
        match self.node.body:
            case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                return rest
        return list(self.node.body)

    def called(self) -> Mapping[str, ast.Call]:
        """The dotted names that it calls, as written, each with one of its calls."""
        return self._file.derive(_calls).get(self.node, {})

    @property
    def gives_value(self) -> bool:
        """Whether a function returns anything but None, functions within it aside."""
        return self.node in self._file.derive(_giving)

    def words(self) -> Counter[str]:
        """Names, attributes, arguments and constants, as a bag."""
        bags = self._file.derive(_bags)
        if self.node not in bags:
            bags[self.node] = Counter(w for node in descend(self.node) for w in _words(node))
        return bags[self.node]


def definitions(file: PythonFile | None) -> Mapping[str, Defined]:
    """Return the definitions of a file by qualified name; the last one of a name counts."""
    return file.derive(_definitions) if file else {}


def likeness(one: Defined, other: Defined) -> float:
    """Return how alike two definitions are: the Jaccard index of their bags of words, 0 to 1."""
    first, second = one.words(), other.words()
    union = sum((first | second).values())
    return sum((first & second).values()) / union if union else 0.0


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for a name or a chain of attributes on one, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def _definitions(file: PythonFile) -> Mapping[str, Defined]:
    found = {}
    for node in file.definitions:
        name = file.qualified_name(node)
        found[name] = Defined(file, name, node)
    return found


def _calls(file: PythonFile) -> Mapping[ast.AST, dict[str, ast.Call]]:
    found: dict[ast.AST, dict[str, ast.Call]] = {}
    for call in file.nodes(ast.Call):
        name = dotted(call.func)
        for above in file.ancestors(call) if name else ():
            if isinstance(above, Definition):
                found.setdefault(above, {}).setdefault(name, call)
    return found


def _giving(file: PythonFile) -> frozenset[ast.AST]:
    found = []
    for node in file.nodes(ast.Return):
        match node.value:
            case None | ast.Constant(value=None):
                continue
        found.append(next(a for a in file.ancestors(node) if isinstance(a, Definition)))
    return frozenset(found)


def _bags(file: PythonFile) -> dict[ast.AST, Counter[str]]:
    """Where bags of words are kept; most definitions are never asked for theirs."""
    return {}


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield f".{node.attr}"
    elif isinstance(node, ast.arg):
        yield f"@{node.arg}"
    elif isinstance(node, ast.Constant):
        yield repr(node.value)[:40]
