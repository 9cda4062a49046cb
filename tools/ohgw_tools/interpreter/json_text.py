"""JSON text: what the `json` module refuses to write."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.tensors import Tensor
from ohgw_tools.interpreter.values import (
    Class,
    Dict,
    Function,
    Instance,
    List,
    PathValue,
    Set,
    Value,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

MOST = 5000  # values that are gone through
HELPING = {"default", "cls", "skipkeys"}  # arguments after which more can be written


def check(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> None:
    """Raise the TypeError of a value that JSON cannot hold, unless a `default` may turn it."""
    given = node.keywords if isinstance(node, ast.Call) else []
    if HELPING & set(keywords) or any(k.arg is None for k in given):
        return
    seen: set[int] = set()
    stack = [positional[0] if positional else keywords.get("obj")]
    while stack and len(seen) < MOST:
        each = stack.pop()
        if isinstance(each, (Dict, List)) and id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Dict):
            if any(isinstance(key, (tuple, bytes)) for key in each.items):
                message = "keys must be str, int, float, bool or None, not tuple or bytes"
                raise process.error("TypeError", message, node)
            stack += each.items.values()
        elif isinstance(each, (List, tuple)):
            stack += _elements(each)
        elif (kind := _unfit(each)) is not None:
            message = f"Object of type {kind} is not JSON serializable"
            raise process.error("TypeError", message, node)


def _elements(value: List | tuple[Value, ...]) -> list[Value]:
    if isinstance(value, tuple):
        return list(value)
    return list(value.items) if value.exact else []


def _unfit(value: Value) -> str | None:
    """Return the type's name if JSON cannot hold the value for sure."""
    if isinstance(value, Tensor):
        # What is taken from an array of NumPy may be a number that JSON can hold.
        array = value.library == "numpy"
        return None if array and not value.shape else ("ndarray" if array else "Tensor")
    if isinstance(value, Instance):
        classes = value.cls.mro()
        seen = all(isinstance(base, Class) for cls in classes for base in cls.bases)
        return value.cls.name if seen and not any(cls.open for cls in classes) else None
    fits = not isinstance(value, (PathValue, Set, Function, Class))
    return None if fits else type_name(value)
