"""Names: what a piece of syntax binds, looked up once for each node."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ohgw_tools.source.descent import descend

if TYPE_CHECKING:
    from ohgw_tools.source.python_file import PythonFile

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# Attributes through which names are set that do not stand in the code.
COMPUTED = ("__dict__", "register_buffer", "register_parameter", "add_module", "__setattr__")


class Parameters(NamedTuple):
    """The names of a function's parameters: those by place, those by keyword alone, and those that
    a keyword may name.
    """

    places: tuple[str, ...]
    only: tuple[str, ...]
    by_keyword: frozenset[str]


class Names:
    """Answers about one file's syntax tree, kept by node for as long as the file is."""

    def __init__(self, file: PythonFile) -> None:
        self._file = file
        self._stored: dict[ast.AST, frozenset[str]] = {}
        self._attributes: dict[ast.AST, frozenset[str]] = {}
        self._loaded: dict[ast.AST, frozenset[str]] = {}
        self._parameters: dict[ast.arguments, Parameters] = {}

    def stored(self, node: ast.AST) -> frozenset[str]:
        """Return the names that `node` binds anywhere within."""
        if node not in self._stored:
            self._stored[node] = frozenset(_bindings(node))
        return self._stored[node]

    def loaded(self, node: ast.AST) -> frozenset[str]:
        """Return the names and attributes that `node` reads anywhere within."""
        if node not in self._loaded:
            inner = list(descend(node))
            names = {n.id for n in inner if isinstance(n, ast.Name)}
            names |= {n.attr for n in inner if isinstance(n, ast.Attribute)}
            self._loaded[node] = frozenset(names)
        return self._loaded[node]

    def declared(self, node: ast.AST | None) -> frozenset[str]:
        """Return the names of a function's parameters; none for other nodes."""
        if not isinstance(node, FUNCTIONS):
            return frozenset()
        found = self.parameters(node.args)
        return frozenset((*found.places, *found.only))

    def parameters(self, node: ast.arguments) -> Parameters:
        """Return the names of the parameters that `node` declares, `*` and `**` aside."""
        if node not in self._parameters:
            places = tuple(a.arg for a in (*node.posonlyargs, *node.args))
            only = tuple(a.arg for a in node.kwonlyargs)
            by_keyword = frozenset((*(a.arg for a in node.args), *only))
            self._parameters[node] = Parameters(places, only, by_keyword)
        return self._parameters[node]

    @cached_property
    def generators(self) -> frozenset[ast.AST]:
        """The functions of the file that are generators."""
        found: set[ast.AST] = set()
        for node in self._file.nodes(ast.Yield, ast.YieldFrom):
            around = self._file.ancestors(node)
            function = next((a for a in around if isinstance(a, FUNCTIONS)), None)
            if function is not None and not isinstance(function, ast.Lambda):
                found.add(function)
        return frozenset(found)

    def attributes(self, node: ast.AST) -> frozenset[str]:
        """Return the attributes that a class or module sets on anything; `*` for computed names."""
        if node not in self._attributes:
            found = set()
            for each in ast.walk(node):
                if isinstance(each, ast.Attribute):
                    if isinstance(each.ctx, ast.Store):
                        found.add(each.attr)
                    elif each.attr in COMPUTED:
                        found.add("*")
                elif isinstance(each, ast.Name) and each.id in ("setattr", "vars"):
                    found.add("*")
            self._attributes[node] = frozenset(found)
        return self._attributes[node]


def captured(pattern: ast.pattern) -> set[str]:
    """Return the names that a match pattern binds."""
    named = (n for n in ast.walk(pattern))
    return {n.name for n in named if isinstance(n, (ast.MatchAs, ast.MatchStar)) and n.name}


def _bindings(root: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(root):
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)):
            if node is not root:
                found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(a.asname or a.name.split(".")[0] for a in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
    return found
