"""Built-in functions that look into objects: isinstance, getattr, hasattr and their kin."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.iteration import spend
from ohgw_tools.interpreter.signals import Raised
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    Bound,
    Class,
    Dict,
    External,
    Function,
    Instance,
    List,
    Module,
    Namespace,
    PathValue,
    Set,
    Unknown,
    Value,
    is_plain,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

PYTHON: dict[type, type] = {Dict: dict, List: list, Set: set}


def _isinstance(process: Process, positional: list[Value], node: ast.AST) -> Value:
    if len(positional) != 2:
        return UNKNOWN
    value, kinds = positional
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    answers = [_is_one(value, kind) for kind in kinds]
    if True in answers:
        return True
    return UNKNOWN if None in answers else False


def _is_one(value: Value, kind: Value) -> bool | None:
    if isinstance(value, External) or (isinstance(value, Unknown) and value.kind is None):
        return None
    if isinstance(kind, Class):
        if _takes_others(kind) and not (isinstance(value, Instance) and kind in value.cls.mro()):
            return None
        if isinstance(value, Instance):
            return True if kind in value.cls.mro() else (None if value.cls.open else False)
        return False
    if not isinstance(kind, External):
        return None
    name = kind.name.split(".")[-1]
    python = getattr(builtins, name, None) if kind.name.startswith("builtins.") else None
    if isinstance(python, type):
        if isinstance(value, List) and (value.once or value.view is not None):
            return None
        held = PYTHON.get(type(value), type(value))
        if isinstance(value, Unknown):
            return True if value.kind is python else None
        own = is_plain(value) or type(value) in PYTHON or isinstance(value, tuple)
        return issubclass(held, python) if own else False
    return False if is_plain(value) and not isinstance(value, tuple) and _concrete(name) else None


def _takes_others(cls: Class) -> bool:
    """Whether a class may call objects its own that do not inherit from it, as protocols do."""
    return cls.open or any(b.split(".")[-1] in ("Protocol", "ABC") for b in cls.external_bases())


def _concrete(name: str) -> bool:
    """Whether a library type is not an abstract one that built-in objects belong to."""
    return name not in ("Mapping", "Sequence", "Iterable", "Number", "Real", "Integral", "Hashable",
                        "Collection", "Container", "Sized", "Any", "Callable")  # fmt: skip


def _hasattr(process: Process, positional: list[Value], node: ast.AST) -> Value:
    if len(positional) == 2 and isinstance(positional[1], str):
        owner, name = positional[0], str(positional[1])
        if isinstance(owner, Namespace) and not owner.open:
            return name in owner.attributes
        if isinstance(owner, Instance) and name in owner.attributes:
            return True
        if isinstance(owner, Module) and name in owner.variables:
            return True
    return UNKNOWN


def _getattr(process: Process, positional: list[Value], node: ast.AST) -> Value:
    from ohgw_tools.interpreter.access import get_attribute

    if len(positional) < 2 or not isinstance(positional[1], str):
        return UNKNOWN
    owner, name = positional[0], positional[1]
    if isinstance(owner, Module):
        known = tuple(owner.variables)
        process.world.uses.compare(name, known, str(name) in known, process.where)
    else:
        process.world.uses.leave(name)
    try:
        return get_attribute(process, owner, str(name), node)
    except Raised as raised:
        if len(positional) > 2:
            return positional[2]
        raised.detail["spoken"] = [name]
        raise


def _setattr(process: Process, positional: list[Value], node: ast.AST) -> Value:
    from ohgw_tools.interpreter.statements import set_attribute

    if len(positional) == 3:
        owner, name, value = positional
        if isinstance(name, str):
            set_attribute(process, owner, str(name), value)
        elif isinstance(owner, (Instance, Namespace)):
            owner.open = True
    return None


def _type(process: Process, positional: list[Value], node: ast.AST) -> Value:
    if len(positional) != 1:
        return UNKNOWN
    value = positional[0]
    if isinstance(value, Instance):
        return value.cls
    known = is_plain(value) or type(value) in PYTHON
    return External(f"builtins.{type_name(value)}") if known else UNKNOWN


def _callable(process: Process, positional: list[Value], node: ast.AST) -> Value:
    known = positional and isinstance(positional[0], (Function, Bound, Class))
    return True if known else UNKNOWN


def _vars(process: Process, positional: list[Value], node: ast.AST) -> Value:
    if positional and isinstance(positional[0], Namespace) and not positional[0].open:
        return Dict(dict(positional[0].attributes))
    return UNKNOWN


def _opaque(process: Process, positional: list[Value], node: ast.AST) -> Value:
    return UNKNOWN


def _next(process: Process, positional: list[Value], node: ast.AST) -> Value:
    for value in positional[:1]:
        spend(value)
    return UNKNOWN


def _iter(process: Process, positional: list[Value], node: ast.AST) -> Value:
    first = positional[0] if positional else UNKNOWN
    if isinstance(first, Instance):
        process.hand_over([first])
    return first if isinstance(first, (Unknown, External)) else UNKNOWN


INTROSPECTION: dict[str, Callable[[Process, list[Value], ast.AST], Value]] = {
    "isinstance": _isinstance,
    "hasattr": _hasattr,
    "getattr": _getattr,
    "setattr": _setattr,
    "type": _type,
    "callable": _callable,
    "vars": _vars,
    "iter": _iter,
    "next": _next,
    **dict.fromkeys(("globals", "locals", "eval", "exec", "super", "id", "hash"), _opaque),
}


__all__ = ["INTROSPECTION", "PathValue"]
