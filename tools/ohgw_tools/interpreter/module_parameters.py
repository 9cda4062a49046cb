"""What subclasses of `torch.nn.Module` inherit: `parameters()`, and methods that give them back.

Only what is assigned to an attribute as a parameter or a module is registered: plain lists and
dicts of layers are not (PyTorch documentation of torch.nn.Module and torch.nn.ModuleList).
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.layers import Layer
from ohgw_tools.interpreter.library_facts import canonical
from ohgw_tools.interpreter.tensors import Tensor
from ohgw_tools.interpreter.values import (
    MISSING,
    UNKNOWN,
    Dict,
    Instance,
    List,
    PathValue,
    Set,
    Unknown,
    Value,
    is_plain,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

MODULE = "torch.nn.Module"
FLUENT = ("to", "cuda", "cpu", "float", "double", "half", "train", "eval", "requires_grad_")
METHODS = (*FLUENT, "parameters")
PARAMETER_FREE = frozenset(
    {"ReLU", "GELU", "SiLU", "LeakyReLU", "ELU", "Tanh", "Sigmoid", "Softmax", "LogSoftmax"}
    | {"Dropout", "Dropout2d", "Identity", "Flatten", "MaxPool2d", "AvgPool2d", "ReLU6"}
    | {"AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "Hardswish", "Mish", "Softplus"}
)


def inherits(instance: Instance, name: str) -> bool:
    """Whether a method of this name is the one that `torch.nn.Module` has."""
    if name not in METHODS or instance.cls.find(name) is not MISSING:
        return False
    bases = {canonical(base) for base in instance.cls.external_bases()}
    return bases == {MODULE} and name not in instance.attributes


def call(
    process: Process, instance: Instance, name: str, positional: list[Value], node: ast.AST
) -> Value:
    """Call such a method: most give the module itself."""
    process.hand_over(positional)
    if name != "parameters":
        return instance
    return List([]) if _is_bare(process, instance) else UNKNOWN


def _is_bare(process: Process, instance: Instance) -> bool:
    """Whether a module certainly has no parameter."""
    cls = instance.cls
    named = [process.world.names(c.path).attributes(c.node) for c in cls.mro()]
    unseen = any(c.open for c in cls.mro()) or any("*" in names for names in named)
    unknown = any(isinstance(base, Unknown) for c in cls.mro() for base in c.bases)
    if unseen or unknown or instance.open:
        return False
    return all(_holds_none(process, value, 0) for value in instance.attributes.values())


def _holds_none(process: Process, value: Value, depth: int) -> bool:
    """Whether an attribute certainly registers no parameter."""
    if isinstance(value, Layer):
        if value.name == "Sequential":
            inner = value.positional
            return depth < 4 and all(_holds_none(process, v, depth + 1) for v in inner)
        return value.name in PARAMETER_FREE
    if isinstance(value, Instance):
        within = inherits(value, "parameters")
        return depth < 4 and (_is_bare(process, value) if within else False)
    # A tensor is registered as a parameter only where `torch.nn.Parameter` has made it one.
    return is_plain(value) or isinstance(value, (List, Dict, Set, PathValue, Tensor))
