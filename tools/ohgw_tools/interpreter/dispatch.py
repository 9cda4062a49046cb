"""Tables from kinds of syntax to what the interpreter does with them, filled by its modules."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ohgw_tools.interpreter.values import Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope

Statement = Callable[["Process", Any, "Scope"], None]
Expression = Callable[["Process", Any, "Scope"], Value]
S = TypeVar("S", bound=Statement)
E = TypeVar("E", bound=Expression)

STATEMENTS: dict[type[ast.AST], Statement] = {}
EXPRESSIONS: dict[type[ast.AST], Expression] = {}


def statement(*kinds: type[ast.AST]) -> Callable[[S], S]:
    """Enter a function into the table of statements."""

    def enter(action: S) -> S:
        STATEMENTS.update(dict.fromkeys(kinds, action))
        return action

    return enter


def expression(*kinds: type[ast.AST]) -> Callable[[E], E]:
    """Enter a function into the table of expressions."""

    def enter(action: E) -> E:
        EXPRESSIONS.update(dict.fromkeys(kinds, action))
        return action

    return enter
