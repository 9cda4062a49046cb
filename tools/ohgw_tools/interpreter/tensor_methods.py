"""Methods of tensors: what they do to shapes and gradients."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.library_facts import facts
from ohgw_tools.interpreter.tensors import (
    Shape,
    Tensor,
    count,
    made,
    shown,
    size_of,
    sizes_of,
)
from ohgw_tools.interpreter.values import UNKNOWN, UNKNOWN_INT, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

REDUCING = ("sum", "mean", "max", "min", "std", "var", "prod", "argmax", "argmin", "all", "any")


def call(
    process: Process,
    owner: Tensor,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    """Call a method of a tensor."""
    table = facts()["tensors"]
    if name == "backward":
        return _backward(process, owner, node)
    if name in ("requires_grad_", "retain_grad"):
        owner.frozen = False
        return owner
    if name in ("detach", "detach_"):
        return Tensor(owner.shape, owner.library, frozen=owner.library == "torch")
    if name in table["same"]:
        return made(process, owner.shape, owner.library)
    if name in ("size", "dim", "numel"):
        return _measure(owner, name, positional)
    if name in REDUCING:
        plain = not positional and not keywords
        return made(process, () if plain else None, owner.library) if plain else UNKNOWN
    if name == "flatten":
        start = size_of(positional[0]) if positional else size_of(keywords.get("start_dim", 0))
        ends = len(positional) > 1 or "end_dim" in keywords
        return made(process, None if ends else flattened(owner.shape, start), owner.library)
    if name in ("view", "reshape") and owner.library == "torch":
        return made(process, _reshaped(process, owner, sizes_of(positional), node), owner.library)
    if name in ("transpose", "swapaxes", "permute", "t") and owner.library == "torch":
        return made(process, _rearranged(owner.shape, name, sizes_of(positional)), owner.library)
    if name == "unsqueeze" and positional:
        return made(process, _unsqueezed(owner.shape, size_of(positional[0])), owner.library)
    if name.endswith("_") or name == "resize":  # in place, and perhaps to another shape
        owner.shape = owner.width = None
    return UNKNOWN


def _backward(process: Process, owner: Tensor, node: ast.AST) -> Value:
    if owner.frozen:
        message = "element 0 of tensors does not require grad and does not have a grad_fn"
        raise process.error("RuntimeError", message, node)
    return None


def _measure(owner: Tensor, name: str, positional: list[Value]) -> Value:
    if owner.shape is None:
        return UNKNOWN_INT if name != "size" or positional else UNKNOWN
    if name == "dim":
        return len(owner.shape)
    if name == "numel":
        total = count(owner.shape)
        return UNKNOWN_INT if total is None else total
    if not positional:
        return tuple(UNKNOWN_INT if d is None else d for d in owner.shape)
    place = size_of(positional[0])
    if place is None or not -len(owner.shape) <= place < len(owner.shape):
        return UNKNOWN_INT
    size = owner.shape[place]
    return UNKNOWN_INT if size is None else size


def flattened(shape: Shape, start: int | None) -> Shape:
    """Return a shape whose dimensions from `start` on are one."""
    if shape is None or start is None or not 0 <= start < max(1, len(shape)):
        return None
    return (*shape[:start], count(shape[start:]))


def _reshaped(process: Process, owner: Tensor, wanted: Shape, node: ast.AST) -> Shape:
    if wanted is None:
        return None
    if None in wanted:
        return tuple(None if d == -1 else d for d in wanted)
    total = count(owner.shape)
    known = count(tuple(d for d in wanted if d != -1)) or 0
    free = wanted.count(-1)
    fits = total is None or (total == known if not free else known > 0 and total % known == 0)
    if not fits or free > 1:
        message = f"shape '{shown(wanted)}' is invalid for input of size {total}"
        raise process.error("RuntimeError", message, node)
    if not free:
        return wanted
    rest = total // known if total is not None and known else None
    return tuple(rest if d == -1 else d for d in wanted)


def _rearranged(shape: Shape, name: str, places: Shape) -> Shape:
    """Return a shape whose dimensions stand in another order."""
    if name == "t":
        return shape[::-1] if shape is not None and len(shape) <= 2 else None
    if shape is None or places is None or not _are_places(places, len(shape)):
        return None
    known = [p % len(shape) for p in places if p is not None]
    if name == "permute":
        return tuple(shape[p] for p in known) if sorted(known) == [*range(len(shape))] else None
    if len(known) != 2:
        return None
    order = list(range(len(shape)))
    order[known[0]], order[known[1]] = order[known[1]], order[known[0]]
    return tuple(shape[p] for p in order)


def _are_places(places: tuple[int | None, ...], rank: int) -> bool:
    return rank > 0 and all(p is not None and -rank <= p < rank for p in places)


def _unsqueezed(shape: Shape, place: int | None) -> Shape:
    if shape is None or place is None:
        return None
    place = place + len(shape) + 1 if place < 0 else place
    return (*shape[:place], 1, *shape[place:])
