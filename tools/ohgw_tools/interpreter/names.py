"""Names: what a piece of syntax binds, looked up once for each node."""

from __future__ import annotations

import ast

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
# Attributes through which names are set that do not stand in the code.
COMPUTED = ("__dict__", "register_buffer", "register_parameter", "add_module", "__setattr__")


class Names:
    """Answers about syntax trees, kept by node."""

    def __init__(self) -> None:
        self._stored: dict[ast.AST, frozenset[str]] = {}
        self._generators: dict[ast.AST, bool] = {}
        self._attributes: dict[ast.AST, frozenset[str]] = {}

    def stored(self, node: ast.AST) -> frozenset[str]:
        """Return the names that `node` binds anywhere within."""
        if node not in self._stored:
            self._stored[node] = frozenset(_bindings(node))
        return self._stored[node]

    def captured(self, pattern: ast.pattern) -> set[str]:
        """Return the names that a match pattern binds."""
        named = (n for n in ast.walk(pattern))
        return {n.name for n in named if isinstance(n, (ast.MatchAs, ast.MatchStar)) and n.name}

    def is_generator(self, node: ast.AST) -> bool:
        """Whether a function is a generator."""
        if node not in self._generators:
            self._generators[node] = not isinstance(node, ast.Lambda) and _yields(node)
        return self._generators[node]

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


def _yields(node: ast.AST) -> bool:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(child, (*FUNCTIONS, ast.ClassDef)) and _yields(child):
            return True
    return False
