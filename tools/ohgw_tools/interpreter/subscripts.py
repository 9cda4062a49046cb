"""Subscripts: items of containers, with the exceptions of items that are surely missing."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import enumerations, tensors
from ohgw_tools.interpreter.dispatch import expression
from ohgw_tools.interpreter.tensors import Tensor
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    Bound,
    Class,
    ConfigText,
    Dict,
    Function,
    Instance,
    List,
    Set,
    Unknown,
    Value,
    is_plain,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope


@expression(ast.Slice)
def slice_display(process: Process, node: ast.Slice, scope: Scope) -> Value:
    """Return a slice of known bounds."""
    bounds = (node.lower, node.upper, node.step)
    values = [None if b is None else process.evaluate(b, scope) for b in bounds]
    return slice(*values) if all(v is None or isinstance(v, int) for v in values) else UNKNOWN


@expression(ast.Subscript)
def subscript(process: Process, node: ast.Subscript, scope: Scope) -> Value:
    """Read an item."""
    owner = process.evaluate(node.value, scope)
    key = process.evaluate(node.slice, scope)
    return get_item(process, owner, key, node)


def get_item(process: Process, owner: Value, key: Value, node: ast.AST) -> Value:
    """Return an item of whatever `owner` is; raises what Python raises if it surely lacks it."""
    if isinstance(owner, Tensor):
        return tensors.item(process, owner, key)
    if isinstance(owner, Dict):
        return _dict_item(process, owner, key, node)
    if isinstance(owner, List):
        return _list_item(process, owner, key, node)
    if isinstance(owner, (tuple, str, range, bytes)):
        return _sequence_item(process, owner, key, node)
    if isinstance(owner, Instance):
        own = owner.cls.find("__getitem__")
        return (
            process.call(Bound(own, owner), [key], {}, node)
            if isinstance(own, Function)
            else UNKNOWN
        )
    if isinstance(owner, Class):
        enumerations.check_name(process, owner, key, node)
        return UNKNOWN
    numeric = isinstance(owner, Unknown) and owner.kind in (int, float, bool)
    if owner is None or isinstance(owner, (int, float, Set)) or numeric:
        kind = (
            owner.kind.__name__ if isinstance(owner, Unknown) and owner.kind else type_name(owner)
        )
        text = ast.unparse(node)[:100]
        raise process.error("TypeError", f"'{kind}' object is not subscriptable: {text}", node)
    return UNKNOWN


def _dict_item(process: Process, owner: Dict, key: Value, node: ast.AST) -> Value:
    uses = process.world.uses
    if not is_plain(key) or isinstance(key, (slice, range)):
        uses.escape(owner)
        return UNKNOWN
    uses.read(owner, key)
    if isinstance(key, ConfigText):
        uses.compare(key, tuple(map(str, owner.items)), key in owner.items, process.where)
    if key in owner.items:
        return owner.items[key]
    if not owner.exact:
        return UNKNOWN
    raised = process.error("KeyError", repr(str(key) if isinstance(key, str) else key), node)
    raised.detail = {"key": str(key), "available": [str(k) for k in owner.items][:20]}
    if owner.file is not None and owner.origin is None:
        raised.detail["file"] = owner.file
    if owner.origin is not None:
        raised.detail["config"] = owner.origin.path
        raised.detail["path"] = ".".join(map(str, (*owner.origin.keys, key)))
    raised.detail["spoken"] = [key]
    raise raised


def _list_item(process: Process, owner: List, key: Value, node: ast.AST) -> Value:
    if owner.once or owner.view is not None:
        kind = "iterator" if owner.view is None else f"dict_{owner.view[1]}"
        text = ast.unparse(node)[:100]
        raise process.error("TypeError", f"'{kind}' object is not subscriptable: {text}", node)
    if isinstance(key, str):
        message = f"list indices must be integers or slices, not str: {ast.unparse(node)[:100]}"
        raise process.error("TypeError", message, node)
    if isinstance(key, slice):
        return List(owner.items[key]) if owner.exact else List(exact=False, element=owner.element)
    if not isinstance(key, int):
        return owner.element if not owner.exact else UNKNOWN
    if not owner.exact:
        return owner.element
    if -len(owner.items) <= key < len(owner.items):
        return owner.items[key]
    raise process.error("IndexError", f"list index out of range: {ast.unparse(node)[:100]}", node)


def _sequence_item(process: Process, owner: Value, key: Value, node: ast.AST) -> Value:
    if not isinstance(key, (int, slice)):
        if isinstance(key, str):
            kind = "string" if isinstance(owner, str) else type_name(owner)
            message = f"{kind} indices must be integers or slices, not 'str'"
            raise process.error("TypeError", f"{message}: {ast.unparse(node)[:100]}", node)
        return UNKNOWN
    try:
        return owner[key]
    except IndexError as error:
        raise process.error("IndexError", f"{error}: {ast.unparse(node)[:100]}", node) from error
    except ValueError:
        return UNKNOWN
