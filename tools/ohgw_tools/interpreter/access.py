"""Access: attributes and subscripts."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.dispatch import expression
from ohgw_tools.interpreter.library import has_attribute
from ohgw_tools.interpreter.values import (
    ATOMS,
    MISSING,
    UNKNOWN,
    Bound,
    Class,
    Dict,
    External,
    FileValue,
    Function,
    Instance,
    List,
    Method,
    Module,
    Namespace,
    Parser,
    Partial,
    PathValue,
    Serialised,
    Set,
    Super,
    Unknown,
    Value,
    is_plain,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope

PYTHON_TYPES: tuple[tuple[type, type], ...] = ((Dict, dict), (List, list), (Set, set))


@expression(ast.Attribute)
def attribute(process: Process, node: ast.Attribute, scope: Scope) -> Value:
    """Read an attribute."""
    return get_attribute(process, process.evaluate(node.value, scope), node.attr, node)


def get_attribute(process: Process, owner: Value, name: str, node: ast.AST) -> Value:
    """Return an attribute of whatever `owner` is; raises AttributeError if it surely lacks it."""
    if isinstance(owner, External):
        return _of_library(process, owner, name)
    if isinstance(owner, Unknown):
        if owner.kind is not None and not hasattr(owner.kind, name):
            raise _missing(process, owner.kind.__name__, name, node)
        return UNKNOWN if owner.kind is None else Method(owner, name)
    if isinstance(owner, Instance):
        return _of_instance(process, owner, name, node)
    if isinstance(owner, (Module, Namespace, Class, Super)):
        return _of_namespace(process, owner, name, node)
    if isinstance(owner, PathValue):
        return _of_path(owner, name)
    if isinstance(owner, FileValue):
        if name == "name":
            return owner.path if owner.path is not None else UNKNOWN
        binary = isinstance(owner.mode, str) and "b" in owner.mode
        if binary and name in ("buffer", "encoding", "errors", "newlines"):
            raise _missing(process, "_io.BufferedWriter", name, node)
        return Method(owner, name)
    if isinstance(owner, (Parser, Serialised)):
        return Method(owner, name)
    if isinstance(owner, (Function, Bound, Partial)):
        plain = isinstance(owner, Function) and name == "__name__"
        return owner.name if plain and isinstance(owner, Function) else UNKNOWN
    return _of_builtin(process, owner, name, node)


def _missing(process: Process, kind: str, name: str, node: ast.AST) -> Exception:
    return process.error("AttributeError", f"'{kind}' object has no attribute '{name}'", node)


def _of_library(process: Process, owner: External, name: str) -> Value:
    if owner.name == "sys":
        if name == "argv":
            return List(list(process.argv)) if process.argv is not None else List(exact=False)
        if name == "executable":
            return "python"
    return External(f"{owner.name}.{name}")


def _of_instance(process: Process, owner: Instance, name: str, node: ast.AST) -> Value:
    if name in owner.attributes:
        return owner.attributes[name]
    cls = owner.cls
    found = cls.find(name)
    if isinstance(found, Function):
        if found.kind == "property":
            return process.call(Bound(found, owner), [], {}, node)
        if found.kind == "static":
            return found
        return Bound(found, cls if found.kind == "class" else owner)
    if found is not MISSING:
        return found
    if name == "__class__":
        return cls
    if _may_have(process, cls, name) or owner.open or name.startswith("__"):
        return UNKNOWN
    raise _missing(process, cls.name, name, node)


def _may_have(process: Process, cls: Class, name: str) -> bool:
    """Whether instances of a class may have an attribute that was not seen being set."""
    if any(c.open for c in cls.mro()) or cls.find("__getattr__") is not MISSING:
        return True
    if cls.find("__getattribute__") is not MISSING or cls.find("__slots__") is not MISSING:
        return True
    if not all(has_attribute(base, name) is False for base in cls.external_bases()):
        return True
    if any(isinstance(b, Unknown) for c in cls.mro() for b in c.bases):
        return True
    set_here = [process.world.names.attributes(c.node) for c in cls.mro()]
    if any(name in names or "*" in names for names in set_here):
        return True
    return name in process.world.attributes_set


def _of_namespace(
    process: Process, owner: Module | Namespace | Class | Super, name: str, node: ast.AST
) -> Value:
    if isinstance(owner, Super):
        return _of_super(owner, name)
    if isinstance(owner, Class):
        found = owner.find(name)
        if isinstance(found, Function):
            return Bound(found, owner) if found.kind == "class" else found
        if found is not MISSING:
            return found
        if name in ("__name__", "__qualname__"):
            return owner.name
        if name.startswith("__") or _may_have(process, owner, name):
            return UNKNOWN
        message = f"type object '{owner.name}' has no attribute '{name}'"
        raise process.error("AttributeError", message, node)
    held = owner.variables if isinstance(owner, Module) else owner.attributes
    if name in held:
        return held[name]
    if isinstance(owner, Namespace):
        if owner.open or name.startswith("__"):
            return UNKNOWN
        raise _missing(process, "Namespace", name, node)
    submodule = process.world.module_path(f"{owner.name}.{name}")
    if submodule is not None:
        return process.load(submodule, f"{owner.name}.{name}")
    tree = process.world.tree(owner.path)
    partly = tree is not None and name in process.world.names.stored(tree)
    if name.startswith("__") or partly or "__getattr__" in held:
        return UNKNOWN
    message = f"module '{owner.name}' has no attribute '{name}'"
    raise process.error("AttributeError", message, node)


def _of_super(owner: Super, name: str) -> Value:
    receiver = owner.receiver
    cls = receiver.cls if isinstance(receiver, Instance) else receiver
    order = cls.mro() if isinstance(cls, Class) else []
    if owner.cls in order:
        for each in order[order.index(owner.cls) + 1 :]:
            if name in each.namespace:
                found = each.namespace[name]
                plain = isinstance(found, Function) and found.kind != "static"
                return Bound(found, receiver) if plain else found
    return External(f"super().{name}")


def _of_path(owner: PathValue, name: str) -> Value:
    base = posixpath.basename(owner.text)
    if name == "parent":
        return PathValue(posixpath.dirname(owner.text) or ".")
    if name == "parents":
        above, text = [], owner.text
        while text not in ("", "/"):
            text = posixpath.dirname(text)
            above.append(PathValue(text or "."))
        return List(list(above))
    simple = {"name": base, "stem": posixpath.splitext(base)[0], "suffix": posixpath.splitext(base)[1]}
    return simple.get(name, Method(owner, name))


def _of_builtin(process: Process, owner: Value, name: str, node: ast.AST) -> Value:
    if isinstance(owner, Dict) and owner.dotted and not hasattr(dict, name):
        process.world.uses.read(owner, name)
        if name in owner.items:
            return owner.items[name]
        if owner.struct and owner.exact:
            raise process.error("ConfigAttributeError", f"Key '{name}' is not in struct", node)
        return UNKNOWN
    for ours, python in PYTHON_TYPES:
        if isinstance(owner, ours):
            if hasattr(python, name):
                return Method(owner, name)
            raise _missing(process, python.__name__, name, node)
    if isinstance(owner, (*ATOMS, tuple, range)):
        if not hasattr(owner, name) or (name == "origin"):
            raise _missing(process, type_name(owner), name, node)
        return Method(owner, name)
    return UNKNOWN


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
    if isinstance(owner, Dict):
        return _dict_item(process, owner, key, node)
    if isinstance(owner, List):
        return _list_item(process, owner, key, node)
    if isinstance(owner, (tuple, str, range, bytes)):
        return _sequence_item(process, owner, key, node)
    if isinstance(owner, Instance):
        own = owner.cls.find("__getitem__")
        return process.call(Bound(own, owner), [key], {}, node) if isinstance(own, Function) else UNKNOWN
    numeric = isinstance(owner, Unknown) and owner.kind in (int, float, bool)
    if owner is None or isinstance(owner, (int, float, Set)) or numeric:
        kind = owner.kind.__name__ if isinstance(owner, Unknown) and owner.kind else type_name(owner)
        text = ast.unparse(node)[:100]
        raise process.error("TypeError", f"'{kind}' object is not subscriptable: {text}", node)
    return UNKNOWN


def _dict_item(process: Process, owner: Dict, key: Value, node: ast.AST) -> Value:
    uses = process.world.uses
    if not is_plain(key) or isinstance(key, (slice, range)):
        uses.escape(owner)
        return UNKNOWN
    uses.read(owner, key)
    uses.compare(key, tuple(map(str, owner.items)), key in owner.items, process.where)
    if key in owner.items:
        return owner.items[key]
    if not owner.exact:
        return UNKNOWN
    raised = process.error("KeyError", repr(str(key) if isinstance(key, str) else key), node)
    raised.detail = {"key": str(key), "available": [str(k) for k in owner.items][:20]}
    if owner.origin is not None:
        raised.detail["config"] = owner.origin.path
        raised.detail["path"] = ".".join(map(str, (*owner.origin.keys, key)))
    raised.detail["spoken"] = [key]
    raise raised


def _list_item(process: Process, owner: List, key: Value, node: ast.AST) -> Value:
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
