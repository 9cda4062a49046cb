"""Objects of PyTorch and NumPy that are made by calls: layers, tensors, optimizers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import concatenation
from ohgw_tools.interpreter.concatenation import JOINING, STACKING
from ohgw_tools.interpreter.layers import Layer
from ohgw_tools.interpreter.library_facts import canonical, facts
from ohgw_tools.interpreter.tensors import Tensor, made, size_of, sizes_of
from ohgw_tools.interpreter.values import List, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process


def create(
    process: Process,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Layer | Tensor | None:
    """Return what a call makes, None if it makes nothing that is known here."""
    if not name.startswith(("torch.", "numpy.")):
        return None
    full = canonical(name)
    prefix, _, last = full.rpartition(".")
    if prefix == "torch.nn" and last in DIVISIBLE:
        _check_divisible(process, last, positional, keywords, node)
    if prefix == "torch.nn" and _is_layer(last):
        return Layer(last, list(positional), dict(keywords))
    if prefix == "torch.optim":
        _check_parameters(process, positional, keywords, node)
        return None
    return _tensor(process, full, positional, keywords, node)


def may_create(name: str) -> bool:
    """Whether `create` knows a function of this name; of all others it returns None."""
    if not name.startswith(("torch.", "numpy.")):
        return False
    full = canonical(name)
    prefix, _, last = full.rpartition(".")
    if prefix == "torch.optim":
        return True
    if prefix == "torch.nn":
        return _is_layer(last) or last in DIVISIBLE
    table = facts()["tensors"]
    kinds = ("sized", "same_functions", "scalar_functions", "some_functions")
    return full == "torch.randint" or any(full in table[kind] for kind in kinds)


# Layers of which one size must be a multiple of another: their places, names, and the exception.
DIVISIBLE = {
    "MultiheadAttention": (0, "embed_dim", 1, "num_heads", "AssertionError"),
    "TransformerEncoderLayer": (0, "d_model", 1, "nhead", "AssertionError"),
    "TransformerDecoderLayer": (0, "d_model", 1, "nhead", "AssertionError"),
    "GroupNorm": (1, "num_channels", 0, "num_groups", "ValueError"),
}


def _check_divisible(
    process: Process,
    layer: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> None:
    """Raise what PyTorch raises for heads or groups that do not share a width evenly."""
    place, whole, other, parts, exception = DIVISIBLE[layer]
    given = dict(enumerate(positional))
    width = size_of(keywords.get(whole, given.get(place)))
    count = size_of(keywords.get(parts, given.get(other)))
    if width is not None and count and width % count:
        message = f"{whole} {width} is not divisible by {parts} {count}"
        raise process.error(exception, message, node)


def _is_layer(name: str) -> bool:
    table = facts()
    known = name in table["layers"] or name in table["tensors"]["same_layers"]
    return known or name == "Sequential" or name.endswith("Loss")


def _tensor(
    process: Process,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Tensor | None:
    table = facts()["tensors"]
    library = "numpy" if name.startswith("numpy.") else "torch"
    trainable = keywords.get("requires_grad", False) is not False
    result: Tensor | None = None
    if name in table["sized"]:
        by_type = library == "numpy" and ".random." not in name  # the second argument is the type
        result = made(process, sizes_of(positional[:1] if by_type else positional), library)
    elif name == "torch.randint":
        size = positional[-1] if positional and isinstance(positional[-1], (tuple, List)) else None
        result = made(process, sizes_of([keywords.get("size", size)]) if size else None, library)
    elif name in table["same_functions"]:
        first = positional[0] if positional else None
        result = made(process, first.shape if isinstance(first, Tensor) else None, library)
    elif name in table["scalar_functions"]:
        result = made(process, None if "reduction" in keywords else (), library)
    elif name in JOINING or name in STACKING:
        result = made(
            process, concatenation.shape(process, name, positional, keywords, node), library
        )
    elif name in table["some_functions"]:
        result = made(process, None, library)
    if result is not None and trainable:
        result.frozen = False
    return result


def _check_parameters(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> None:
    given = positional[0] if positional else keywords.get("params")
    if isinstance(given, List) and given.exact and not given.items:
        raise process.error("ValueError", "optimizer got an empty parameter list", node)
