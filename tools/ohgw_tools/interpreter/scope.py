"""Scope: the variables of a module, class body, function or comprehension; Activation: a call."""

from __future__ import annotations

from typing import Any

from ohgw_tools.interpreter.journal import Level
from ohgw_tools.interpreter.values import Value


class Tail:
    """The rest of a function or loop after some arm of a branch has left it.

    `worlds` are the writes of the arms that left; the rest runs in a journal level of its own.
    """

    __slots__ = ("worlds",)

    def __init__(self, worlds: list[Level]) -> None:
        self.worlds = worlds


class Activation:
    """What one call of a function knows of itself: how it may already have ended."""

    __slots__ = ("failed", "function", "possible_returns", "receiver", "tails")

    def __init__(self, function: Any = None, receiver: Value = None) -> None:
        self.function = function
        self.receiver = receiver
        self.tails: list[Tail] = []
        self.possible_returns: list[Value] = []
        self.failed = False


class Scope:
    """Variables by name, with the scope that encloses this one.

    `kind` is module, class, function or comprehension; `node` the definition, for its local names.
    """

    __slots__ = ("globals", "kind", "node", "nonlocals", "parent", "path", "variables")

    def __init__(self, kind: str, path: str, parent: Scope | None = None, node: Any = None) -> None:
        self.kind = kind
        self.path = path
        self.parent = parent
        self.node = node
        self.variables: dict[str, Value] = {}
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()

    def module(self) -> Scope:
        """Return the scope of the module that this one stands in."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def home(self, name: str) -> Scope:
        """Return the scope that an assignment to `name` in this one writes to."""
        if name in self.globals:
            return self.module()
        if name in self.nonlocals:
            scope = self.parent
            while scope is not None and scope.parent is not None:
                if scope.kind == "function" and name in scope.variables:
                    return scope
                scope = scope.parent
        return self
