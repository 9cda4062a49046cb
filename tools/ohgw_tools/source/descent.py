"""Descent: the nodes of a syntax tree below one of them, without those that no rule asks for.

`ast.walk` visits contexts and operators too and asks every node for all of its fields, which takes
more than twice as long.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# What `ast` shares between nodes, so that it has no one parent.
SHARED = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)
# Fields that hold text, numbers or what `ast` shares between nodes, whatever the kind of node.
_CHILDLESS = {"ctx", "op", "ops", "id", "attr", "arg", "asname", "module", "level", "kind"}
_CHILDLESS |= {"type_comment", "conversion", "rest", "simple", "is_async"}
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


def descend(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the node and all nodes below it, parents before their children, siblings backwards."""
    stack = [node]
    while stack:
        above = stack.pop()
        yield above
        for name in child_fields(type(above)):
            value = getattr(above, name, None)
            if type(value) is list:
                stack += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST):
                stack.append(value)


def child_fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a kind of node that may hold nodes other than SHARED ones."""
    if kind not in _FIELDS:
        names = () if kind is ast.Constant else kind._fields
        _FIELDS[kind] = tuple(name for name in names if name not in _CHILDLESS)
    return _FIELDS[kind]
