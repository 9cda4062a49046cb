"""Tensors and arrays: shapes where they are concrete, and whether gradients can flow.

A dimension is None if unknown, a shape is None if even its length is. Rules of broadcasting and
matrix products are those of NumPy and PyTorch; an operation that no concrete shape fits raises.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.values import (
    UNKNOWN,
    UNKNOWN_INT,
    Dict,
    External,
    List,
    Method,
    Unknown,
    Value,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

Shape = tuple[int | None, ...] | None
ERROR = {"torch": "RuntimeError", "numpy": "ValueError"}


@dataclass(slots=True, eq=False)
class Tensor:
    """A tensor of PyTorch or an array of NumPy. `frozen` if it surely has no gradient; `width` is
    the last dimension where it is known and the shape is not.
    """

    shape: Shape = None
    library: str = "torch"
    frozen: bool = False
    width: int | None = None


def made(
    process: Process, shape: Shape, library: str = "torch", width: int | None = None
) -> Tensor:
    """Return the result of an operation, which has no gradient where gradients are off."""
    off = bool(process.no_grad) and process.no_grad[-1] == "off"
    return Tensor(shape, library, frozen=off and library == "torch", width=width)


def size_of(value: Value) -> int | None:
    """Return a dimension, None if it is not a known whole number."""
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


def sizes_of(values: list[Value]) -> Shape:
    """Return the shape that arguments such as `(3, 4)` or `3, 4` stand for."""
    first = values[0] if values else None
    if isinstance(first, (tuple, List)):
        if isinstance(first, List) and not first.exact:
            return None
        return tuple(size_of(v) for v in (first.items if isinstance(first, List) else first))
    if len(values) == 1 and size_of(first) is None:
        # What is not known to be a number may be a whole shape, or a type to view by.
        return (None,) if isinstance(first, Unknown) and first.kind is int else None
    if not all(isinstance(v, (int, Unknown)) for v in values):
        return None
    return tuple(size_of(v) for v in values)


def count(shape: Shape) -> int | None:
    """Return the number of elements, None if a dimension is unknown."""
    if shape is None:
        return None
    known = [d for d in shape if d is not None]
    return math.prod(known) if len(known) == len(shape) else None


def broadcast(process: Process, a: Tensor, b: Tensor, node: ast.AST) -> Shape:
    """Return the shape of an elementwise operation."""
    if a.shape is None or b.shape is None:
        return None
    rank = max(len(a.shape), len(b.shape))
    left = (1,) * (rank - len(a.shape)) + a.shape
    right = (1,) * (rank - len(b.shape)) + b.shape
    result: list[int | None] = []
    for m, n in zip(left, right, strict=True):
        if m is not None and n is not None and m != n and 1 not in (m, n):
            message = f"shapes {shown(a.shape)} and {shown(b.shape)} do not fit elementwise"
            raise process.error(ERROR[a.library], message, node)
        known = [d for d in (m, n) if d not in (None, 1)]
        result.append(known[0] if known else (1 if (m, n) == (1, 1) else None))
    return tuple(result)


def shown(shape: Shape) -> str:
    """Return a shape for a message."""
    if shape is None:
        return "(?)"
    return "(" + ", ".join("?" if d is None else str(d) for d in shape) + ")"


def operate(process: Process, op: ast.operator, a: Value, b: Value, node: ast.AST) -> Value:
    """Return the result of an operator of which one side is a tensor."""
    tensors = [t for t in (a, b) if isinstance(t, Tensor)]
    library = tensors[0].library
    for other in (a, b):
        wrong = other is None or isinstance(other, (str, Dict))
        if wrong or (isinstance(other, Unknown) and other.kind is str):
            kind = "str" if isinstance(other, Unknown) else type_name(other)
            text = f"unsupported operand of type '{kind}' beside a tensor: {ast.unparse(node)[:90]}"
            raise process.error("TypeError", text, node)
    if len(tensors) == 1:
        plain = isinstance(b if a is tensors[0] else a, (int, float))
        return made(process, tensors[0].shape if plain else None, library)
    if a.library != b.library:
        return UNKNOWN
    if isinstance(op, ast.MatMult):
        return made(process, product(process, a, b, node), library)
    return made(process, broadcast(process, a, b, node), library)


def refuse_none(process: Process, op: ast.operator, other: Value, node: ast.AST) -> None:
    """Raise what a value that NumPy or PyTorch gave raises beside None: in a product NumPy misses
    dimensions, everything else is of a wrong type. `|` makes a union of types.
    """
    name = other.name if isinstance(other, External) else ""
    library = name.partition(".")[0]
    if library not in ERROR or not name.endswith("()") or isinstance(op, ast.BitOr):
        return
    product = isinstance(op, ast.MatMult) and library == "numpy"
    text = f"None beside what {name[:60]} gave: {ast.unparse(node)[:90]}"
    raise process.error("ValueError" if product else "TypeError", text, node)


def product(process: Process, a: Tensor, b: Tensor, node: ast.AST) -> Shape:
    """Return the shape of a matrix product."""
    if a.shape is None or b.shape is None or min(len(a.shape), len(b.shape)) < 1:
        return None
    inner = b.shape[-2] if len(b.shape) > 1 else b.shape[0]
    if None not in (a.shape[-1], inner) and a.shape[-1] != inner:
        message = f"shapes {shown(a.shape)} and {shown(b.shape)} cannot be multiplied"
        raise process.error(ERROR[a.library], message, node)
    if len(a.shape) == len(b.shape) == 2:
        return (a.shape[0], b.shape[1])
    return None


def attribute(owner: Tensor, name: str) -> Value:
    """Return an attribute of a tensor."""
    if name == "shape":
        if owner.shape is None:
            return UNKNOWN
        return tuple(UNKNOWN_INT if d is None else d for d in owner.shape)
    if name == "ndim":
        return UNKNOWN_INT if owner.shape is None else len(owner.shape)
    if name in ("device", "dtype", "grad", "grad_fn", "data", "requires_grad", "size"):
        return Method(owner, name) if name == "size" and owner.library == "torch" else UNKNOWN
    if name == "T":
        return Tensor(owner.shape[::-1] if owner.shape else None, owner.library, owner.frozen)
    return Method(owner, name)


def item(process: Process, owner: Tensor, key: Value) -> Value:
    """Return the part that a subscript takes."""
    shape = owner.shape
    if not shape or not isinstance(key, (int, slice)) or isinstance(key, bool):
        return made(process, None, owner.library)
    if isinstance(key, int):
        return made(process, shape[1:], owner.library)
    first = shape[0]
    rest: int | None = len(range(*key.indices(first))) if first is not None else None
    return made(process, (rest, *shape[1:]), owner.library)
