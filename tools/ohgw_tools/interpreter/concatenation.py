"""Concatenation: what `cat` and `stack` make of tensors whose sizes are known.

The rules are those of the documentation of torch.cat and torch.stack, numpy.concatenate and
numpy.stack.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.tensors import ERROR, Shape, Tensor, shown, size_of
from ohgw_tools.interpreter.values import List, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

JOINING = {"torch.cat", "torch.concat", "numpy.concatenate"}
STACKING = {"torch.stack", "numpy.stack"}


def shape(
    process: Process,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Shape:
    """Return the shape that a call gives, None if that is not known. Raises what the library does
    where sizes do not fit.
    """
    shapes = _shapes(positional[0] if positional else keywords.get("tensors"), name)
    place = positional[1] if len(positional) > 1 else 0
    dimension = size_of(keywords.get("dim", keywords.get("axis", place)))
    if not shapes or dimension is None:
        return None
    if any(len(each) != len(shapes[0]) for each in shapes):
        raise _misfit(process, name, shapes, "must have the same number of dimensions", node)
    if name in STACKING:
        return _stacked(process, name, shapes, dimension, node)
    return _joined(process, name, shapes, dimension, node)


def _shapes(given: Value, name: str) -> list[tuple[int | None, ...]] | None:
    """Return the shapes of what is put together, None if one of them is not known."""
    if isinstance(given, List):
        given = tuple(given.items) if given.exact and given.view is None and not given.once else ()
    if not isinstance(given, tuple):
        return None
    library = name.partition(".")[0]
    found = []
    for each in given:
        if not isinstance(each, Tensor) or each.library != library or each.shape is None:
            return None
        # An empty vector is left out by PyTorch, whatever the others are; this may be one.
        if each.shape in ((0,), (None,)):
            return None
        found.append(each.shape)
    return found


def _joined(
    process: Process,
    name: str,
    shapes: list[tuple[int | None, ...]],
    dimension: int,
    node: ast.AST,
) -> Shape:
    first = shapes[0]
    if not -len(first) <= dimension < len(first):
        return None
    dimension %= len(first)
    result: list[int | None] = []
    for place, sizes in enumerate(zip(*shapes, strict=True)):
        known = [size for size in sizes if size is not None]
        if place == dimension:
            result.append(sum(known) if len(known) == len(sizes) else None)
            continue
        if len(set(known)) > 1:
            raise _misfit(process, name, shapes, f"must match except in {dimension}", node)
        result.append(known[0] if known else None)
    return tuple(result)


def _stacked(
    process: Process,
    name: str,
    shapes: list[tuple[int | None, ...]],
    dimension: int,
    node: ast.AST,
) -> Shape:
    first = shapes[0]
    sizes = [{s for s in each if s is not None} for each in zip(*shapes, strict=True)]
    if any(len(each) > 1 for each in sizes):
        raise _misfit(process, name, shapes, "must have the same shape", node)
    if not -len(first) - 1 <= dimension <= len(first):
        return None
    known = [min(each) if each else None for each in sizes]
    known.insert(dimension % (len(first) + 1), len(shapes))
    return tuple(known)


def _misfit(
    process: Process,
    name: str,
    shapes: list[tuple[int | None, ...]],
    rule: str,
    node: ast.AST,
) -> Exception:
    listed = " and ".join(map(shown, sorted(set(shapes), key=shapes.index)[:4]))
    library = name.partition(".")[0]
    return process.error(ERROR[library], f"sizes {listed} {rule}", node)
