"""Classes: making instances, plain, of dataclasses, and of library classes' children."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.values import (
    MISSING,
    UNKNOWN,
    Bound,
    Class,
    External,
    Function,
    Instance,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

OPAQUE = ("Enum", "IntEnum", "StrEnum", "NamedTuple", "TypedDict", "Protocol", "Flag")


def instantiate(
    process: Process,
    cls: Class,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> Value:
    """Return a new instance, after its `__init__` has run."""
    if any(base.split(".")[-1] in OPAQUE for base in cls.external_bases()):
        process.hand_over([*positional, *keywords.values()])
        return UNKNOWN
    instance = Instance(cls)
    init = cls.find("__init__")
    if cls.find("__new__") is not MISSING:
        instance.open = True
    if isinstance(init, Function):
        process.call(Bound(init, instance), positional, keywords, node, complete)
    elif any(c.dataclass for c in cls.mro()):
        _fill_fields(process, instance, positional, keywords, node, complete)
    elif (positional or keywords) and complete and _is_closed(cls) and not instance.open:
        raise process.error("TypeError", f"{cls.name}() takes no arguments", node)
    else:
        process.hand_over([*positional, *keywords.values()])
    return instance


def _is_closed(cls: Class) -> bool:
    unknown = any(isinstance(b, Unknown) for c in cls.mro() for b in c.bases)
    return not cls.external_bases() and not unknown and not any(c.open for c in cls.mro())


def fields_of(cls: Class) -> dict[str, tuple[ast.expr | None, Class]]:
    """Return the fields of a dataclass in order: name to default and the class that declares it."""
    found: dict[str, tuple[ast.expr | None, Class]] = {}
    for each in reversed(cls.mro()):
        for item in each.node.body:
            if not isinstance(item, ast.AnnAssign) or "ClassVar" in ast.unparse(item.annotation):
                continue
            if isinstance(item.target, ast.Name):
                found[item.target.id] = (item.value, each)
    return found


def _fill_fields(
    process: Process,
    instance: Instance,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
    complete: bool,
) -> None:
    cls, fields = instance.cls, fields_of(instance.cls)
    closed = _is_closed(cls)
    if len(positional) > len(fields) and closed and complete:
        raise process.error("TypeError", f"{cls.name}.__init__() takes too many arguments", node)
    instance.attributes.update(zip(fields, positional, strict=False))
    for name, value in keywords.items():
        if name not in fields and closed:
            message = f"{cls.name}.__init__() got an unexpected keyword argument '{name}'"
            raise process.error("TypeError", message, node)
        instance.attributes[name] = value
        process.world.uses.touch(value) if not closed else None
    for name, (default, owner) in fields.items():
        if name in instance.attributes:
            continue
        if default is None:
            if complete and closed:
                message = f"{cls.name}.__init__() missing required argument: '{name}'"
                raise process.error("TypeError", message, node)
            instance.attributes[name] = UNKNOWN
            continue
        value = owner.namespace.get(name, UNKNOWN)
        known = not isinstance(value, (Unknown, External)) and complete
        instance.attributes[name] = value if known else UNKNOWN
    after = cls.find("__post_init__")
    if isinstance(after, Function):
        process.call(Bound(after, instance), [], {}, node, True)
