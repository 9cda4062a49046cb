"""Layers of `torch.nn`: the shapes that they take and give.

Sizes of convolutions and pools follow PyTorch's documentation of Conv2d and MaxPool2d.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.library_facts import facts
from ohgw_tools.interpreter.tensor_methods import flattened
from ohgw_tools.interpreter.tensors import Shape, Tensor, made, shown, size_of
from ohgw_tools.interpreter.values import UNKNOWN, External, Instance, Unknown, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process


@dataclass(slots=True, eq=False)
class Layer:
    """An instance of a class of `torch.nn`, with the arguments that it was made with."""

    name: str
    positional: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)

    def argument(self, name: str, default: Value = None) -> Value:
        """Return an argument by its parameter's name."""
        if name in self.keywords:
            return self.keywords[name]
        order: list[str] = facts()["layers"].get(self.name, [])
        place = order.index(name) if name in order else len(self.positional)
        return self.positional[place] if place < len(self.positional) else default

    def size(self, name: str, default: Value = None) -> int | None:
        """Return an argument that is a size, None if it is not known."""
        return size_of(self.argument(name, default))


def call(process: Process, layer: Layer, positional: list[Value], node: ast.AST) -> Value:
    """Return what a layer gives; raises what PyTorch raises for a shape that cannot fit."""
    value = positional[0] if positional else UNKNOWN
    if layer.name == "Sequential":
        if not all(isinstance(p, (Layer, Instance, External, Unknown)) for p in layer.positional):
            return UNKNOWN
        for each in layer.positional:
            value = process.call(each, [value], {}, node)
        return value
    if layer.name.endswith("Loss"):
        plain = "reduction" not in layer.keywords
        return made(process, () if plain else None)
    shape = value.shape if isinstance(value, Tensor) else None
    width = value.width if isinstance(value, Tensor) else None
    if layer.name in KEEPING or layer.name in facts()["tensors"]["same_layers"]:
        rule = RULES.get(layer.name)
        same = rule(process, layer, shape, node) if rule and shape is not None else shape
        return made(process, same, width=width)
    if layer.name in ENDS:
        return _wide(process, layer, shape, width, node)
    rule = RULES.get(layer.name)
    return made(process, rule(process, layer, shape, node) if rule and shape is not None else None)


def _wide(process: Process, layer: Layer, shape: Shape, width: int | None, node: ast.AST) -> Value:
    """Apply a layer that acts on the last dimension alone, which may be all that is known."""
    takes, gives = ENDS[layer.name]
    seen = shape if shape is not None else (None, width)
    if takes:
        _expect(process, layer, seen, -1, layer.size(takes), node)
    out = layer.size(gives)
    if takes == "input_size":
        both = layer.argument("bidirectional", False)
        out = out * (2 if both else 1) if out is not None and isinstance(both, bool) else None
    kept = shape[:-1] if takes and shape is not None else shape
    result = made(process, (*kept, out) if kept is not None else None, width=out)
    return (result, UNKNOWN) if takes == "input_size" else result


def _expect(
    process: Process, layer: Layer, shape: tuple[int | None, ...], place: int, wanted: int | None,
    node: ast.AST,
) -> None:  # fmt: skip
    """Raise if a dimension is certainly not the one that the layer was made for."""
    size = shape[place] if -len(shape) <= place < len(shape) else None
    if size is not None and wanted is not None and size != wanted:
        message = f"{layer.name} expects size {wanted} in dimension {place} of {shown(shape)}"
        raise process.error("RuntimeError", message, node)


def _norm(process: Process, layer: Layer, shape: Shape, node: ast.AST) -> Shape:
    assert shape is not None
    _expect(process, layer, shape, 1, layer.size("num_features"), node)
    return shape


def _slid(size: int | None, kernel: int | None, stride: int | None, pad: int | None) -> int | None:
    if size is None or kernel is None or pad is None or not stride:
        return None
    return (size + 2 * pad - kernel) // stride + 1


def _convolution(process: Process, layer: Layer, shape: Shape, node: ast.AST) -> Shape:
    assert shape is not None
    if len(shape) != 4:
        return None
    _expect(process, layer, shape, 1, layer.size("in_channels"), node)
    kernel, stride = layer.size("kernel_size"), layer.size("stride", 1)
    pad = layer.size("padding", 0) if layer.argument("dilation", 1) == 1 else None
    sides = tuple(_slid(d, kernel, stride, pad) for d in shape[2:])
    return (shape[0], layer.size("out_channels"), *sides)


def _pool(process: Process, layer: Layer, shape: Shape, node: ast.AST) -> Shape:
    assert shape is not None
    kernel = layer.size("kernel_size")
    stride = layer.size("stride", kernel)
    plain = not layer.argument("ceil_mode", False)
    pad = layer.size("padding", 0) if plain else None
    sides = tuple(_slid(d, kernel, stride, pad) for d in shape[-2:])
    return (*shape[:-2], *sides) if len(shape) in (3, 4) else None


def _adaptive_pool(process: Process, layer: Layer, shape: Shape, node: ast.AST) -> Shape:
    assert shape is not None
    target = layer.argument("output_size")
    pair = target if isinstance(target, tuple) and len(target) == 2 else (target, target)
    sides = tuple(size_of(p) for p in pair)
    return (*shape[:-2], *sides) if len(shape) in (3, 4) else None


def _flatten(process: Process, layer: Layer, shape: Shape, node: ast.AST) -> Shape:
    plain = "end_dim" not in layer.keywords and len(layer.positional) < 2
    return flattened(shape, layer.size("start_dim", 1)) if plain else None


KEEPING = ("BatchNorm1d", "BatchNorm2d")
# Layers that act on the last dimension: the parameter that says its size, and that of the result.
ENDS = {
    "Linear": ("in_features", "out_features"),
    "Embedding": ("", "embedding_dim"),
    "GRU": ("input_size", "hidden_size"),
    "LSTM": ("input_size", "hidden_size"),
    "RNN": ("input_size", "hidden_size"),
}
RULES: dict[str, Callable[[Process, Layer, Shape, ast.AST], Shape]] = {
    "BatchNorm1d": _norm,
    "BatchNorm2d": _norm,
    "Conv2d": _convolution,
    "MaxPool2d": _pool,
    "AvgPool2d": _pool,
    "AdaptiveAvgPool2d": _adaptive_pool,
    "AdaptiveMaxPool2d": _adaptive_pool,
    "Flatten": _flatten,
}
