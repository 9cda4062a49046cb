"""Access: attributes and subscripts."""

from __future__ import annotations

import ast
import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import enumerations, module_parameters, tensors
from ohgw_tools.interpreter.callbacks import loosen
from ohgw_tools.interpreter.dispatch import expression
from ohgw_tools.interpreter.layers import Layer
from ohgw_tools.interpreter.library import has_attribute
from ohgw_tools.interpreter.library_facts import is_absent
from ohgw_tools.interpreter.tensors import Tensor
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
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process
    from ohgw_tools.interpreter.scope import Scope

BUILT_IN = (Dict, List, str)
PYTHON_TYPES: tuple[tuple[type, type], ...] = ((Dict, dict), (List, list), (Set, set))


@expression(ast.Attribute)
def attribute(process: Process, node: ast.Attribute, scope: Scope) -> Value:
    """Read an attribute."""
    owner = process.evaluate(node.value, scope)
    if type(owner) is External:  # most of all attributes
        return _of_library(process, owner, node.attr, node)
    return get_attribute(process, owner, node.attr, node)


def get_attribute(process: Process, owner: Value, name: str, node: ast.AST) -> Value:
    """Return an attribute of whatever `owner` is; raises AttributeError if it surely lacks it."""
    if isinstance(owner, External):
        return _of_library(process, owner, name, node)
    if isinstance(owner, Unknown):
        if owner.kind is not None and not hasattr(owner.kind, name):
            raise _missing(process, owner.kind.__name__, name, node)
        return UNKNOWN if owner.kind is None else Method(owner, name)
    if isinstance(owner, BUILT_IN):  # the most of those that are left
        return _of_builtin(process, owner, name, node)
    if isinstance(owner, Tensor):
        return tensors.attribute(owner, name)
    if isinstance(owner, Layer):
        fluent = name in ("to", "cuda", "cpu", "float", "eval", "train", "half", "requires_grad_")
        return Method(owner, name) if fluent else External(f"torch.nn.{owner.name}().{name}")
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


def _of_library(process: Process, owner: External, name: str, node: ast.AST) -> Value:
    if owner.name == "sys":
        if name == "argv":
            return List(list(process.argv)) if process.argv is not None else List(exact=False)
        if name == "executable":
            return "python"
    full = f"{owner.name}.{name}"
    if is_absent(full) and full not in process.patched:
        message = f"module '{owner.name}' has no attribute '{name}'"
        raise process.error("AttributeError", message, node)
    return UNKNOWN if full in process.patched else _member(owner.name, name)


@lru_cache(maxsize=4096)
def _member(owner: str, name: str) -> External:
    return External(f"{owner}.{name}")


def _of_instance(process: Process, owner: Instance, name: str, node: ast.AST) -> Value:
    if name in owner.attributes:
        process.world.uses.touch(owner.attributes[name])
        return owner.attributes[name]
    cls = owner.cls
    found = cls.find(name)
    if isinstance(found, Function):
        if found.kind == "property":
            value = process.call(Bound(found, owner), [], {}, node)
            if found.cached:
                process.journal.put(owner.attributes, name, value)
            return value
        if found.kind == "static":
            return found
        return Bound(found, cls if found.kind == "class" else owner)
    if found is not MISSING:
        return UNKNOWN if _describes(found) else found
    if name == "__class__":
        return cls
    if module_parameters.inherits(owner, name):
        return Method(owner, name)
    if _may_have(process, cls, name) or owner.open or name.startswith("__"):
        if any(has_attribute(base, name) is None for base in cls.external_bases()):
            loosen(process, [owner])  # a parent's code, which is not seen, may write to it
        return UNKNOWN
    raise _missing(process, cls.name, name, node)


def _describes(value: Value) -> bool:
    """Whether a value of a class is a descriptor, which decides itself what reading it gives."""
    return isinstance(value, Instance) and value.cls.find("__get__") is not MISSING


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
    set_here = [process.world.names(c.path).attributes(c.node) for c in cls.mro()]
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
            return UNKNOWN if _describes(found) else found
        if name in ("__name__", "__qualname__"):
            return owner.name
        if name.startswith("__") or (
            _may_have(process, owner, name) and not enumerations.lacks(owner, name)
        ):
            return UNKNOWN
        message = f"type object '{owner.name}' has no attribute '{name}'"
        raise process.error("AttributeError", message, node)
    held = owner.variables if isinstance(owner, Module) else owner.attributes
    if name in held:
        process.world.uses.touch(held[name])
        return held[name]
    if isinstance(owner, Namespace):
        if owner.open or name.startswith("__"):
            return UNKNOWN
        raise _missing(process, "Namespace", name, node)
    submodule = process.world.module_path(f"{owner.name}.{name}")
    if submodule is not None:
        return process.load(submodule, f"{owner.name}.{name}")
    tree = process.world.tree(owner.path)
    partly = tree is not None and name in process.world.names(owner.path).stored(tree)
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
    simple = {
        "name": base,
        "stem": posixpath.splitext(base)[0],
        "suffix": posixpath.splitext(base)[1],
    }
    return simple.get(name, Method(owner, name))


def _of_builtin(process: Process, owner: Value, name: str, node: ast.AST) -> Value:
    if isinstance(owner, Dict) and owner.dotted and not hasattr(dict, name):
        process.world.uses.read(owner, name)
        if name in owner.items:
            return owner.items[name]
        if owner.exact and not name.startswith("_"):
            reason = f"Key '{name}' is not in struct" if owner.struct else f"Missing key {name}"
            raised = process.error("ConfigAttributeError", reason, node)
            if owner.origin is not None:
                place = ".".join(map(str, (*owner.origin.keys, name)))
                raised.detail = {"config": owner.origin.path, "path": place}
            raise raised
        return UNKNOWN
    if isinstance(owner, List) and (owner.once or owner.view is not None):
        return Method(owner, name) if hasattr(list, name) else UNKNOWN
    for ours, python in PYTHON_TYPES:
        if isinstance(owner, ours):
            if hasattr(python, name):
                return Method(owner, name)
            if name == "default_factory":  # of a defaultdict, which is held as a dict
                return UNKNOWN
            raise _missing(process, python.__name__, name, node)
    if isinstance(owner, (*ATOMS, tuple, range)):
        if not hasattr(owner, name) or (name == "origin"):
            raise _missing(process, type_name(owner), name, node)
        held = getattr(owner, name)
        return Method(owner, name) if callable(held) else held
    return UNKNOWN
