"""NameBranch: the if-chain that turns a configured name into an object, and refuses the rest."""

from __future__ import annotations

import ast
from typing import NamedTuple


class NameBranch(NamedTuple):
    """A function with such a chain, found by the line of its final `raise`.

    `variable` holds the configured name, `case` is the string method that it went through (`upper`,
    `lower` or empty); `first_line` is that of the `raise` with the comments above it.
    """

    function: ast.FunctionDef
    variable: str
    case: str
    names: tuple[str, ...]
    first_line: int
    raise_line: int

    def spelt(self, name: str) -> str:
        """Return `name` as the chain compares it."""
        return {"upper": name.upper(), "lower": name.lower()}.get(self.case, name)


def at(tree: ast.Module, lines: list[str], line: int) -> NameBranch | None:
    """Return the chain whose `raise` stands at `line` (from 1), or None if it is not plain to see:
    a function of the module that compares one variable with string literals and then raises.
    """
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        last = function.body[-1]
        if not isinstance(last, ast.Raise) or not last.lineno <= line <= (last.end_lineno or 0):
            continue
        compared = [pair for node in function.body if (pair := _compared(node))]
        variables = {variable for variable, _ in compared}
        if len(variables) != 1:
            return None
        variable = variables.pop()
        first = last.lineno
        while first > 1 and lines[first - 2].lstrip().startswith("#"):
            first -= 1
        names = tuple(name for _, name in compared)
        return NameBranch(function, variable, _case(function, variable), names, first, last.lineno)
    return None


def _compared(node: ast.stmt) -> tuple[str, str] | None:
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Compare):
        return None
    test = node.test
    right = test.comparators[0]
    if not isinstance(test.left, ast.Name) or not isinstance(test.ops[0], ast.Eq):
        return None
    if not isinstance(right, ast.Constant) or not isinstance(right.value, str):
        return None
    return test.left.id, right.value


def _case(function: ast.FunctionDef, variable: str) -> str:
    for node in function.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            targets = {t.id for t in node.targets if isinstance(t, ast.Name)}
            call = node.value.func
            if variable in targets and isinstance(call, ast.Attribute):
                return call.attr if call.attr in ("upper", "lower") else ""
    return ""
