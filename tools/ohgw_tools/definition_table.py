"""Defined: the functions and classes of a file by qualified name, with what compares them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from ohgw_tools.python_file import Definition, PythonFile

SIMILAR = 0.5


class Defined:
    """One function or class: its node, its size, and the words that it is made of."""

    def __init__(self, name: str, node: Definition) -> None:
        self.name = name
        self.node = node
        self._nodes: list[ast.AST] | None = None

    @property
    def last_name(self) -> str:
        """The name without what it is a member of."""
        return self.name.rsplit(".", 1)[-1]

    @property
    def is_class(self) -> bool:
        """Whether it is a class."""
        return isinstance(self.node, ast.ClassDef)

    @property
    def nodes(self) -> list[ast.AST]:
        """Every node of its subtree."""
        if self._nodes is None:
            self._nodes = list(ast.walk(self.node))
        return self._nodes

    @property
    def size(self) -> int:
        """How many statements and expressions it holds, docstrings and annotations included."""
        return sum(isinstance(node, ast.stmt | ast.expr) for node in self.nodes)

    @property
    def body(self) -> list[ast.stmt]:
        """Its statements without the docstring."""
        match self.node.body:
            case [ast.Expr(value=ast.Constant(value=str())), *rest]:
                return rest
        return list(self.node.body)

    def called(self) -> Counter[str]:
        """The dotted names that it calls, as written."""
        return Counter(
            name
            for node in self.nodes
            if isinstance(node, ast.Call) and (name := dotted(node.func))
        )

    def words(self) -> Counter[str]:
        """Names, attributes, arguments and constants, as a bag."""
        return Counter(word for node in self.nodes for word in _words(node))


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


def own_nodes(node: Definition) -> Iterator[ast.AST]:
    """Yield the nodes of a function's body, without those of functions and classes within it."""
    stack: list[ast.AST] = list(reversed(node.body))
    while stack:
        inner = stack.pop()
        yield inner
        if not isinstance(inner, Definition | ast.Lambda):
            stack += reversed(list(ast.iter_child_nodes(inner)))


def _definitions(file: PythonFile) -> Mapping[str, Defined]:
    found = {}
    for node in file.definitions:
        name = file.qualified_name(node)
        found[name] = Defined(name, node)
    return found


def _words(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield f".{node.attr}"
    elif isinstance(node, ast.arg):
        yield f"@{node.arg}"
    elif isinstance(node, ast.Constant):
        yield repr(node.value)[:40]
